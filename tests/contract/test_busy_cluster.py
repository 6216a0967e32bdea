"""ONTAP says that it is too busy: it is waited for, and that costs nothing else.

Two volumes of one image are made, and each call that EIC makes for them is answered
with 429 or 503 first. Their routes stay what they are.
"""

import contextlib
import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from eic_plugins.model import Reason
from eic_plugins.ontap import throttling
from eic_plugins.ontap.session import OntapBusyError
from tests.contract import block
from tests.contract.fault_table import Call, pattern, was_hit
from tests.contract.test_image_kinds import (  # noqa: F401 - fixtures
    cinder_conf,
    protocol,
)
from tests.contract.test_refused_calls import (  # noqa: F401 - fixtures
    put,
    share_driver,
    world,
)
from tests.contract.test_volume_properties import volume_of
from tests.contract.world import World

pytestmark = [pytest.mark.usefixtures('nfs'), block.NEEDS_ROOT]
LOCATED = {'nfs': 'images', 'iscsi': '', 'nvme': ''}
ROUTES = {
    'nfs': ['copy_offload', 'cached'],
    'iscsi': ['download', 'cached'],
    'nvme': ['download', 'cached'],
}
SOON = 0.05
TOO_MANY = {'kind': 'too_many_requests', 'retry_after': SOON}
BLOCKS = ['iscsi', 'nvme']
GATEWAY = {'kind': 'unavailable', 'effect': 'done', 'retry_after': SOON}
AT_ONCE = 5
IN_A_SECOND = {'kind': 'too_many_requests', 'retry_after': 1}
LONG = {'kind': 'too_many_requests', 'retry_after': 3600}


@pytest.fixture(autouse=True)
def little_spread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttling, '_LEAST_SPREAD', SOON)
        yield


