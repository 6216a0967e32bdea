"""What is said of real guests that were booted from images of several sizes."""

from benchmarks.guest_answer import answer
from benchmarks.guest_boots import Spoken


def spoken(driver: str, mib: int, words: list[float], **changes: object) -> Spoken:
    fields = {
        'situation': 'home',
        'servers': len(words),
        'statuses': ['ACTIVE'] * len(words),
        'active': [1.0] * len(words),
        'first_word': words,
        'routes': ['cached'] * len(words),
        'files_left': [],
        **changes,
    }
    return Spoken(driver, mib, **fields)  # type: ignore[arg-type]


BOOTS = [
    spoken('eic', 32, [4.0]),
    spoken('eic', 32, [6.0]),
    spoken('stock', 32, [10.0]),
    spoken('eic', 1024, [5.0]),
]


def measured(boots: list[Spoken]) -> dict[str, float]:
    return {target.what: target.measured for target in answer(boots).targets}


def test_growth_is_of_the_medians_of_one_guest():
    assert measured(BOOTS)['time to the first word, 1024 MiB / 32 MiB'] == 1.0


def test_a_guest_that_did_not_speak_and_a_download_are_counted():
    silent = spoken('eic', 32, [4.0], servers=2, routes=['cached', 'download'])
    found = measured([*BOOTS, silent])
    assert found['guests that did not speak'] == 1
    assert found['downloads'] == 1


def test_times_stock_is_told_where_the_stock_driver_has_such_a_boot():
    (table,) = answer(BOOTS).tables
    column = table.header.index('times stock')
    size, side = table.header.index('image, MiB'), table.header.index('side')
    told = {(row[size], row[side]): row[column] for row in table.rows}
    assert told == {
        ('32', 'eic'): '0.50',
        ('32', 'stock'): '1.00',
        ('1024', 'eic'): '-',
    }
