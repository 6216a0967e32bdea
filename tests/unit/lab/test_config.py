"""The configuration that the lab writes for its services."""

import configparser
import tomllib
from pathlib import Path

import pytest
from ontap_simulator.topology import config as simulator_config

from lab import (
    cinder_config,
    cinder_hosts,
    context,
    description,
    identity,
    mariadb,
    namespace,
    simulator,
)
from lab.context import Lab
from lab.errors import LabError
from lab.paths import Paths, from_environment
from lab.ports import ports_from_environment
from lab.topology import CLUSTERS


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    return context.load(Paths(tmp_path / 'lab'))


def test_a_simulator_is_told_the_topology(lab: Lab) -> None:
    config = tomllib.loads(simulator.topology_toml(lab, CLUSTERS[0]))
    assert config['cluster']['listen'] == '127.0.10.1:18443'
    gold, silver, block = config['svms']
    assert [lif['address'] for lif in gold['lifs']] == ['127.0.11.1', '127.0.11.2']
    assert [v['junction_path'] for v in gold['volumes']] == [
        '/images',
        '/tenants/gold',
        '/tenants/bronze',
    ]
    assert silver['volumes'][0]['name'] == 'silver_vol'
    assert {u['name'] for u in config['users']} == {'eic', 'stock', 'lab'}
    assert (gold['protocols'], block['protocols']) == (['nfs'], ['iscsi'])
    assert not any('junction_path' in volume for volume in block['volumes'])
    simulator_config.parse(config, lab.paths.state)


def test_a_cluster_has_the_release_that_the_environment_names(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services have nothing else of it. A running cluster of another is restarted."""
    monkeypatch.delenv(simulator.VERSION, raising=False)
    plain = simulator.service_of(lab, CLUSTERS[0])
    monkeypatch.setenv(simulator_config.VERSION, '9.11.1')
    old = simulator.service_of(lab, CLUSTERS[0])
    assert old.env == {simulator_config.VERSION: '9.11.1'}
    assert simulator_config.VERSION not in plain.env
    assert old.fingerprint() != plain.fingerprint()


def test_passwords_do_not_stand_in_the_topology(lab: Lab) -> None:
    text = simulator.topology_toml(lab, CLUSTERS[0])
    assert not any(secret in text for secret in lab.secrets.values.values())


def test_a_second_host_shares_nothing_with_the_first_but_the_flexvols(lab: Lab) -> None:
    etcd_url = 'etcd3+http://127.0.0.1:18379'
    cinder_hosts.write(lab)
    found = configparser.ConfigParser(interpolation=None)
    found.read([*cinder_hosts.configs(lab, cinder_hosts.SECOND)][-2:])
    first = cinder_config.volume_sections(lab, 'eic')
    assert found['coordination']['backend_url'] == etcd_url
    own = found['DEFAULT']
    assert own['host'] != first['DEFAULT']['host']
    for section in ('eic-gold', 'eic-silver', 'eic-remote'):
        assert set(found[section]) - set(found.defaults()) == {
            'volume_backend_name',
            'nfs_mount_point_base',
        }
        for option in ('volume_backend_name', 'nfs_mount_point_base'):
            assert found[section][option] != str(first[section][option])
    assert found['eic']['metrics_directory'] != str(first['eic']['metrics_directory'])


def test_the_two_drivers_differ_in_driver_and_user_alone(lab: Lab) -> None:
    eic = cinder_config.volume_sections(lab, 'eic')['eic-gold']
    stock = cinder_config.volume_sections(lab, 'stock')['stock-gold']
    differing = {key for key in eic if eic[key] != stock[key]}
    assert differing == {
        'volume_driver',
        'volume_backend_name',
        'netapp_login',
        'netapp_password',
        'nfs_shares_config',
        'nfs_mount_point_base',
    }


def test_block_backends_differ_in_driver_user_and_cinders_own_cache(lab: Lab) -> None:
    eic = cinder_config.volume_sections(lab, 'eic')['eic-block']
    stock = cinder_config.volume_sections(lab, 'stock')['stock-block']
    differing = {key for key in eic if eic[key] != stock[key]}
    assert differing == {
        'volume_driver',
        'volume_backend_name',
        'netapp_login',
        'netapp_password',
        'image_volume_cache_enabled',
    }
    assert stock['image_volume_cache_enabled'] is True
    assert str(stock['lab_flexvols']).endswith('cluster-a/volumes/svm_block')


def test_cinders_internal_tenant_is_known_once_keystone_knows_it(lab: Lab) -> None:
    before = cinder_config.volume_sections(lab, 'stock')['DEFAULT']
    identity.keep_internal_tenant(lab, 'project', 'user')
    after = cinder_config.volume_sections(lab, 'stock')['DEFAULT']
    assert {key: after[key] for key in after.keys() - before.keys()} == {
        'cinder_internal_tenant_project_id': 'project',
        'cinder_internal_tenant_user_id': 'user',
    }


def test_tls_is_verified_against_the_simulators_ca(lab: Lab) -> None:
    section = cinder_config.volume_sections(lab, 'stock')['stock-remote']
    assert section['netapp_ssl_cert_path'] == simulator.ca_file(lab)
    assert section['netapp_transport_type'] == 'https'


def test_the_mount_helper_knows_the_exports_of_both_clusters(lab: Lab) -> None:
    script = namespace.mount_helper(lab)
    assert script.startswith('#!/bin/sh\n')
    assert script.count('exports.json') == 2
    assert script.endswith('"$@"\n')


def test_a_database_is_created_anew() -> None:
    sql = mariadb.database_sql('glance', 'secret', 'glance')
    assert sql.index('DROP DATABASE IF EXISTS') < sql.index('CREATE DATABASE glance')


def test_a_user_keeps_its_other_databases() -> None:
    sql = mariadb.database_sql('nova_cell0', 'secret', 'nova')
    assert 'REPLACE USER' not in sql
    assert "GRANT ALL ON nova_cell0.* TO 'nova'@'127.0.0.1'" in sql


def test_an_openrc_is_shell(lab: Lab) -> None:
    lines = description.openrc(lab, 'demo').splitlines()
    assert all(line.startswith('export OS_') for line in lines)
    assert "export OS_PROJECT_NAME='demo'" in lines


@pytest.mark.parametrize('text', ['relative', '/' + 'x' * 90])
def test_a_state_directory_that_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv('EIC_LAB_DIR', text)
    with pytest.raises(LabError, match='EIC_LAB_DIR'):
        from_environment()


def test_an_empty_environment_means_the_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv('EIC_LAB_DIR', raising=False)
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    assert str(from_environment().state) == '/var/lib/eic-lab'
    assert ports_from_environment().base == 18000


def test_a_lab_keeps_the_ports_that_are_in_its_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('EIC_LAB_PORT_BASE', '28000')
    context.keep_ports(context.load(Paths(tmp_path)))
    monkeypatch.delenv('EIC_LAB_PORT_BASE')
    assert context.load(Paths(tmp_path)).ports.base == 28000
    monkeypatch.setenv('EIC_LAB_PORT_BASE', '18000')
    with pytest.raises(LabError, match='made with 28000'):
        context.load(Paths(tmp_path))
