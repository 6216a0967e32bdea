"""Other backends' pools are searched with few calls, and no others are."""

import logging
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine.cluster_search import ClusterSearch
from eic_plugins.model import KnownPool, Pool
from eic_plugins.ontap.session import OntapRejectedError, OntapUnreachableError
from eic_plugins.storage.file_records import format_record, place_of
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.interface import Record
from eic_plugins.storage.mount import ShareMount
from tests.unit.factories import SEALS, flexvol, image, pool
from tests.unit.fake_files import FakeFiles

SIZE = 300_000
RAW = image(size=SIZE)
CONTENT = b'\x07' * SIZE


class Files(FakeFiles):
    def __init__(self, roots: Any) -> None:
        super().__init__(roots)
        self.looks = []

    def stat(self, file: Any) -> Any:
        self.looks.append(file.flexvol)
        return super().stat(file)


class World:
    """FlexVols on directories; which there are is asked of this."""

    def __init__(self, root: Any) -> None:
        self.flexvol_list = [flexvol(name) for name in ('gold_vol', 'a', 'b')]
        self.flexvol_list.append(flexvol('silver', svm='svm_silver'))
        self.roots = {}
        for each in self.flexvol_list:
            self.roots[each.uuid] = root / each.name
            self.roots[each.uuid].mkdir()
        self.files = Files(self.roots)
        self.storage = FileStorage(
            pool(),
            ShareMount(str(self.roots[pool().flexvol.uuid]), print),
            self.files,
            1,
            SEALS,
        )
        self.asked = []
        self.error = None
        self.peered = ['svm_silver']

    def flexvols(self, svms: Any) -> Any:
        self.asked.append(sorted(svms))
        return [each for each in self.flexvol_list if each.svm in svms]

    def partners(self, svm: Any) -> Any:
        self.asked.append(f'peers of {svm}')
        if self.error:
            raise self.error
        return self.peered

    def find(self, *others: Any) -> Any:
        return ClusterSearch(self.files, self, self).find(RAW, self.storage, others)

    def cached(self, where: Any, directory: Any = '') -> None:
        there = Pool('p', where, directory)
        root = self.roots[where.uuid] / directory
        root.mkdir(exist_ok=True)
        (root / RAW.cached_name).write_bytes(CONTENT)
        (root / f'.eic-{RAW.id}.json').write_bytes(
            format_record(
                place_of(there.stored(RAW.cached_name), RAW.id),
                Record(RAW.identity, SIZE),
                SEALS,
            )
        )


def known(of: Any, **fields: Any) -> Any:
    return KnownPool(f'h@b#{of.name}', of.cluster, of.svm, of.uuid, **fields)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


A, B, SILVER = flexvol('a'), flexvol('b'), flexvol('silver', svm='svm_silver')


def test_without_other_pools_there_is_no_call(world: World) -> None:
    world.cached(A)
    assert world.find() == ()
    assert (world.asked, world.files.looks) == ([], [])


def test_peerings_are_asked_for_only_where_there_is_another_svm(world: World) -> None:
    world.cached(A)
    (found,) = world.find(known(A))
    assert found.stored.flexvol == A
    assert world.asked == [['svm_gold']]
    world.find(known(A), known(SILVER))
    assert 'peers of svm_gold' in world.asked


def test_the_pools_that_reported_the_image_are_looked_at_first(world: World) -> None:
    world.cached(B)
    (found,) = world.find(known(A), known(B, cached=frozenset({RAW.id})))
    assert found.stored.flexvol == B
    assert world.files.looks == [B, B]  # its record, and its file
    world.files.looks.clear()
    assert world.find(known(A), known(B))
    assert world.files.looks == [A, B, B]


def test_a_pool_in_a_directory_of_a_flexvol_is_found_there(world: World) -> None:
    world.cached(A, 'qtree')
    assert world.find(known(A)) == ()
    (found,) = world.find(known(A, directory='qtree'))
    assert found.stored.path == f'qtree/{RAW.cached_name}'


def test_a_record_of_one_directory_is_none_in_another(world: World) -> None:
    world.cached(A, 'qtree')
    for path in (world.roots[A.uuid] / 'qtree').iterdir():
        path.rename(world.roots[A.uuid] / path.name)
    assert world.find(known(A)) == ()


def test_an_svm_that_is_not_peered_is_not_looked_at(world: World) -> None:
    world.cached(SILVER)
    world.peered = []
    assert world.find(known(SILVER)) == ()
    assert world.files.looks == []


@pytest.mark.parametrize(
    'error',
    [
        OntapRejectedError(403, '6', 'not authorized'),
        OntapRejectedError(500, '1', 'internal'),
        OntapUnreachableError('gone'),
    ],
)
def test_peerings_that_cannot_be_asked_for_cost_the_search_alone(
    world: World,
    error: OntapRejectedError | OntapUnreachableError,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.error = error
    with caplog.at_level(logging.WARNING):
        assert world.find(known(SILVER)) == ()
    assert len(caplog.records) == 1


@pytest.mark.parametrize('status', [403, 500])
def test_peerings_that_are_refused_cost_the_other_svms_alone(
    world: World, status: int
) -> None:
    world.error = OntapRejectedError(status, '6', 'not authorized')
    world.cached(A)
    (found,) = world.find(known(SILVER), known(A))
    assert found.stored.flexvol == A


def test_a_pool_that_is_gone_is_left_out(world: World) -> None:
    assert world.find(known(flexvol('deleted'))) == ()
    assert world.files.looks == []
