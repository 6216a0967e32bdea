"""Routes are plugins: the engine goes by what they say, and by no name."""

import pathlib
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine.engine import Engine
from eic_plugins.engine.routes import FillLimits
from eic_plugins.engine.routes.cached import Cached
from eic_plugins.engine.routes.download import Download
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import Outcome, Reason
from eic_plugins.storage.inspection import UnsafeImageError
from tests.unit.engine.test_engine import SIZE, Cluster, reasons


class Held(Cached):
    """Route ``cached`` under another name."""

    name = 'held'


class Fetch(Download):
    """Route ``download`` under another name."""

    name = 'fetch'


class Mirror(Download):
    """From somewhere else than Glance, and as often as anybody likes."""

    name = 'mirror'
    once_per_cluster = False
    from_glance = False


class Others(Cluster):
    """An engine with routes of somebody else; its locks are counted."""

    def __init__(self, root: Any, *routes: Any) -> None:
        super().__init__(root)
        self.held_names = []
        self.engine = Engine(
            Toolbox(
                self.files,
                self.namespace,
                self,
                LocationReader({}),
                routes,
                FillLimits(clone=1, copy=1),
            )
        )

    def held(self, name: Any, *, wait: Any) -> Any:
        self.held_names.append(name)
        return super().held(name, wait=wait)

    def cluster_locks(self) -> list[str]:
        return [name for name in self.held_names if 'download' in name]


@pytest.fixture
def others(tmp_path: Path) -> Others:
    return Others(tmp_path, Held(), Fetch())


def test_a_route_that_is_taken_once_per_cluster_has_the_clusters_lock(
    others: Others,
) -> None:
    outcome: Outcome = others.create()
    assert outcome.route == 'fetch'
    assert len(others.cluster_locks()) == 1


def test_bytes_that_a_host_fetches_from_glance_are_not_kept_off_it(
    others: Others,
) -> None:
    assert others.create().bytes_kept_off_host == 0


def test_who_waited_for_a_fill_has_the_route_that_fills_nothing(others: Others) -> None:
    others.create()
    outcome = others.create('volume-2')
    assert (outcome.route, outcome.bytes_kept_off_host) == ('held', SIZE)


def test_what_glance_sent_and_was_refused_is_not_fetched_again(others: Others) -> None:
    others.download_error = UnsafeImageError('it is a qcow2')
    for name in ('a', 'b'):
        outcome = others.create(f'volume-{name}')
        assert Reason.INSPECTION_FAILED in reasons(outcome).values()
    assert len(others.downloads) == 1


def test_bytes_from_elsewhere_say_nothing_of_the_image(tmp_path: pathlib.Path) -> None:
    others = Others(tmp_path, Held(), Mirror())
    others.download_error = UnsafeImageError('it is a qcow2')
    for name in ('a', 'b'):
        assert others.create(f'volume-{name}').left_to_cinder
    assert len(others.downloads) == 2
    assert others.cluster_locks() == []
    others.download_error = None
    assert others.create('volume-c').bytes_kept_off_host == SIZE
