"""The arithmetic between the boots and the answer."""

from benchmarks import servers
from benchmarks.servers import Booted, Way

STOCK = Way('stock', 'boot from volume', servers._typed('stock'))
EIC = Way('eic', 'boot from volume', servers._typed('eic'))


def answer(eic):
    return servers._answer({1: {
        STOCK: [Booted([4.0], ['ACTIVE'], ['-'], ['left']),
                Booted([6.0], ['ACTIVE'], ['-'], [])],
        EIC: [eic]}})


def missed(answered):
    return [target['what'].partition(': ')[2] for target in answered['targets']
            if not target['met']]


def test_a_ratio_is_of_medians_of_one_run():
    answered = answer(Booted([1.0], ['ACTIVE'], ['cached'], []))
    assert answered['targets'][0]['measured'] == 1 / 5
    assert missed(answered) == []


def test_what_was_missed_is_said():
    assert missed(answer(Booted([3.0], ['ERROR'], [], ['volume-1']))) == [
        'median time to ACTIVE, times stock', 'servers that are not ACTIVE',
        'files left']


def test_what_the_stock_driver_leaves_is_shown_and_no_target():
    answered = answer(Booted([1.0], ['ACTIVE'], ['cached'], []))
    stock_row = answered['tables'][0]['rows'][0]
    assert stock_row[1] == 'stock'
    assert stock_row[-1] == '1'


def test_both_sides_ask_for_a_pool_in_the_same_flexvol():
    types = {way.driver: way.fields('image')['block_device_mapping_v2'][0][
        'volume_type'] for way in (STOCK, EIC)}
    assert types == {'stock': 'stock-images', 'eic': 'eic-images'}
