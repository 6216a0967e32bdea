"""The filter in nova-api counts what it did with requests for servers, and why."""

import pytest

from eic_plugins.middleware import metrics
from eic_plugins.support.metrics import worker
from tests.functional_nova.requests import send, server
from tests.worker_counts import counted, more


@pytest.fixture
def counts(nova_conf):
    """What was counted since the test began."""

    def read():
        worker.shared('nova-api', str(nova_conf), metrics.OF_NOVA).write()
        return counted(nova_conf, 'nova-api')

    before = read()
    return lambda: more(before, read())


@pytest.mark.parametrize(
    ('body', 'done', 'reason'),
    [
        (server(), 'rewritten', 'flavor'),
        (server(flavor='opted-out'), 'left', 'not_opted_in'),
        (server(imageRef='nonsense'), 'left', 'no_image'),
    ],
)
def test_a_boot_counts_by_what_the_header_says(
    body, done, reason, filtered_app, counts
):
    answer = send(filtered_app, body)
    assert answer.headers['X-EIC-Boot'] == f'{done}; reason={reason}'
    found = {key: value for key, value in counts().items() if 'boots' in key[0]}
    assert found == {('eic_boots_total', done, reason): 1}


def test_a_boot_that_goes_on_as_it_came_counts_once(filtered_app, counts, volume_types):
    volume_types.clear()
    send(filtered_app, server())
    boots = {key: value for key, value in counts().items() if 'boots' in key[0]}
    assert boots == {('eic_boots_total', 'left', 'refused_by_nova'): 1}


def test_a_request_for_anything_else_counts_nothing(filtered_app, counts):
    send(filtered_app, None, path='/v2.1/servers', method='GET')
    assert counts() == {}
