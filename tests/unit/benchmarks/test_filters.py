"""What is said of the filters' cost."""

from benchmarks import filters

COST = {
    'cinder': {'passed_on_us': 0.2, 'handled_cpu_ms': 0.02},
    'nova': {'passed_on_us': 20.0, 'handled_cpu_ms': 0.05},
}
SPENT = {
    '/volumes': {'eic': [0.011] * 4, 'stock': [0.010] * 4},
    '/servers': {'eic': [0.010] * 4, 'stock': [0.010, 0.020] * 2},
}


def test_each_filter_and_each_request_has_its_target() -> None:
    assert [
        target.what for target in filters.answer(COST, SPENT).targets if not target.met
    ] == [
        'nova filter: microseconds of a request that it does not handle',
        'GET /volumes: time, times that without the filter',
    ]


def test_noise_stands_beside_the_ratio() -> None:
    assert filters.answer(COST, SPENT).tables[1].rows == (
        ('GET /volumes', '11.00', '10.00', '1.100', '1.000'),
        ('GET /servers', '10.00', '15.00', '0.667', '0.500'),
    )


def test_both_sides_are_asked_in_turn() -> None:
    asked: list[str] = []
    spent = filters.in_turn(asked.append, 3)
    assert asked[:2] == asked[2:4] == sorted(asked[:2])
    assert {driver: len(seconds) for driver, seconds in spent.items()} == {
        'eic': 3,
        'stock': 3,
    }
