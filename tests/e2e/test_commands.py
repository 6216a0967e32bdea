"""What `eic` says on the real services is so, and no secret is in it."""

import importlib.metadata
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from oslo_utils import units

from lab import leftovers
from lab.context import Lab
from lab.demo.volume_cases import CASES, VolumeCase
from lab.observer import Observer
from tests.contract.images import qcow2_of
from tests.e2e.commands import Commands, files_that_fail
from tests.e2e.deadline import wait_for
from tests.e2e.servers import Servers
from tests.e2e.user import SHARES, LabUser

ALL = pytest.mark.skipif(
    'EIC_COMMAND_TABLE' not in os.environ, reason='long: `make tables` runs it'
)
REMEMBERED = {'GET /api/network/ip/interfaces', 'GET /api/storage/volumes'}
"""Once for an export, after cinder-volume's start."""
POOL_OF_TYPE = {
    **SHARES,
    'block-one': 'block_one',
    'block-two': 'block_two',
}


@pytest.fixture
def eic(lab: Lab) -> Commands:
    return Commands(lab)


@pytest.fixture
def qcow2(content: bytes, tmp_path: Path) -> bytes:
    return qcow2_of(content, tmp_path)


class Foretold:
    """A plan, then the volume; and whether the one was the other."""

    def __init__(self, eic: Commands, cloud: LabUser) -> None:
        self._eic = eic
        self._cloud = cloud

    def agrees(self, image_id: str, pool: str) -> str:
        """The route; everything else that the plan says has come about, too."""
        (planned,) = self._eic.rows(
            'plan',
            *('--image', image_id, '--type', f'eic-{pool}', '--size', '1'),
            *self._eic.configuration,
        )
        protocol = 'iscsi' if pool.startswith('block') else 'nfs'
        observer = Observer(self._eic.lab, 'eic', image_id, protocol)
        before = observer.mark()
        volume = self._cloud.create(image_id, f'eic-{pool}')
        cost = observer.since(before)
        assert planned['Pool'].endswith(f'#{POOL_OF_TYPE[pool]}')
        assert planned['Route'] == volume['metadata']['eic_route'], planned
        refused = [f'{r["route"]}={r["reason"]}' for r in planned['Why not faster']]
        assert ','.join(refused) == volume['metadata'].get('eic_refused', '')
        assert planned['Downloads'] == cost.downloads
        if planned['Calls'] is not None:
            calls = [each for each in cost.calls if each not in REMEMBERED]
            assert planned['Calls'] == len(calls), calls
        return str(planned['Route'])


@pytest.fixture
def foretold(eic: Commands, cloud: LabUser) -> Iterator[Foretold]:
    yield Foretold(eic, cloud)
    # Cached images are nobody's volumes: they stay until they are evicted.
    leftovers.remove(eic.lab, cloud.images)


def test_a_plan_is_what_happens_in_every_situation_of_the_demo(
    foretold: Foretold, image: str
) -> None:
    def route(case: VolumeCase) -> str:
        return foretold.agrees(image, case.pool)

    assert [route(case) for case in CASES] == [case.route for case in CASES]


@ALL
def test_a_plan_is_what_happens_with_other_images_and_pools(
    foretold: Foretold, cloud: LabUser, image: str, qcow2: bytes
) -> None:
    """As in the benchmarks: converted, not peered, left by the stock driver."""
    converted = cloud.upload(qcow2, disk_format='qcow2')
    assert foretold.agrees(converted, 'gold') == 'download'
    assert foretold.agrees(converted, 'images') == 'copy_offload'
    assert foretold.agrees(image, 'silver') == 'download'
    cloud.create(image, 'stock-remote')
    assert foretold.agrees(image, 'remote') == 'adopt'
    unfit = cloud.upload(b'x' * units.Mi, container_format='ova')
    assert foretold.agrees(unfit, 'gold') == 'cinder_download'


@pytest.fixture
def no_deduplication(lab: Lab) -> Iterator[None]:
    yield
    from tests.e2e.test_check import _deduplicate  # noqa: PLC0415

    _deduplicate(lab, 'none')


def test_efficiency_is_shown_turned_on_and_started_by_a_pools_name(
    eic: Commands, image: str, no_deduplication: None
) -> None:
    pool = f'lab-eic@eic-gold#{SHARES["gold"]}'

    def shown(*what: str) -> dict[str, Any]:
        rows = eic.rows('efficiency', 'show', *what, *eic.configuration)
        return {row['FlexVol']: row for row in rows}

    assert len(shown()) >= 7
    assert {*shown(pool)} == {'gold_vol'}
    assert shown(pool)['gold_vol']['State'] == 'disabled'
    # By Glance's locations, which are not told.
    assert 'images_vol' in shown('--images')
    for action in ('on', 'start'):
        refused, _, said = eic.run('efficiency', action, pool, *eic.configuration)
        assert refused == 1, said
    for action in (('on',), ('start', '--scan-old-data')):
        status, _, said = eic.run(
            'efficiency', *action, '--yes', pool, *eic.configuration
        )
        assert status == 0, said
    assert shown(pool)['gold_vol']['State'] == 'enabled'


def test_images_are_told_whether_they_are_cloned(
    eic: Commands, cloud: LabUser, image: str, qcow2: bytes
) -> None:
    converted = cloud.upload(qcow2, disk_format='qcow2')
    rows = {r['Image']: r for r in eic.rows('images', *eic.configuration)}
    assert (rows[image]['Clones'], rows[image]['Downloaded']) == ('yes', 0)
    assert (rows[converted]['Clones'], rows[converted]['Reason']) == (
        'no',
        'format_not_raw',
    )


