"""Counts go into a file that node_exporter reads, and never into the way."""

import logging
import os
import pathlib
import stat
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from eic_plugins.model import Outcome, Reason, Refusal
from eic_plugins.support.metrics.declared import manual
from eic_plugins.volume import metrics
from eic_plugins.volume.metrics import Metrics
from tests.unit.fake_clock import FakeClock

MANUAL = pathlib.Path(__file__).parents[3] / 'docs/metrics.md'
POOL = '127.0.11.1:/tenants/gold'
COPIED = Outcome(
    'copy_offload',
    (
        Refusal.of_route('cached', Reason.NOT_CACHED),
        Refusal.of_route('flexclone', Reason.OTHER_FLEXVOL),
    ),
    0.4,
    1024,
    False,
    ('copy_offload',),
)


def samples(directory: Any, backend: Any = 'gold') -> Any:
    """Name and sorted label values -> value, as Prometheus reads them."""
    text = (directory / f'eic-{backend}.prom').read_text()
    return {
        (
            sample.name,
            *(sample.labels[key] for key in sorted(sample.labels)),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_manual_lists_every_metric_as_it_is_declared() -> None:
    assert manual(metrics.METRICS) in MANUAL.read_text()


def test_every_declared_metric_has_the_name_it_is_exposed_by(tmp_path: Path) -> None:
    counts = Metrics('gold', tmp_path)
    counts.record(POOL, COPIED)
    counts.evicted(POOL)
    counts.cached(POOL, 1, 2)
    counts.clone_limit(POOL, 0.5)
    counts.ontap(answered=True)
    counts.ontap(answered=False)
    with counts.ontap_busy(1.5):
        counts.write()
    exposed = {name.removesuffix('_count') for name, *_ in samples(tmp_path)}
    assert {metric.name for metric in metrics.METRICS} <= exposed


def test_the_queue_before_a_busy_cluster_is_as_long_as_requests_wait(
    tmp_path: Path,
) -> None:
    counts = Metrics('gold', tmp_path)
    with counts.ontap_busy(1.5), counts.ontap_busy(0.5):
        counts.write(at_once=True)
        assert samples(tmp_path)['eic_ontap_busy_waiting', 'gold'] == 2
    counts.write(at_once=True)
    found = samples(tmp_path)
    assert found['eic_ontap_busy_waiting', 'gold'] == 0
    assert found['eic_ontap_busy_seconds_total', 'gold'] == 2


def test_a_queue_is_seen_while_no_volume_is_made(tmp_path: Path) -> None:
    with Metrics('gold', tmp_path).ontap_busy(1.5):
        assert samples(tmp_path)['eic_ontap_busy_waiting', 'gold'] == 1


def test_an_outcome_is_counted_by_route_and_by_reason(tmp_path: Path) -> None:
    counts = Metrics('gold', tmp_path)
    counts.record(POOL, COPIED)
    counts.record(POOL, Outcome('cached', (), 0.1, 1024))
    counts.write()
    found = samples(tmp_path)
    assert found['eic_volumes_total', 'gold', POOL, 'copy_offload'] == 1
    assert found['eic_volumes_total', 'gold', POOL, 'cached'] == 1
    assert found['eic_fills_total', 'gold', POOL, 'copy_offload'] == 1
    assert found['eic_refusals_total', 'gold', 'other_flexvol', 'flexclone'] == 1
    assert found['eic_bytes_kept_off_host_total', 'gold', POOL] == 2048
    assert found['eic_volume_seconds_sum', 'gold', 'copy_offload'] == 0.4


def test_a_fill_counts_though_its_volume_was_left_to_cinder(tmp_path: Path) -> None:
    counts = Metrics('gold', tmp_path)
    counts.record(
        POOL,
        Outcome(
            'cinder_download',
            (Refusal.of_route('flexclone', Reason.CLONE_FAILED),),
            1.0,
            0,
            False,
            ('flexclone',),
        ),
    )
    counts.write()
    found = samples(tmp_path)
    assert found['eic_fills_total', 'gold', POOL, 'flexclone'] == 1
    assert found['eic_volumes_total', 'gold', POOL, 'cinder_download'] == 1


def test_what_a_pool_has_is_what_was_said_last(tmp_path: Path) -> None:
    counts = Metrics('gold', tmp_path)
    counts.cached(POOL, 3, 300)
    counts.cached(POOL, 2, 200)
    counts.clone_limit(POOL, 0.25)
    counts.write()
    found = samples(tmp_path)
    assert found['eic_cached_images', 'gold', POOL] == 2
    assert found['eic_cached_image_bytes', 'gold', POOL] == 200
    assert found['eic_clone_limit_ratio', 'gold', POOL] == 0.25


def test_a_limit_that_is_not_known_any_more_is_not_shown(tmp_path: Path) -> None:
    counts = Metrics('gold', tmp_path)
    counts.clone_limit(POOL, None)
    counts.clone_limit(POOL, 0.25)
    counts.clone_limit(POOL, None)
    counts.write()
    assert not [
        name for name, *_ in samples(tmp_path) if name == 'eic_clone_limit_ratio'
    ]


def test_backends_of_one_process_do_not_mix(tmp_path: Path) -> None:
    gold, silver = Metrics('gold', tmp_path), Metrics('silver', tmp_path)
    gold.evicted(POOL)
    gold.write()
    silver.write()
    assert ('eic_evictions_total', 'gold', POOL) in samples(tmp_path)
    assert not samples(tmp_path, 'silver')


def test_the_file_is_whole_readable_to_all_and_alone(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        counts = Metrics('a/../b c', tmp_path)
        counts.write()
    finally:
        os.umask(before)
    file = tmp_path / 'eic-a_.._b_c.prom'
    assert list(tmp_path.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_many_volumes_in_a_moment_write_once_and_the_statistics_the_rest(
    tmp_path: Path,
) -> None:
    clock = FakeClock(100.0)
    counts = Metrics('gold', tmp_path, clock=clock)
    key = ('eic_evictions_total', 'gold', POOL)
    counts.evicted(POOL)
    counts.write()
    counts.evicted(POOL)
    counts.write()
    assert samples(tmp_path)[key] == 1
    counts.write(at_once=True)
    assert samples(tmp_path)[key] == 2
    clock.now += 6
    counts.evicted(POOL)
    counts.write()
    assert samples(tmp_path)[key] == 3


def test_without_a_directory_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    counts = Metrics('gold', None)
    counts.record(POOL, COPIED)
    counts.write(at_once=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures('caplog')
def test_a_directory_that_is_not_there_is_said_once_and_again_after_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = tmp_path / 'later'
    counts = Metrics('gold', directory)
    caplog.set_level(logging.WARNING)
    counts.write(at_once=True)
    counts.write(at_once=True)
    assert len(caplog.records) == 1
    assert 'metrics_directory' in caplog.text
    directory.mkdir()
    counts.write(at_once=True)
    assert (directory / 'eic-gold.prom').exists()
    (directory / 'eic-gold.prom').unlink()
    directory.rmdir()
    counts.write(at_once=True)
    assert len(caplog.records) == 2
