"""What a pool tells the scheduler is small, true, and soon true again."""

from eic_plugins.volume.report import PoolReport
from tests.unit.factories import pool


class Lifs:
    def lifs_of(self, svm):
        return (f'{svm}-lif',)


class Cache:
    def __init__(self, *ids):
        self.pool = pool()
        self.ids = list(ids)
        self.scans = 0
        self.storage = self

    def image_ids(self):
        self.scans += 1
        return iter(self.ids)


def test_a_pool_says_where_it_is_and_what_it_has():
    cache = Cache('old')
    report = PoolReport(Lifs())
    report.add(cache.pool.name, 'new')
    assert report.facts(cache) == {
        'cluster': 'cluster-a', 'svm': 'svm_gold',
        'flexvol': cache.pool.flexvol.uuid,
        'junction_path': '/mnt/gold_vol', 'servers': ['svm_gold-lif'],
        'cached': ['old']}
    report.add(cache.pool.name, 'new')
    assert report.facts(cache)['cached'] == ['old', 'new']


def test_the_directory_is_read_again_after_a_while_only():
    now = [0.0]
    cache, report = Cache('a'), PoolReport(Lifs(), clock=lambda: now[0])
    report.facts(cache)
    cache.ids = ['b']
    assert report.facts(cache)['cached'] == ['a']
    now[0] = 601.0
    assert report.facts(cache)['cached'] == ['b']
    assert cache.scans == 2


def test_the_report_is_bounded():
    cache, report = Cache(), PoolReport(Lifs())
    report.facts(cache)
    for number in range(1000):
        report.add(cache.pool.name, f'image-{number}')
    found = report.facts(cache)['cached']
    assert len(found) == 256
    assert found[-1] == 'image-999'
