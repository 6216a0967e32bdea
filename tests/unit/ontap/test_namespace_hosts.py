"""Whatever a server is called, and however deep an export is."""

from typing import Any

import pytest

from eic_plugins.model import ImageCopy, Reason, Refusal
from eic_plugins.ontap import namespace as module
from eic_plugins.ontap.namespace import Namespace, UnknownShareError
from tests.unit.fake_ontap import FakeSession

LIFS = {
    '192.0.2.11': 'svm_gold',
    'FD00:0:0::0011': 'svm_gold',
    '192.0.2.12': 'svm_gold',
    '192.0.2.21': 'svm_silver',
}
JUNCTIONS = {
    'gold_root': '/',
    'gold_vol': '/pools/first',
    'images_vol': '/images',
    'nested_vol': '/images/archive/old',
    'odd_vol': '/images2',
}


class Cluster(FakeSession):
    """Two SVMs; volumes are selected by ``nas.path`` as ONTAP does it."""

    def __init__(self) -> None:
        super().__init__(
            {
                ('GET', '/api/network/ip/interfaces'): {
                    'records': [
                        {'ip': {'address': address}, 'svm': {'name': svm}}
                        for address, svm in LIFS.items()
                    ]
                },
                ('GET', '/api/storage/volumes'): {
                    'records': [
                        {'name': name, 'uuid': f'uuid-{name}', 'nas': {'path': path}}
                        for name, path in JUNCTIONS.items()
                    ]
                },
                ('GET', '/api/cluster'): {'uuid': 'cluster-a'},
            }
        )

    def records(self, path: Any, **params: Any) -> Any:
        wanted = params.get('nas.path', '').split('|')
        return [
            record
            for record in super().records(path, **params)
            if 'nas' not in record or record['nas']['path'] in wanted
        ]


@pytest.fixture
def namespace() -> Namespace:
    return Namespace(Cluster(), 'svm_gold')


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the resolver knows."""
    known = {}
    monkeypatch.setattr(
        module, 'addresses', lambda server: known.get(server, (server,))
    )
    return known


def place(found: Any) -> Any:
    return found.flexvol.name, found.path


@pytest.mark.parametrize(
    'server',
    ['192.0.2.11', '192.0.2.12', 'fd00::11', 'FD00::11', 'fd00:0:0:0:0:0:0:11'],
)
def test_any_form_of_any_lif_is_the_svm(namespace: Namespace, server: str) -> None:
    found = namespace.locate(ImageCopy(server, '/images/abc'))
    assert place(found) == ('images_vol', 'abc')
    assert found.flexvol.svm == 'svm_gold'


@pytest.mark.parametrize(
    'resolved',
    [
        ('192.0.2.12',),
        ('198.51.100.1', '192.0.2.11'),
        ('192.0.2.11', '192.0.2.12'),
        ('fd00::11', '192.0.2.11'),
    ],
)
def test_a_name_is_the_svm_that_has_one_of_its_addresses(
    namespace: Namespace, names: dict[str, Any], resolved: tuple[str, ...]
) -> None:
    names['nfs-1.example.org'] = resolved
    found = namespace.locate(ImageCopy('nfs-1.example.org', '/images/abc'))
    assert place(found) == ('images_vol', 'abc')


@pytest.mark.parametrize(
    'resolved', [('192.0.2.11', '192.0.2.21'), ('192.0.2.21', '192.0.2.11')]
)
def test_a_name_for_two_svms_is_ambiguous_whichever_comes_first(
    namespace: Namespace, names: dict[str, Any], resolved: tuple[str, ...]
) -> None:
    names['nfs.example.org'] = resolved
    found = namespace.locate(ImageCopy('nfs.example.org', '/images/abc'))
    assert found == Refusal.of_location(Reason.LOCATION_AMBIGUOUS)
    with pytest.raises(UnknownShareError, match='several SVMs'):
        namespace.pool('nfs.example.org:/pools/first')


def test_a_name_that_does_not_resolve_is_no_lif(namespace: Namespace) -> None:
    found = namespace.locate(ImageCopy('no-such-host.invalid', '/images/abc'))
    assert found.reason is Reason.OTHER_CLUSTER


@pytest.mark.parametrize(
    ('path', 'where'),
    [
        ('/images/abc', ('images_vol', 'abc')),
        ('/images/glance/store/abc', ('images_vol', 'glance/store/abc')),
        ('/images/archive/abc', ('images_vol', 'archive/abc')),
        ('/images/archive/old/abc', ('nested_vol', 'abc')),
        ('/images/archive/old/qtree/abc', ('nested_vol', 'qtree/abc')),
        ('/images/archive/older/abc', ('images_vol', 'archive/older/abc')),
        ('/images2/abc', ('odd_vol', 'abc')),
        ('/images3/abc', ('gold_root', 'images3/abc')),
        ('/abc', ('gold_root', 'abc')),
        ('/pools/abc', ('gold_root', 'pools/abc')),
        ('/pools/first/x y%20z/abc', ('gold_vol', 'x y%20z/abc')),
    ],
)
def test_the_nearest_junction_above_a_file_holds_it(
    namespace: Namespace, path: str, where: tuple[str, ...]
) -> None:
    assert place(namespace.locate(ImageCopy('192.0.2.11', path))) == where


@pytest.mark.parametrize(
    ('share', 'name', 'directory'),
    [
        ('192.0.2.11:/pools/first', 'gold_vol', ''),
        ('192.0.2.11:/pools/first/qtree', 'gold_vol', 'qtree'),
        ('[fd00::11]:/pools/first', 'gold_vol', ''),
        ('[FD00:0::11]:/images/archive/old/a/b', 'nested_vol', 'a/b'),
    ],
)
def test_a_share_is_a_directory_of_a_flexvol(
    namespace: Namespace, share: str, name: str, directory: str
) -> None:
    pool = namespace.pool(share)
    assert (pool.flexvol.name, pool.directory) == (name, directory)


def test_an_image_in_the_pools_export_is_in_the_pools_flexvol(
    namespace: Namespace,
) -> None:
    """By two names of one place: another LIF, and another form of it."""
    pool = namespace.pool('192.0.2.12:/pools/first/qtree')
    found = namespace.locate(ImageCopy('fd00:0::11', '/pools/first/glance/abc'))
    assert found.flexvol == pool.flexvol


def test_the_scheduler_is_told_addresses_in_one_form(namespace: Namespace) -> None:
    assert namespace.lifs_of('svm_gold') == ('192.0.2.11', '192.0.2.12', 'fd00::11')
