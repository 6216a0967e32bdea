"""The arithmetic between bursts of volumes and the answer."""

from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import (
    burst_answer,
    burst_side,
    driver_metrics,
    limited,
    usage,
    volume_burst,
)
from benchmarks.arithmetic import percentile
from benchmarks.burst_side import Side
from benchmarks.model import Answer
from benchmarks.usage import Process
from benchmarks.volume_burst import Burst
from eic_plugins.model import Outcome
from eic_plugins.volume.metrics import Metrics
from lab.observer import Cost

MIB = 1 << 20


@pytest.mark.parametrize(
    ('percent', 'value'), [(50, 50.0), (95, 95.0), (99, 99.0), (100, 100.0)]
)
def test_a_percentile_is_one_of_the_values(percent: int, value: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], percent) == value


def test_of_one_value_all_percentiles_are_that() -> None:
    assert percentile([3.0], 1) == percentile([3.0], 99) == 3.0


def test_of_nothing_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match='nothing'):
        percentile([], 50)


def test_each_volume_counts_from_its_own_request() -> None:
    burst = volume_burst.burst_of(
        10.0,
        {'a': 10.0, 'b': 11.0, 'c': 12.0},
        {'a': ('available', 13.0), 'b': ('error', 20.0), 'c': ('available', 13.5)},
    )
    assert burst == Burst(asked=3, seconds=(1.5, 3.0), lasted=10.0, failed=1)


def cost(calls: int, downloads: int = 0) -> Cost:
    return Cost(
        calls=('POST /api/storage/file/clone',) * calls,
        file_clones=calls,
        file_copies=0,
        downloaded=0,
        host_io=0,
        downloads=downloads,
        conversions=0,
        connections=0,
        cpu=0.0,
        ontap_seconds=calls * 0.1,
        refused=0,
    )


def moment(driver: str, rss: int, cpu: float) -> usage.Usage:
    api = 'cinder-api' if driver == 'eic' else 'cinder-api-stock'
    return {
        1: Process(api, rss, cpu),
        2: Process('cinder-scheduler', rss, cpu),
        3: Process(f'cinder-volume-{driver}', rss, cpu),
        4: Process('simulator-cluster-a', rss, cpu),
        # the other side's, and one that has nothing to do with it
        5: Process(
            'cinder-volume-stock' if driver == 'eic' else 'cinder-volume-eic', rss, cpu
        ),
        6: Process('placement', rss, cpu),
    }


def side(
    driver: str,
    lasted: float,
    failed: int = 0,
    downloads: int = 0,
    second: int = 100,
) -> Side:
    burst = Burst(10, (1.0,) * (10 - failed), lasted, failed)
    return Side(
        'nfs',
        driver,
        (burst, burst),
        (cost(10, downloads), cost(10)),
        (
            moment(driver, 90 * MIB, 0.0),
            moment(driver, 100 * MIB, 5.0),
            moment(driver, second * MIB, 10.0),
        ),
        4.0 if driver == 'eic' else None,
    )


def answer(eic: Side) -> Answer:
    rows = [burst_side.row(each) for each in (eic, side('stock', 20.0))]
    return burst_answer.answer(rows)


def missed(answered: Answer) -> list[str]:
    return [target.what for target in answered.targets if not target.met]


def test_a_good_burst_misses_nothing() -> None:
    assert missed(answer(side('eic', 10.0))) == []


def test_what_was_missed_is_said() -> None:
    found = answer(side('eic', 30.0, failed=1, downloads=1, second=120))
    assert missed(found) == [
        'volumes that failed, nfs',
        'downloads, nfs',
        'time of a volume, times stock, nfs',
        'memory of cinder-volume after the second burst, times that after the '
        'first, nfs',
    ]


def test_rates_are_of_both_bursts_and_stock_is_one() -> None:
    rows = answer(side('eic', 10.0)).tables[0].rows
    assert [row[5] for row in rows] == ['2.00', '1.00']


