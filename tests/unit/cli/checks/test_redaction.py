"""What must not be shown is hidden wherever it stands."""

from pathlib import Path

import pytest

from eic_plugins.cli.checks.configuration import Configuration
from eic_plugins.cli.checks.redaction import Redaction, secrets_of
from eic_plugins.cli.checks.sources import Source

CONF = """\
[DEFAULT]
transport_url = rabbit://user:bus-secret@host:5672/
[database]
connection = mysql+pymysql://cinder:db-secret@host/cinder
[eic]
record_secret = new-secret, old-secret
pasword = misspelt-secret
send_service_user_token = True
[a]
netapp_password = netapp-secret
"""


@pytest.fixture
def redact(tmp_path: Path) -> Redaction:
    path = tmp_path / 'cinder.conf'
    path.write_text(CONF)
    return Redaction(secrets_of([Configuration(Source('cinder', (path,)), {})]))


@pytest.mark.parametrize(
    'secret',
    [
        'bus-secret',
        'db-secret',
        'new-secret',
        'old-secret',
        'misspelt-secret',
        'netapp-secret',
    ],
)
def test_the_secrets_of_configuration_files_are_hidden(
    redact: Redaction, secret: str
) -> None:
    assert redact(f'it says "{secret}".') == 'it says "***".'


def test_ordinary_words_are_not(redact: Redaction) -> None:
    text = 'send_service_user_token = True in [service_user]'
    assert redact(text) == text


def test_the_location_of_an_image_is_hidden() -> None:
    url = 'file:///images/2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
    assert Redaction()(f'at {url}, or nfs://h/x') == 'at ***, or nfs://h/x'


def test_a_password_in_a_url_is_hidden_wherever_it_came_from() -> None:
    assert Redaction()('redis://:secret@host:6379') == 'redis://***@host:6379'


def test_a_terminal_obeys_nothing_of_it() -> None:
    assert Redaction()('a\x1b[2Jb\nc') == 'a?[2Jb?c'
