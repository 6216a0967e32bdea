"""Files of several processes become one collection, whatever is in them."""

import os
from pathlib import Path

import pytest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from eic_plugins.support.metrics import files, merged
from eic_plugins.support.metrics.declared import manual
from eic_plugins.support.metrics.merged import MergedFiles
from tests.unit.fake_clock import FakeClock
from tests.unit.manuals import ROOT

NOW = 1_000_000.0
Series = dict[tuple[str, ...], float]


def write(path: Path, registry: CollectorRegistry, age: float = 0.0) -> None:
    path.write_bytes(generate_latest(registry))
    os.utime(path, (NOW - age, NOW - age))


def counted(backend: str, volumes: int) -> CollectorRegistry:
    """As a driver counts them."""
    registry = CollectorRegistry()
    total = Counter('eic_volumes_total', 'Volumes.', ('backend',), registry=registry)
    total.labels(backend).inc(volumes)
    seconds = Histogram('eic_s', 'Time.', ('backend',), registry=registry, buckets=(1,))
    seconds.labels(backend).observe(0.5)
    Gauge('eic_now', 'Now.', ('backend',), registry=registry).labels(backend).set(1)
    return registry


def registry_of(*directories: Path, stale: float = 600.0) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(MergedFiles(directories, stale, FakeClock(NOW)))
    return registry


def shown(*directories: Path) -> Series:
    text = generate_latest(registry_of(*directories)).decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def is_shown(path: Path) -> float:
    return shown(path.parent)[merged.SHOWN.name, str(path)]


def test_all_backends_are_shown_with_one_head_for_each_metric(tmp_path: Path) -> None:
    write(tmp_path / 'eic-gold.prom', counted('gold', 3))
    write(tmp_path / 'eic-silver.prom', counted('silver', 4))
    found = shown(tmp_path)
    assert found['eic_volumes_total', 'gold'] == 3
    assert found['eic_volumes_total', 'silver'] == 4
    text = generate_latest(registry_of(tmp_path)).decode()
    heads = [line for line in text.splitlines() if line.startswith('# TYPE')]
    assert len(heads) == len(set(heads))
    assert '# TYPE eic_volumes_total counter' in heads


def test_what_a_client_of_openmetrics_gets_is_openmetrics(tmp_path: Path) -> None:
    write(tmp_path / 'eic-gold.prom', counted('gold', 3))
    write(tmp_path / 'eic-silver.prom', counted('silver', 4))
    text = openmetrics.generate_latest(registry_of(tmp_path)).decode()
    families = {
        family.name: family
        for family in openmetrics_parser.text_string_to_metric_families(text)
    }
    assert families['eic_volumes'].type == 'counter'
    names = {sample.name for sample in families['eic_volumes'].samples}
    assert names == {'eic_volumes_total', 'eic_volumes_created'}
    assert families['eic_s'].type == 'histogram'


def test_directories_of_several_services_are_one(tmp_path: Path) -> None:
    for service in 'cinder', 'nova':
        (tmp_path / service).mkdir()
        write(tmp_path / service / f'eic-{service}.prom', counted(service, 1))
    found = shown(tmp_path / 'cinder', tmp_path / 'nova')
    assert found['eic_volumes_total', 'cinder'] == 1
    assert found['eic_volumes_total', 'nova'] == 1


def test_who_is_gone_is_told_by_the_age_alone(tmp_path: Path) -> None:
    gone = tmp_path / 'eic-gone.prom'
    write(gone, counted('gone', 3), age=601.0)
    write(tmp_path / 'eic-gold.prom', counted('gold', 3), age=599.0)
    found = shown(tmp_path)
    assert ('eic_volumes_total', 'gold') in found
    assert ('eic_volumes_total', 'gone') not in found
    assert found[merged.WRITTEN.name, str(gone)] == NOW - 601.0
    assert found[merged.SHOWN.name, str(gone)] == 0
    assert found[merged.SHOWN.name, str(tmp_path / 'eic-gold.prom')] == 1


def test_of_one_series_in_two_files_the_newer_one_counts(tmp_path: Path) -> None:
    write(tmp_path / 'eic-a.prom', counted('gold', 1), age=10.0)
    write(tmp_path / 'eic-b.prom', counted('gold', 2), age=5.0)
    write(tmp_path / 'eic-c.prom', counted('gold', 3), age=20.0)
    assert shown(tmp_path)['eic_volumes_total', 'gold'] == 2


def test_what_another_file_has_of_another_type_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / 'eic-gold.prom', counted('gold', 1))
    odd = CollectorRegistry()
    Gauge('eic_volumes', 'Not these.', ('backend',), registry=odd).labels('x').set(5)
    write(tmp_path / 'eic-odd.prom', odd, age=10.0)
    found = shown(tmp_path)
    assert found['eic_volumes_total', 'gold'] == 1
    assert not [value for value in found.values() if value == 5]


@pytest.mark.parametrize(
    'content',
    [b'\xff\xfe', b'eic_volumes_total{backend="a" 1', b'a{b="c"} d', b'{} 1 2 3'],
)
def test_a_broken_file_hides_no_other_one(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / 'eic-broken.prom'
    broken.write_bytes(content)
    os.utime(broken, (NOW, NOW))
    write(tmp_path / 'eic-gold.prom', counted('gold', 1))
    assert is_shown(broken) == 0
    assert shown(tmp_path)['eic_volumes_total', 'gold'] == 1


def test_a_broken_file_is_said_once_until_it_is_written_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / 'eic-broken.prom'
    broken.write_bytes(b'\xff')
    registry = registry_of(tmp_path)
    for written, said in ((NOW - 2, 1), (NOW - 2, 1), (NOW - 1, 2)):
        os.utime(broken, (written, written))
        generate_latest(registry)
        assert caplog.text.count('eic-broken.prom is not shown') == said


def test_a_file_that_is_larger_than_any_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / 'eic-large.prom'
    large.write_bytes(b'# x\n' * (files.LARGEST // 4 + 1))
    os.utime(large, (NOW, NOW))
    assert is_shown(large) == 0


def test_a_link_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / 'in').mkdir()
    write(tmp_path / 'secret.prom', counted('gold', 1))
    link = tmp_path / 'in/eic-link.prom'
    link.symlink_to(tmp_path / 'secret.prom')
    os.utime(link, (NOW, NOW), follow_symlinks=False)
    assert is_shown(link) == 0
    assert ('eic_volumes_total', 'gold') not in shown(tmp_path / 'in')


def test_nobody_waits_for_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / 'eic-pipe.prom'
    os.mkfifo(pipe)
    os.utime(pipe, (NOW, NOW))
    assert is_shown(pipe) == 0


def test_other_peoples_files_are_not_ours_to_show(tmp_path: Path) -> None:
    write(tmp_path / 'smart.prom', counted('gold', 1))
    assert ('eic_volumes_total', 'gold') not in shown(tmp_path)


def test_the_manual_lists_what_is_told_of_the_files() -> None:
    assert manual(merged.METRICS) in (ROOT / 'docs/metrics.md').read_text()