def test_shares_add_up_to_all_of_the_time() -> None:
    shares = burst_side.shares(burst_side.row(side('eic', 10.0)))
    assert shares == {'Cinder': 80.0, 'driver': 10.0, 'ONTAP': 10.0}
    assert burst_side.shares(burst_side.row(side('stock', 10.0))) == {
        'Cinder': 90.0,
        'driver': None,
        'ONTAP': 10.0,
    }


def test_cpu_is_that_of_the_sides_own_services() -> None:
    row = burst_side.row(side('eic', 10.0))
    assert {name for name, seconds in row['cpu'].items() if seconds} == {
        'cinder-api',
        'cinder-scheduler',
        'cinder-volume',
        'the simulators',
    }
    assert burst_side.cpu_of(row) == 2.0


def test_a_process_that_has_just_begun_is_no_growth() -> None:
    before = {1: Process('x', 10, 0.0)}
    after = {1: Process('x', 11, 2.0), 2: Process('x', 500, 1.0)}
    first, last = usage.lasting(before, after)
    assert (usage.rss(first, 'x'), usage.rss(last, 'x')) == (10, 11)
    assert usage.cpu(before, after) == {'x': 3.0}


def test_what_a_backend_wrote_is_read(tmp_path: Path) -> None:
    metrics = Metrics('eic-gold', tmp_path)
    for route, seconds in (('cached', 1.0), ('cached', 2.0), ('download', 4.0)):
        metrics.record('pool', Outcome(route, (), seconds, 0))
    with metrics.ontap_busy(1.0):
        metrics.write(at_once=True)
    text = (tmp_path / 'eic-eic-gold.prom').read_text()
    assert driver_metrics.counted(text) == driver_metrics.Counted(3, 7.0, 1)


def test_the_limit_is_a_part_of_what_was_made_without_one() -> None:
    rate, everything = limited.limits(4.0)
    assert (rate.fault('eic')['beyond'], rate.clones_a_second) == (2.0, 2.0)
    assert 'beyond' not in everything.fault('eic')
    assert everything.lasts


def test_both_drivers_have_the_same_limit_each_for_its_own_calls() -> None:
    for limit in limited.limits(4.0):
        eic, stock = limit.fault('eic'), limit.fault('stock')
        assert (eic['match'].pop('user'), stock['match'].pop('user')) == (
            'eic',
            'stock',
        )
        assert eic == stock


def limited_row(
    lasted: float, queue: int, driver: str = 'eic', failed: int = 0
) -> limited.Row:
    rate, _ = limited.limits(4.0)
    made = Burst(10, (1.0,) * (10 - failed), lasted, failed)
    subject = {'protocol': 'nfs', 'driver': driver, 'limit': rate.title}
    return limited.row(subject, rate, made, cost(10), queue)


def test_the_stock_driver_stands_beside_it_without_a_target() -> None:
    rows = [
        limited_row(lasted=6.25, queue=4),
        limited_row(lasted=9.0, queue=0, driver='stock', failed=10),
        limited_row(lasted=9.0, queue=0, driver='stock', failed=1),
    ]
    answered = limited.answer(rows)
    assert missed(answered) == []
    assert [row[4:7] for row in answered.tables[0].rows[1:]] == [
        ('10', '0', '-'),
        ('1', '0', '0.50'),
    ]


def test_a_throughput_of_the_limit_takes_the_time_of_the_limit() -> None:
    row = limited_row(lasted=6.25, queue=4)
    assert limited.slower(row) == 1.25
    answered = limited.answer([row])
    assert missed(answered) == []
    assert '0.80' in answered.tables[0].rows[0]


def test_a_queue_that_nobody_sees_and_a_slow_burst_are_missed() -> None:
    assert missed(limited.answer([limited_row(lasted=9.0, queue=0)])) == [
        'queues that eic_ontap_busy_waiting did not show: nfs, clones a second',
        'time of the burst, times that at the limit: nfs, clones a second',
    ]


@pytest.mark.parametrize('text', ['0', '-3', 'many', '1.5'])
def test_no_number_of_volumes_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(['burst', f'--volumes={text}'])
    assert 'no number of volumes' in capsys.readouterr().err
