"""A LIF is not an SVM, a junction path is not a FlexVol's name."""

from typing import Any

import pytest

from eic_plugins.model import ImageCopy, Reason, Refusal
from eic_plugins.ontap.namespace import Namespace, UnknownShareError
from eic_plugins.ontap.session import OntapRejectedError
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_ontap import FakeSession

LIFS = ('GET', '/api/network/ip/interfaces')
VOLUMES = ('GET', '/api/storage/volumes')
CLUSTER = ('GET', '/api/cluster')


def volume(name: Any, path: Any) -> Any:
    return {'name': name, 'uuid': f'uuid-{name}', 'nas': {'path': path}}


def session(*volumes: Any) -> Any:
    return FakeSession(
        {
            LIFS: {
                'records': [
                    {'ip': {'address': '127.0.11.1'}, 'svm': {'name': 'svm_gold'}},
                    {'ip': {'address': '127.0.11.2'}, 'svm': {'name': 'svm_gold'}},
                    {'ip': {'address': '127.0.10.1'}},
                ]
            },
            VOLUMES: {'records': list(volumes)},
            CLUSTER: {'uuid': 'cluster-uuid'},
        }
    )


def test_any_lif_of_the_svm_leads_to_the_same_flexvol() -> None:
    namespace = Namespace(session(volume('images_vol', '/images')), 'svm_gold')
    first = namespace.locate(ImageCopy('127.0.11.1', '/images/abc'))
    second = namespace.locate(ImageCopy('127.0.11.2', '/images/abc'))
    assert first == second
    assert (first.flexvol.name, first.path) == ('images_vol', 'abc')
    assert first.flexvol.cluster == 'cluster-uuid'


def test_the_deepest_junction_above_the_file_holds_it() -> None:
    namespace = Namespace(
        session(volume('root', '/'), volume('a', '/a'), volume('b', '/a/b')), 'svm_gold'
    )
    found = namespace.locate(ImageCopy('127.0.11.1', '/a/b/c/d'))
    assert (found.flexvol.name, found.path) == ('b', 'c/d')


def test_all_junctions_above_the_file_are_asked_for_in_one_call() -> None:
    fake = session(volume('a', '/a'))
    Namespace(fake, 'svm_gold').locate(ImageCopy('127.0.11.1', '/a/b/c'))
    queries = [call[2] for call in fake.calls if call[:2] == VOLUMES]
    assert [query['nas.path'] for query in queries] == ['/a/b|/a|/']
    assert queries[0]['svm.name'] == 'svm_gold'


def test_a_second_look_costs_no_call() -> None:
    fake = session(volume('a', '/a'))
    namespace = Namespace(fake, 'svm_gold')
    namespace.locate(ImageCopy('127.0.11.1', '/a/x'))
    before = len(fake.calls)
    namespace.locate(ImageCopy('127.0.11.1', '/a/y'))
    assert len(fake.calls) == before


def test_what_is_remembered_is_looked_up_again_after_a_while() -> None:
    clock = FakeClock()
    fake = session(volume('a', '/a'))
    namespace = Namespace(fake, 'svm_gold', clock)
    namespace.locate(ImageCopy('127.0.11.1', '/a/x'))
    before = len(fake.calls)
    clock.now = 601.0
    namespace.locate(ImageCopy('127.0.11.1', '/a/x'))
    assert len(fake.calls) == before + 2


@pytest.mark.parametrize('server', ['192.0.2.7', '127.0.10.1'])
def test_an_address_that_is_no_svms_lif_is_another_cluster(server: str) -> None:
    found = Namespace(session(), 'svm_gold').locate(ImageCopy(server, '/images/abc'))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.OTHER_CLUSTER


def test_a_path_without_junction_is_outside_the_export() -> None:
    namespace = Namespace(session(), 'svm_gold')
    found = namespace.locate(ImageCopy('127.0.11.1', '/images/abc'))
    assert found.reason is Reason.LOCATION_OUTSIDE_EXPORT


def test_a_path_that_ontap_would_read_as_a_query_matches_nothing() -> None:
    fake = session(volume('a', '/a'))
    found = Namespace(fake, 'svm_gold').locate(ImageCopy('127.0.11.1', '/a|/*/x'))
    assert found.reason is Reason.LOCATION_OUTSIDE_EXPORT
    assert VOLUMES not in [call[:2] for call in fake.calls]


def test_a_share_below_a_junction_is_a_pool_with_a_directory() -> None:
    pool = Namespace(session(volume('a', '/a')), 'svm_gold').pool('127.0.11.1:/a/b')
    assert (pool.flexvol.name, pool.directory) == ('a', 'b')
    assert pool.stored('x').path == 'b/x'


def test_a_share_that_is_a_junction_is_a_pool_without_directory() -> None:
    pool = Namespace(session(volume('a', '/a')), 'svm_gold').pool('127.0.11.1:/a')
    assert (pool.directory, pool.stored('x').path) == ('', 'x')


def test_a_share_of_another_cluster_says_what_is_wrong() -> None:
    with pytest.raises(UnknownShareError, match='not a LIF'):
        Namespace(session(), 'svm_gold').pool('192.0.2.7:/a')


def test_an_svm_scoped_user_needs_no_right_to_read_the_cluster() -> None:
    denied = OntapRejectedError(403, '6', 'not authorized')
    fake = session(volume('a', '/a'))
    fake.answers[CLUSTER] = denied
    located = Namespace(fake, 'svm_gold').locate(ImageCopy('127.0.11.1', '/a/x'))
    assert located.flexvol.cluster == FakeSession.host


