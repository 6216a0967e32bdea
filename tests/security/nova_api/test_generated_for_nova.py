"""The same generated requests through the real nova-api, with and without.

``EIC_GENERATED_API=20000`` (``make tables``) for twenty thousand of them.
"""

import pytest
from nova import exception

from tests.functional_nova.conftest import PROJECT
from tests.functional_nova.glance_stub import IMAGES
from tests.security.generated import Generator, how_many_for_apis
from tests.security.nova_api.test_generated import KNOWN, SEED, SERVICE
from tests.security.recorder import ask, comparable

USER = {'HTTP_X_AUTH_TOKEN': f'me:{PROJECT}:member,reader'}


def few_instances(_context, _flavor, min_count, max_count):
    """A quota that no earlier request has used up."""
    if min_count > 5:
        raise exception.TooManyInstances(
            overs='instances', req=min_count, used=0, allowed=5
        )
    return min(max_count, 5)


@pytest.fixture(autouse=True)
def _stub(glance, monkeypatch):
    """Glance has the image that the requests name."""
    monkeypatch.setitem(IMAGES, 'known', {**IMAGES['raw'], 'id': KNOWN})
    monkeypatch.setattr('nova.compute.utils.check_num_instances_quota', few_instances)


def roots(built):
    """The root devices of the servers that were built; then forgets them."""
    found = [
        (bdm.source_type, bdm.destination_type)
        for call in built.calls
        for bdm in call['block_device_mapping']
        if bdm.boot_index == 0
    ]
    built.calls.clear()
    return found


def test_users_get_what_nova_alone_answers(
    plain_app, filtered_app, built, capsys, caplog
):
    generator = Generator(SERVICE, SEED)
    counts = generator.counts
    for number in range(how_many_for_apis(200)):
        request = generator.next()
        where = f'request {number}: {request}'[:3000]
        path = {'PATH_INFO': f'/v2.1{request.head["PATH_INFO"]}', **USER}
        alone, _ = ask(plain_app.app, request.environ(**path))
        wanted = roots(built)
        behind, ours = ask(filtered_app.app, request.environ(**path))
        got = roots(built)
        assert comparable(behind) == comparable(alone), where
        rewritten = ours.get('X-EIC-Boot', '').startswith('rewritten')
        if rewritten and alone[0].startswith('202'):
            wanted = [('image', 'volume')] * len(wanted)
        assert got == wanted, where
        counts[f'status: {alone[0][:3]}'] += 1
        counts[f'outcome: {ours.get("X-EIC-Boot", "not looked at")}'] += 1
    with capsys.disabled():
        print(f'\n{generator.report()}')
    errors = [
        record
        for record in caplog.records
        if record.exc_info and record.name.startswith('eic_plugins')
    ]
    assert errors == []
    for kind in (
        'status: 202',
        'status: 400',
        'status: 404',
        'outcome: rewritten; reason=flavor',
        'outcome: not looked at',
    ):
        assert counts[kind] > number / 200, kind
