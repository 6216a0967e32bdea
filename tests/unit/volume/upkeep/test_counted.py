"""What a backend counted is read from the file that it writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.model import CINDER_DOWNLOAD, Outcome
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.upkeep.counted import Counted, counted


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    config.register(cfg.CONF)
    cfg.CONF.set_override('metrics_directory', str(tmp_path), config.GROUP)
    yield tmp_path
    cfg.CONF.clear_override('metrics_directory', config.GROUP)


def test_hits_and_evictions_are_those_of_each_pool(directory: Path) -> None:
    metrics = Metrics('ontap nfs', directory)
    for route in ('cached', 'cached', 'download', CINDER_DOWNLOAD):
        metrics.record('gold', Outcome(route, (), 0.1, 0))
    metrics.evicted('silver')
    metrics.write(at_once=True)
    found = counted('ontap nfs')
    assert found['gold'] == Counted(4, 2)
    assert found['gold'].hit_percent == 50
    assert found['silver'] == Counted(0, 0, 1)
    assert found['silver'].hit_percent is None


def test_without_a_file_nothing_is_invented(directory: Path) -> None:
    assert counted('other') == {}
    (directory / 'eic-broken.prom').write_text('eic_volumes_total{ 7')
    assert counted('broken') == {}


def test_without_a_directory_nothing_is_read() -> None:
    config.register(cfg.CONF)
    assert counted('gold') == {}