def test_a_cluster_that_fails_to_name_itself_once_is_asked_again() -> None:
    fake = session(volume('gold_vol', '/gold'))
    fake.answers[CLUSTER] = OntapRejectedError(500, '65536', 'internal error')
    namespace = Namespace(fake, 'svm_gold')
    first = namespace.locate(ImageCopy('127.0.11.1', '/gold/image'))
    fake.answers[CLUSTER] = {'uuid': 'cluster-uuid'}
    namespace.forget()
    second = namespace.locate(ImageCopy('127.0.11.1', '/gold/image'))
    assert first.flexvol.cluster == FakeSession.host
    assert second.flexvol.cluster == 'cluster-uuid'


def test_sibling_junctions_are_two_flexvols() -> None:
    """As on nearly every system: /vol1 and /vol2 on one SVM."""

    class Queried(FakeSession):
        def records(self, path: Any, **params: Any) -> Any:
            found = super().records(path, **params)
            wanted = params.get('nas.path', '').split('|')
            return [r for r in found if 'nas' not in r or r['nas']['path'] in wanted]

    fake = Queried(session(volume('v1', '/vol1'), volume('v2', '/vol2')).answers)
    namespace = Namespace(fake, 'svm_gold')
    pools = [namespace.pool(f'127.0.11.1:/vol{n}') for n in (1, 2)]
    files = [namespace.locate(ImageCopy('127.0.11.1', f'/vol{n}/x')) for n in (1, 2)]
    assert [(p.flexvol.name, p.directory) for p in pools] == [('v1', ''), ('v2', '')]
    assert [(f.flexvol.name, f.path) for f in files] == [('v1', 'x'), ('v2', 'x')]


def test_a_share_of_another_svm_is_no_pool_of_the_backend() -> None:
    with pytest.raises(UnknownShareError, match='netapp_vserver'):
        Namespace(session(volume('a', '/a')), 'svm_silver').pool('127.0.11.1:/a')


def test_an_address_in_two_ipspaces_is_the_backends_for_its_shares_alone() -> None:
    fake = session(volume('a', '/a'))
    twin = {'ip': {'address': '127.0.11.1'}, 'svm': {'name': 'tenant'}}
    lifs = fake.answers[LIFS]['records']
    for records in ([twin, *lifs], [*lifs, twin]):
        fake.answers[LIFS] = {'records': records}
        namespace = Namespace(fake, 'svm_gold')
        assert namespace.pool('127.0.11.1:/a').flexvol.svm == 'svm_gold'
        assert namespace.locate(ImageCopy('127.0.11.1', '/a/x')) == Refusal.of_location(
            Reason.LOCATION_AMBIGUOUS
        )
        assert '127.0.11.1' not in namespace.lifs_of('svm_gold')


def test_an_address_of_two_other_svms_is_no_pool_of_the_backend() -> None:
    fake = session(volume('a', '/a'))
    twin = {'ip': {'address': '127.0.11.1'}, 'svm': {'name': 'tenant'}}
    fake.answers[LIFS]['records'].append(twin)
    with pytest.raises(UnknownShareError, match='several SVMs'):
        Namespace(fake, 'svm_silver').pool('127.0.11.1:/a')


def test_forgetting_looks_everything_up_again() -> None:
    fake = session(volume('a', '/a'))
    namespace = Namespace(fake, 'svm_gold')
    namespace.pool('127.0.11.1:/a')
    before = len(fake.calls)
    namespace.forget()
    namespace.pool('127.0.11.1:/a')
    assert len(fake.calls) == before + 2


ROOT = {**volume('svm_root', '/'), 'is_svm_root': True, 'type': 'rw'}
ROOT_MIRROR = {**volume('svm_root_m1', '/'), 'type': 'ls'}
MIRROR = {**volume('mirror', '/a'), 'type': 'dp', 'state': 'online'}
OFFLINE = {**volume('offline', '/a'), 'type': 'rw', 'state': 'offline'}


def test_the_root_of_an_svm_and_its_mirrors_hold_no_image() -> None:
    namespace = Namespace(session(ROOT, ROOT_MIRROR), 'svm_gold')
    found = namespace.locate(ImageCopy('127.0.11.1', '/a/x'))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.LOCATION_OUTSIDE_EXPORT


@pytest.mark.parametrize('unusable', [MIRROR, OFFLINE], ids=['mirror', 'offline'])
def test_what_cannot_be_read_and_written_is_refused_as_that(
    unusable: dict[str, Any],
) -> None:
    namespace = Namespace(session(ROOT, unusable), 'svm_gold')
    found = namespace.locate(ImageCopy('127.0.11.1', '/a/x'))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.FLEXVOL_UNUSABLE
    with pytest.raises(UnknownShareError, match='offline, or a mirror'):
        namespace.pool('127.0.11.1:/a')


def test_no_pool_is_on_what_cannot_be_read_and_written() -> None:
    listed = [
        {**each, 'svm': {'name': 'svm_gold'}}
        for each in (ROOT, ROOT_MIRROR, MIRROR, OFFLINE, volume('gold', '/gold'))
    ]
    namespace = Namespace(session(*listed), 'svm_gold')
    assert [found.name for found in namespace.flexvols(['svm_gold'])] == ['gold']
    with pytest.raises(UnknownShareError, match='online and no mirror'):
        namespace.flexvol('mirror')
