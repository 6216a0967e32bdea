"""The lab's addresses and names fit together."""

import pytest

from lab import ports, topology
from lab.errors import LabError


def test_every_pool_is_an_export_of_a_flexvol_of_its_backend() -> None:
    for pool in topology.pools():
        cluster, svm, _ = topology.flexvol_of(pool.share)
        assert (cluster.name, svm.name) == (pool.backend.cluster, pool.backend.svm)


def test_both_drivers_have_the_same_pools() -> None:
    by_driver = {
        driver: {p.share for p in topology.pools() if p.driver == driver}
        for driver in topology.DRIVERS
    }
    assert by_driver['eic'] == by_driver['stock']
    assert len(by_driver['eic']) == 5


def test_junction_paths_are_not_flexvol_names() -> None:
    for pool in topology.pools():
        _, _, volume = topology.flexvol_of(pool.share)
        assert volume.junction_path is not None
        assert volume.junction_path.strip('/') != volume.name


def test_a_pool_is_named_as_the_scheduler_names_it() -> None:
    hosts = {p.volume_type: p.host for p in topology.pools()}
    assert hosts['stock-gold'] == ('lab-stock@stock-gold#127.0.11.1:/tenants/gold')
    assert hosts['eic-images'] == 'lab-eic@eic-gold#127.0.11.1:/images'


def test_a_type_selects_one_pool_or_all_of_a_driver() -> None:
    types = topology.volume_types()
    assert types['eic'] == {'volume_backend_name': 'eic'}
    assert types['eic-silver'] == {
        'volume_backend_name': 'eic',
        'pool_name': '127.0.12.1:/silver',
    }
    assert types['stock-iscsi'] == {'volume_backend_name': 'stock-iscsi'}
    assert types['eic-block-two'] == {
        'volume_backend_name': 'eic-iscsi',
        'pool_name': 'block_two',
    }
    assert len(types) == 18


def test_a_pool_of_luns_is_a_flexvol_of_its_backend() -> None:
    for pool in topology.block_pools():
        cluster = topology.cluster_named(pool.backend.cluster)
        svm = next(s for s in cluster.svms if s.name == pool.backend.svm)
        assert pool.share in {volume.name for volume in svm.volumes}
        assert 'iscsi' in svm.protocols
        assert pool.host.endswith(f'{pool.driver}-block#{pool.share}')


def test_an_unknown_share_is_refused() -> None:
    with pytest.raises(LabError, match=r'127\.0\.11\.1:/gold_vol'):
        topology.flexvol_of('127.0.11.1:/gold_vol')


def test_glance_and_cinder_reach_the_images_through_different_lifs() -> None:
    images = next(p for p in topology.pools() if p.name == 'images')
    assert topology.flexvol_of(images.share) == topology.flexvol_of(
        topology.IMAGE_SHARE
    )
    assert images.share != topology.IMAGE_SHARE


def test_no_two_services_share_a_port() -> None:
    everything = ports.Ports().all()
    assert len(everything) == len(ports.PORT_OFFSETS) + 2
    assert everything['127.0.10.1', 18443] == 'simulator-cluster-a'


def test_the_port_base_moves_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('EIC_LAB_PORT_BASE', '28000')
    moved = ports.ports_from_environment()
    assert moved.url('cinder-api') == 'http://127.0.0.1:28776'
    assert moved.cluster_url(topology.CLUSTERS[1]) == ('https://127.0.20.1:28444')


@pytest.mark.parametrize('text', ['', 'many', '80', '65000', '-1'])
def test_a_port_base_that_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv('EIC_LAB_PORT_BASE', text)
    with pytest.raises(LabError, match='EIC_LAB_PORT_BASE'):
        ports.ports_from_environment()