def _raw_siblings(cloud: LabUser, image_id: str) -> list[str]:
    listed = cloud.api.request(
        'GET', 'glance', f'/v2/images?eic_converted_from={image_id}'
    )
    return [each['id'] for each in listed['images']]


@pytest.mark.parametrize('by_glance', [False, True])
def test_a_converted_image_is_cloned(
    eic: Commands,
    cloud: LabUser,
    qcow2: bytes,
    digest: str,
    by_glance: bool,
) -> None:
    image_id = cloud.upload(qcow2, disk_format='qcow2', hw_disk_bus='scsi')
    how = ['--import'] * by_glance
    status, out, said = eic.run(
        'images', 'convert', image_id, '--yes', *how, '-f', 'value', '-c', 'id'
    )
    cloud.images += _raw_siblings(cloud, image_id)
    assert status == 0, said
    sibling = cloud.api.request('GET', 'glance', f'/v2/images/{out.strip()}')
    assert (sibling['disk_format'], sibling['hw_disk_bus']) == ('raw', 'scsi')
    volume = cloud.create(sibling['id'], 'eic-images')
    assert volume['metadata']['eic_route'] == 'flexclone'
    assert cloud.sha256(volume, 'images') == digest
    again = eic.run('images', 'convert', image_id, '--yes')
    assert (again[0], _raw_siblings(cloud, image_id)) == (0, [sibling['id']])


def test_nothing_is_made_of_an_image_if_nobody_agrees_or_it_is_interrupted(
    eic: Commands, cloud: LabUser, qcow2: bytes, services: Any
) -> None:
    image_id = cloud.upload(qcow2, disk_format='qcow2')
    assert eic.run('images', 'convert', image_id)[0] == 1
    assert _raw_siblings(cloud, image_id) == []

    def half_made() -> None:
        wait_for(lambda: _raw_siblings(cloud, image_id), 'a half-made image')

    status, _, said = eic.interrupted(
        half_made, 'images', 'convert', image_id, '--yes', '--import'
    )
    assert status == 130, said
    assert _raw_siblings(cloud, image_id) == []


def test_a_volume_a_server_and_an_image_are_explained(
    eic: Commands, cloud: LabUser, servers: Servers, image: str
) -> None:
    volume = cloud.create(image, 'eic-images')
    (server,) = servers.boot('eic', image)
    status, told, said = eic.run('explain', volume['id'])
    assert status == 0, said
    assert 'Route flexclone' in told
    _, told, _ = eic.run('explain', server['id'])
    (root,) = server['os-extended-volumes:volumes_attached']
    assert root['id'] in told
    _, told, _ = eic.run('explain', image)
    assert '- flexclone: 1' in told
    _, told, _ = eic.run('explain', image, user='admin')
    assert f'#{SHARES["images"]}' in told
    assert 'eic plan --image' in told
    servers.delete(server)


def test_a_name_of_two_things_is_an_error(
    eic: Commands, cloud: LabUser, image: str
) -> None:
    cloud.ended(cloud.start(image, 'eic-images', name='e2e'))
    status, _, said = eic.run('explain', 'e2e')
    assert status == 1
    assert '--volume' in said
    assert eic.run('explain', '--volume', 'e2e')[0] == 0


@pytest.mark.parametrize(
    'command',
    [('images',), ('efficiency', 'show'), ('plan', '--type', 'eic-gold', '--image')],
    ids=' '.join,
)
def test_whoever_may_read_the_configuration_may_ask(
    eic: Commands, image: str, command: Sequence[str], tmp_path: Path
) -> None:
    status, said = eic.unprivileged(
        tmp_path, *command, *([image] * (command[0] != 'efficiency'))
    )
    assert status == 0, said


def arguments_of(name: str, image: str, volume: str) -> Sequence[str]:
    """How each command is run that needs more than its name."""
    pool = SHARES['images']
    return {
        'cache_evict': (image, '--pool', pool),
        'cache_show': (image,),
        'cache_verify': (image,),
        'cache_warm': (image, '--pool', pool),
        'efficiency_on': ('--images',),
        'efficiency_start': ('--images',),
        'explain': (volume,),
        'images_convert': (image, '--yes'),
        # An address of no host, so that it ends.
        'metrics_serve': ('.', '--host', '192.0.2.1'),
        'plan': ('--image', image),
        'precache': ('--image', image, '--pool', 'none'),
        'precache_add': (image, pool),
        'precache_remove': (image,),
        'verify': (pool,),
    }.get(name, ())


def _commands() -> Iterator[tuple[str, bool]]:
    for each in importlib.metadata.entry_points(group='eic.cli'):
        parser: Any = each.load()
        options = parser(None, None).get_parser('eic')._option_string_actions
        yield each.name, '--config-file' in options


@pytest.mark.parametrize('broken', [pytest.param(False, marks=ALL), True])
def test_no_command_tells_a_secret_however_much_it_says(
    eic: Commands, cloud: LabUser, image: str, broken: bool, tmp_path: Path
) -> None:
    """With everything right, and with a Glance and an ONTAP that fail."""
    volume = cloud.create(image, 'eic-images')['id']
    configuration = eic.configuration
    if broken:
        configuration = files_that_fail(tmp_path, configuration)
    for name, configured in _commands():
        words = name.split('_')
        own = arguments_of(name, image, volume)
        status, out, err = eic.run(
            '--debug', *words, *own, *(configuration if configured else ())
        )
        assert 'a-wrong-secret' not in out + err
        assert 'usage:' not in err, (name, err)
        assert status in {0, 1, 2}, (name, err)
        assert out + err, name
