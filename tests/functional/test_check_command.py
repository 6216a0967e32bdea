"""The command `eic check`: forms, exit statuses, secrets, deadlines, --fix."""

import contextlib
import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from openstackclient import shell

from eic_plugins.cli import main, status
from eic_plugins.cli.checks import sources
from tests.functional.checked.cloud import (
    CINDER_UID,
    GLANCE_UID,
    OLD,
    SECRETS,
    Cloud,
)
from tests.functional.checked.fixtures import (  # noqa: F401 - fixtures
    cloud,
    services,
    simulator,
)
from tests.functional.checked.services import IMAGE, TOKEN

FORMS = ('table', 'json', 'yaml', 'csv', 'value')
OTHER_UID = 65534
WELL = int(OLD)
"""The exit status where nothing is wrong, but for the release of ONTAP."""


pytestmark = pytest.mark.usefixtures('root_logger')


def arguments(cloud: Cloud) -> list[str]:
    """What tells the command where the files are."""
    files = [f'--config-file={s}={cloud.file(s)}' for s in sources.SERVICES]
    users = [f'--cinder-user={CINDER_UID}', f'--glance-user={GLANCE_UID}']
    return ['check', *files, *users]


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)
    return found


def test_nothing_wrong_is_told_by_exit_status_0(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*arguments(cloud), '-f', 'json']) == WELL
    told = {row['Check']: row['Result'] for row in rows(capsys)}
    assert told.pop('ontap-version') == ('warning' if OLD else 'pass')
    assert set(told.values()) == {'pass', 'not seen'}
    assert told['cinder-filter'] == 'pass'


def test_warnings_alone_are_exit_status_1(cloud: Cloud) -> None:
    cloud.set('cinder', 'glance_api_version', '2')
    assert main.main([*arguments(cloud), '-f', 'json']) == 1


