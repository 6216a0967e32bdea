"""The arithmetic between the boots and the answer."""

import uuid

from benchmarks import server_answer
from benchmarks.model import Answer
from benchmarks.server_boots import Booted, waiting_looks
from benchmarks.server_ways import Way

STOCK = Way('stock', 'again')
EIC = Way('eic', 'again')
VOLUME = str(uuid.uuid4())


def answer(eic: Booted) -> Answer:
    return server_answer.answer(
        {
            (STOCK, 1): [
                Booted([4.0], ['ACTIVE'], ['-'], [2], ['left'], 2.0),
                Booted([6.0], ['ACTIVE'], ['-'], [2], [], 2.0),
            ],
            (EIC, 1): [eic],
        }
    )


def missed(answered: Answer) -> list[str]:
    return [
        target.what.partition(': ')[2] for target in answered.targets if not target.met
    ]


def test_a_ratio_is_of_medians_of_one_run() -> None:
    answered = answer(Booted([1.0], ['ACTIVE'], ['cached'], [1], [], 1.1))
    assert answered.targets[0].measured == 1 / 5
    assert missed(answered) == []


def test_what_was_missed_is_said() -> None:
    assert missed(answer(Booted([3.0], ['ERROR'], [], [2], ['volume-1'], 1.2))) == [
        'median time to ACTIVE, times stock',
        "CPU of the machine for a server, times stock's",
        "Nova's looks at a volume until it is there",
        'servers that are not ACTIVE',
        'files left',
    ]


def test_ten_at_once_are_asked_for_work_and_not_for_time() -> None:
    booted = Booted([3.0] * 10, ['ACTIVE'] * 10, ['cached'] * 10, [1] * 10, [], 5.0)
    stock = Booted([4.0] * 10, ['ACTIVE'] * 10, ['-'] * 10, [1] * 10, [], 10.0)
    answered = server_answer.answer({(STOCK, 10): [stock], (EIC, 10): [booted]})
    assert missed(answered) == []
    assert answered.targets[0].measured == 0.5


def test_what_the_stock_driver_leaves_is_shown_and_no_target() -> None:
    answered = answer(Booted([1.0], ['ACTIVE'], ['cached'], [1], [], 1.1))
    stock_row = answered.tables[0].rows[0]
    assert stock_row[2] == 'stock'
    assert stock_row[-1] == '1'


def test_each_situation_has_its_own_stock() -> None:
    first = [Booted([1.0], ['ACTIVE'], ['flexclone'], [1], [], 1.0)]
    answered = server_answer.answer(
        {
            (STOCK, 1): first,
            (Way('stock', 'first'), 1): [
                Booted([10.0], ['ACTIVE'], ['-'], [5], [], 4.0)
            ],
            (Way('eic', 'first'), 1): first,
        }
    )
    assert answered.targets[0].measured == 1 / 10


def test_both_sides_ask_for_a_pool_in_the_same_flexvol_or_for_none() -> None:
    def types(situation: str) -> dict[str, str | None]:
        return {
            driver: Way(driver, situation)
            .fields('image')['block_device_mapping_v2'][0]
            .get('volume_type')
            for driver in ('stock', 'eic')
        }

    assert types('again') == {'stock': 'stock-images', 'eic': 'eic-images'}
    assert types('first') == {'stock': None, 'eic': None}


def test_novas_looks_are_those_before_it_attaches() -> None:
    def entry(
        user_agent: str, method: str = 'GET', path: str = f'/v3/p/volumes/{VOLUME}'
    ) -> dict[str, str]:
        return {'method': method, 'path': path, 'user_agent': user_agent}

    nova = entry('python-cinderclient')
    assert waiting_looks(
        [
            nova,
            nova,
            entry('bench'),
            entry('python-cinderclient', 'DELETE'),
            entry('python-cinderclient', path='/v3/p/volumes'),
            nova,
        ]
    ) == {VOLUME: 1}