@pytest.fixture
def waits(world: World, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Of each answer that it is too busy, the seconds that were waited."""
    found: list[float] = []

    def busy(seconds: float) -> AbstractContextManager[None]:
        found.append(seconds)
        return contextlib.nullcontext()

    monkeypatch.setattr(world.eic.metrics, 'ontap_busy', busy)
    return found


def prepare(world: World, protocol: str) -> Any:
    """An image, and a backend that knows nothing yet, on a cluster as it was first."""
    world.simulator.control('POST', '/reset', json={'files': True})
    image = put(world, LOCATED[protocol])
    world.start_anew()
    if isinstance(world, block.BlockWorld):
        world.driver.connections.clear()
    return image


def two(world: World, image: Any) -> list[str]:
    """Two volumes of it; their routes."""
    volumes = []
    for _ in range(2):
        volume = world.new_volume()
        if not world.clone_image(volume, image):
            world.simulator.control('DELETE', '/faults')
            world.download(volume, image)
        volume.refresh()
        volumes.append(volume)
    assert all(world.is_right(volume, image) for volume in volumes)
    return [volume.metadata['eic_route'] for volume in volumes]


def own_calls(world: World, since: int, *, own: bool = True) -> list[Call]:
    """Each call of EIC's, or of the stock driver's client, and the how-manieth of all
    calls alike it is.
    """
    seen: dict[tuple[str, str], int] = {}
    found = []
    for call in world.simulator.calls(since, 'stock')['calls']:
        key = call['method'], pattern(call['path'])
        seen[key] = seen.get(key, 0) + 1
        if call['client'].startswith('netapp-ontap') is own:
            found.append((*key, seen[key]))
    return found


def rehearse(world: World, protocol: str, *, own: bool = True) -> list[Call]:
    """EIC's calls, or those of the stock driver's client, if nothing is in the way."""
    image = prepare(world, protocol)
    since = world.simulator.calls()['last']
    assert two(world, image) == ROUTES[protocol]
    return own_calls(world, since, own=own)


def hit(
    world: World,
    protocol: str,
    fault: dict[str, Any],
    calls: Sequence[Call],
    *,
    own: bool = True,
) -> tuple[list[str], list[Call]]:
    """The routes of two volumes, each call of which has that fault first; and the
    calls that are made.
    """
    image = prepare(world, protocol)
    before: dict[tuple[str, str], int] = {}
    faults = []
    for method, path, nth in calls:
        # Those that were hit before have come twice by then.
        again = before.get((method, path), 0)
        before[method, path] = again + 1
        match = {'method': method, 'path': path, 'user': 'stock'}
        faults.append(world.simulator.fault(**fault, nth=nth + again, match=match))
    since = world.simulator.calls()['last']
    routes = two(world, image)
    assert all(was_hit(world.simulator, each) for each in faults)
    world.simulator.control('DELETE', '/faults')
    return routes, own_calls(world, since, own=own)


@pytest.mark.parametrize('protocol', sorted(LOCATED), indirect=True, scope='module')
def test_a_call_too_many_is_made_a_moment_later(
    world: World, protocol: str, waits: list[float]
) -> None:
    calls = rehearse(world, protocol)
    routes, made = hit(world, protocol, TOO_MANY, calls)
    assert routes == ROUTES[protocol]
    assert len(made) == 2 * len(calls)
    assert len(waits) == len(calls)
    assert min(waits) >= SOON


@pytest.mark.parametrize('protocol', sorted(LOCATED), indirect=True, scope='module')
def test_a_503_for_what_was_done_costs_no_route(world: World, protocol: str) -> None:
    """A copy's destination can be half a file, so there its fill fails."""
    calls = [call for call in rehearse(world, protocol) if 'copy' not in call[1]]
    routes, made = hit(world, protocol, GATEWAY, calls)
    assert routes == ROUTES[protocol]
    assert len(made) > len(calls)


@pytest.mark.parametrize('protocol', sorted(LOCATED), indirect=True, scope='module')
def test_who_is_told_to_wait_too_long_leaves_it_to_cinder_at_once(
    world: World,
    protocol: str,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = prepare(world, protocol)
    assert two(world, image) == ROUTES[protocol]
    known = world.eic.cluster.namespace
    forgotten: list[str] = []
    monkeypatch.setattr(known, 'forget', lambda: forgotten.append('look-ups'))
    monkeypatch.setattr(
        world.eic.cluster.breaker, 'failed', lambda: forgotten.append('the cluster')
    )
    world.simulator.fault(**LONG, count=None, match={'method': 'POST', 'user': 'stock'})
    volume = world.new_volume()
    assert not world.clone_image(volume, image)
    volume.refresh()
    assert f'={Reason.ONTAP_BUSY}' in volume.metadata['eic_refused']
    assert forgotten == []
    assert set(waits) == {0.0}
    assert world.eic.cluster.breaker.allows()


@pytest.mark.parametrize('protocol', sorted(LOCATED), indirect=True, scope='module')
def test_who_asks_how_full_a_pool_is_does_not_wait_for_an_hour(
    world: World, protocol: str
) -> None:
    """The stock driver's client would wait as long as it is told."""
    image = prepare(world, protocol)
    fault = world.simulator.fault(
        **LONG,
        count=None,
        match={'method': 'GET', 'path': '/storage/volumes/[^/]+$', 'user': 'stock'},
    )
    cache = world.cache_of(world.pools[0])
    with pytest.raises(OntapBusyError):
        world.eic.cluster.free_space.read(cache.pool)
    assert was_hit(world.simulator, fault)
    world.simulator.control('DELETE', '/faults')
    assert world.eic.cluster.free_space.read(cache.pool).available > 0
    assert two(world, image) == ROUTES[protocol]


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the stock driver's client sleeps, each of which is short here."""
    found: list[float] = []
    sleep = time.sleep

    def shortly(seconds: float) -> None:
        found.append(seconds)
        sleep(min(seconds, SOON))

    monkeypatch.setattr(time, 'sleep', shortly)
    return found


@pytest.mark.parametrize('protocol', BLOCKS, indirect=True, scope='module')
def test_a_device_is_mapped_a_moment_later_if_that_is_too_many(
    world: World, protocol: str, sleeps: list[float]
) -> None:
    """A fill maps it through the stock driver's client, which repeats no POST."""
    calls = rehearse(world, protocol, own=False)
    assert {method for method, *_ in calls} >= {'GET', 'POST', 'DELETE'}
    routes, made = hit(world, protocol, IN_A_SECOND, calls, own=False)
    assert routes == ROUTES[protocol]
    assert len(made) == 2 * len(calls)
    assert sleeps.count(1) == len(calls)


@pytest.mark.parametrize('protocol', BLOCKS, indirect=True, scope='module')
def test_no_fill_sleeps_for_an_hour_in_the_stock_drivers_client(
    world: World, protocol: str, sleeps: list[float]
) -> None:
    """From 2025.2, the stock NVMe driver goes on if it cannot unmap a host."""
    calls = rehearse(world, protocol, own=False)
    reasons = {}
    for method, path, nth in calls:
        image = prepare(world, protocol)
        match = {'method': method, 'path': path, 'user': 'stock'}
        fault = world.simulator.fault(**LONG, count=None, nth=nth, match=match)
        volume = world.new_volume()
        made = world.clone_image(volume, image)
        volume.refresh()
        reasons[method, path, nth] = '' if made else volume.metadata['eic_refused']
        assert was_hit(world.simulator, fault)
        world.simulator.control('DELETE', '/faults')
    unmapped = {
        call for call, said in reasons.items() if not said and call[0] == 'DELETE'
    }
    assert not unmapped or protocol == 'nvme'
    assert {
        call: said
        for call, said in reasons.items()
        if f'download={Reason.ONTAP_BUSY}' not in said
    } == dict.fromkeys(unmapped, '')
    assert max(sleeps) <= throttling.PATIENCE


@pytest.mark.parametrize('protocol', ['nfs', 'iscsi'], indirect=True, scope='module')
def test_no_volume_waits_an_hour_for_its_qos_policy(
    world: World, protocol: str, sleeps: list[float]
) -> None:
    image = prepare(world, protocol)
    assert two(world, image) == ROUTES[protocol]
    volume = volume_of(world, {}, {'maxIOPS': '500'})
    fault = world.simulator.fault(
        **LONG, count=None, match={'path': '/storage/qos/policies', 'user': 'stock'}
    )
    assert not world.clone_image(volume, image)
    volume.refresh()
    assert was_hit(world.simulator, fault)
    assert str(Reason.ONTAP_BUSY) in volume.metadata['eic_refused']
    assert max(sleeps) <= throttling.PATIENCE


@pytest.mark.parametrize('protocol', ['nfs'], indirect=True, scope='module')
def test_nor_does_a_volume_that_gets_another_image(
    world: World, protocol: str, sleeps: list[float]
) -> None:
    image = prepare(world, protocol)
    assert two(world, image) == ROUTES[protocol]
    volume = volume_of(world, {}, {'maxIOPS': '500'})
    world.create_empty(volume)
    world._finish(volume)
    fault = world.simulator.fault(
        **LONG, count=None, match={'path': '/storage/qos/policies', 'user': 'stock'}
    )
    world.copy_image(volume, image)
    volume.refresh()
    assert was_hit(world.simulator, fault)
    assert str(Reason.ONTAP_BUSY) in volume.metadata['eic_refused']
    assert world.is_right(volume, image)
    assert max(sleeps) <= throttling.PATIENCE


@pytest.mark.parametrize('protocol', ['nfs', 'iscsi'], indirect=True, scope='module')
def test_a_burst_of_hits_that_is_too_much_at_once_queues(
    world: World, protocol: str, waits: list[float]
) -> None:
    """Nothing is downloaded only because everybody comes at once."""
    image = prepare(world, protocol)
    assert two(world, image) == ROUTES[protocol]
    world.simulator.fault(
        **TOO_MANY, count=2 * AT_ONCE, match={'method': 'POST', 'user': 'stock'}
    )
    volumes = [world.new_volume() for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as workers:
        assert all(workers.map(world.clone_image, volumes, itertools.repeat(image)))
    for volume in volumes:
        volume.refresh()
    assert {volume.metadata['eic_route'] for volume in volumes} == {'cached'}
    assert all(world.is_right(volume, image) for volume in volumes)
    assert len(waits) == 2 * AT_ONCE


@pytest.mark.parametrize('protocol', ['iscsi'], indirect=True, scope='module')
def test_a_read_that_is_too_many_is_no_silence(world: World, protocol: str) -> None:
    """A Retry-After once made urllib3 wait by itself, and then give up."""
    image = prepare(world, protocol)
    world.simulator.fault(
        'too_many_requests',
        retry_after=SOON,
        count=4,
        match={'method': 'GET', 'path': '/storage/luns$', 'user': 'stock'},
    )
    assert two(world, image) == ROUTES[protocol]