def test_a_failure_is_exit_status_2_and_stands_first(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.set('cinder', 'glance_api_version', '2')
    cloud.set('cinder', 'scheduler_default_weighers', 'CapacityWeigher')
    assert main.main([*arguments(cloud), '-f', 'json']) == 2
    first, second, *_ = rows(capsys)
    assert (first['Check'], first['Result']) == ('scheduler-weigher', 'failure')
    assert second['Check'] == 'cinder-glance-api-version'
    assert first['What to do'] == (
        f'{cloud.file("cinder")}: in [DEFAULT] set scheduler_default_weighers = '
        'CapacityWeigher,EICImageLocalityWeigher'
    )


def test_what_is_no_argument_is_exit_status_3(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(['check', 'no-such-check']) == 3
    assert main.main(['check', '--config-file', '/srv/some.conf']) == 3
    assert 'cinder=/srv/some.conf' in capsys.readouterr().err


@pytest.mark.parametrize('form', FORMS)
def test_each_form_can_be_read(
    cloud: Cloud, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ['cinder-auth', 'nova-auth']
    assert main.main([*arguments(cloud), *names, '-f', form]) == 0
    text = capsys.readouterr().out
    found = {
        'json': lambda: [row['Check'] for row in json.loads(text)],
        'yaml': lambda: [row['Check'] for row in yaml.safe_load(text)],
        'csv': lambda: [row['Check'] for row in csv.DictReader(io.StringIO(text))],
        'value': lambda: [line.split()[0] for line in text.splitlines()],
        'table': lambda: [n for n in names if f'| {n} ' in text],
    }[form]()
    assert found == names


def test_quiet_leaves_out_what_is_well_and_verbose_says_where_to_read_on(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.set('cinder', 'glance_api_version', '2')
    main.main(['--quiet', *arguments(cloud), '-f', 'json'])
    told = sorted(row['Check'] for row in rows(capsys))
    assert told == ['cinder-glance-api-version', *['ontap-version'] * OLD]
    main.main(['--verbose', *arguments(cloud), 'cinder-auth', '-f', 'json'])
    assert rows(capsys)[0]['Read more'] == 'docs/checks.md#cinder-auth'


def test_the_checks_are_listed_without_being_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(['check', '--list', '-f', 'json']) == 0
    listed = rows(capsys)
    assert len(listed) > 100
    assert all(row['Looks at'] for row in listed)


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('wrong', ['nothing', 'password', 'keystone', 'options'])
def test_no_secret_is_in_any_output(
    cloud: Cloud, form: str, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if wrong == 'password':
        cloud.set('cinder', 'netapp_password', 'wrong-password-4715', 'gold')
    elif wrong == 'keystone':
        cloud.services.refusing = True
    elif wrong == 'options':
        for service in ('cinder', 'nova'):
            cloud.set(service, 'pasword', 'misspelt-password-4716', 'eic')
        cloud.set('cinder', 'fill_wait_timeout', SECRETS['record'], 'eic')
        cloud.set(
            'cinder', 'backend_url', 'redis://:redis-pass-4717@h:x/', 'coordination'
        )
    line = [*arguments(cloud), '--fix', '-f', form]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('sys.stdin', io.StringIO('n\n' * 9))
        main.main(['--verbose', *line])
    told = capsys.readouterr()
    text = told.out + told.err
    hidden = {*SECRETS.values(), TOKEN, 'wrong-password-4715', 'misspelt-password-4716'}
    assert [secret for secret in (*hidden, 'redis-pass-4717') if secret in text] == []
    assert f'{cloud.store}/{IMAGE}' not in text
    assert 'file:///' not in text.replace(f'file://{cloud.state}', '')


def test_fix_shows_asks_changes_and_leaves_a_backup(
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud.set('cinder', 'glance_api_version', '2')
    cloud.set('cinder', 'scheduler_default_weighers', 'CapacityWeigher')
    path = cloud.file('cinder')
    before = path.read_text()
    path.chmod(0o640)
    owner = (CINDER_UID, GLANCE_UID) if os.geteuid() == 0 else (-1, -1)
    os.chown(path, *owner)
    status = path.stat()

    monkeypatch.setattr('sys.stdin', io.StringIO('n\n'))
    assert main.main([*arguments(cloud), '--fix', '-f', 'json']) == 2
    assert path.read_text() == before
    monkeypatch.setattr('sys.stdin', io.StringIO('y\n'))
    assert main.main([*arguments(cloud), '--fix', '-f', 'json']) == 2
    told = capsys.readouterr()
    assert '-glance_api_version = 2' in told.err
    after = path.read_text()
    assert after == before.replace('glance_api_version = 2\n', '')
    assert 'scheduler_default_weighers = CapacityWeigher\n' in after
    found = path.stat()
    assert (found.st_mode, found.st_uid, found.st_gid) == (
        status.st_mode,
        status.st_uid,
        status.st_gid,
    )
    (backup,) = path.parent.glob('*.eic-backup')
    assert backup.read_text() == before
    assert backup.stat().st_mode == status.st_mode


def test_yes_does_not_ask(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.set('cinder', 'glance_api_version', '2')
    monkeypatch.setattr('sys.stdin', io.StringIO(''))
    assert main.main([*arguments(cloud), '--fix', '--yes', '-f', 'json']) == WELL


def test_it_ends_in_time_when_the_services_hang(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as deaf:
        port = str(deaf.getsockname()[1])
        for backend in ('gold', 'san'):
            cloud.set('cinder', 'netapp_server_port', port, backend)
        cloud.services.silent.set()
        started = time.monotonic()
        try:
            main.main([*arguments(cloud), '--timeout', '3', '-f', 'json'])
        finally:
            cloud.services.silent.clear()
        assert time.monotonic() - started < 6
    told = {row['Check']: row for row in rows(capsys)}
    assert told['ontap-shares']['Result'] == 'not seen'
    assert 'did not answer' in told['ontap-reachable']['Why']
    assert told['cinder-filter']['Result'] == 'pass'


def test_a_host_with_nova_alone_says_where_the_rest_is_seen(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ['check', '--config-file', str(cloud.file('nova')), '-f', 'json']
    assert main.main(line) == 0
    told = {row['Check']: row for row in rows(capsys)}
    assert told['nova-filter']['Result'] == 'pass'
    unseen = told['cinder-filter']
    assert (unseen['Result'], unseen['Why']) == (
        'not seen',
        'no cinder.conf on this host',
    )
    assert 'run eic check on a host of cinder-api' in unseen['What to do']


def test_it_works_as_a_user_that_may_read_the_files(cloud: Cloud) -> None:
    if os.geteuid() != 0:
        pytest.skip('another user takes root')
    line = [*arguments(cloud), '-f', 'json']
    assert main.main(line) == WELL
    assert as_another_user(line) == WELL
    cloud.file('nova').chmod(0o600)
    cloud.metadata.chmod(0o600)
    assert as_another_user(line) == 2  # Glance may not read its file either


def as_another_user(line: list[str]) -> int:
    """The exit status, of a process that is not root."""
    child = os.fork()
    if not child:
        status = 99
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setgid(OTHER_UID)
            os.setuid(OTHER_UID)
            status = main.main(line)
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_openstack_command_has_it_too(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.set('cinder', 'glance_api_version', '2')
    line = ['eic', *arguments(cloud), '-f', 'json']
    assert shell.OpenStackShell().run(line) == 1
    assert rows(capsys)[0]['Check'] == 'cinder-glance-api-version'


def test_upgrade_check_is_a_view_of_the_same(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.set('cinder', 'glance_api_version', '2')
    files = [f'--config-file={cloud.file(s)}' for s in sources.SERVICES]
    line = [*files, 'upgrade', 'check', '--json']
    assert status.main(line) == 1
    told = json.loads(capsys.readouterr().out)['checks']
    found = {each['check']: each for each in told}
    assert len(found) > 100
    assert (told[0]['check'], told[0]['result']) == ('cinder-glance-api-version', 1)
    assert 'remove glance_api_version' in told[0]['details']
    cloud.set('cinder', 'netapp_use_legacy_client', None, 'gold')
    assert status.main([*files, 'upgrade', 'check']) == 2
    text = capsys.readouterr().out
    assert 'Result: Failure' in text
    assert not any(secret in text for secret in SECRETS.values())


def test_ctrl_c_ends_it_at_once_without_a_traceback(cloud: Cloud) -> None:
    cloud.services.silent.set()
    program = subprocess.Popen(
        [Path(sys.executable).with_name('eic'), *arguments(cloud)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        # It is up when it asks; nobody answers.
        wait_until(lambda: cloud.services.waiting > 0)
        program.send_signal(signal.SIGINT)
        _, told = program.communicate(timeout=10)
    finally:
        program.kill()
        cloud.services.silent.clear()
    assert program.returncode == 130
    assert 'Traceback' not in told


def wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_the_shell_can_complete_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(['complete']) == 0
    assert 'check' in capsys.readouterr().out
