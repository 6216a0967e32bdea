"""The weigher counts how near the nearest pool was."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.scheduler import locality, metrics, weigher
from eic_plugins.support.metrics import worker
from eic_plugins.support.metrics.declared import manual
from tests.unit.manuals import ROOT
from tests.unit.scheduler.test_weigher import state, weigh
from tests.worker_counts import Series, counted, more

Counts = Callable[[], dict[Series, float]]


@pytest.fixture
def counts(tmp_path: Path) -> Iterator[Counts]:
    config.register(cfg.CONF)
    cfg.CONF.set_override('metrics_directory', str(tmp_path), config.GROUP)

    def read() -> dict[Series, float]:
        worker.shared(metrics.SERVICE, str(tmp_path), metrics.METRICS).write()
        return more({}, counted(tmp_path, metrics.SERVICE))

    yield read
    cfg.CONF.clear_override('metrics_directory', config.GROUP)


def test_the_manual_lists_every_metric_of_the_weigher() -> None:
    assert manual(metrics.METRICS) in (ROOT / 'docs/metrics.md').read_text()


@pytest.mark.parametrize(
    ('pools', 'nearest'),
    [
        ([state(cached=['i']), state()], 'constant_time'),
        ([state(), state(junction_path='/gold')], 'same_flexvol'),
        ([state(junction_path='/gold')], 'same_svm'),
        ([state(cluster='b', servers=[])], 'far'),
        ([state(free=0)], 'far'),
        ([], 'far'),
    ],
)
def test_a_volume_from_an_image_counts_by_its_nearest_pool(
    counts: Counts, pools: list[Any], nearest: str
) -> None:
    weigh(pools)
    found = counts()
    assert found['eic_weighed_requests_total', nearest] == 1
    assert found['eic_weigh_seconds_count',] == 1


def test_a_volume_of_no_image_is_not_counted(counts: Counts) -> None:
    weigh([state()], image_id=None)
    assert counts() == {}


def test_each_weight_has_a_name() -> None:
    steps = {locality.CACHED, locality.SAME_FLEXVOL, locality.SAME_SVM}
    steps |= {locality.SAME_CLUSTER, locality.FAR}
    assert set(metrics.NEAREST) == steps
    assert [n for n in metrics.NEAREST.values() if n not in metrics.WEIGHED.help] == []


def test_a_query_that_fails_is_counted(
    counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_more: Any) -> None:
        raise OSError

    monkeypatch.setattr(weigher.db, 'image_volume_cache_get_all', fail)
    other = state()
    other.capabilities = {}
    weigh([other])
    assert counts()['eic_weigher_query_failures_total',] == 1
