"""The topology file."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.errors.common import ConfigError
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.topology import config, values

from tests.unit.conftest import TOPOLOGY


def changed(change: Any) -> dict[str, Any]:
    data = copy.deepcopy(TOPOLOGY)
    change(data)
    return data


@pytest.mark.parametrize(
    ('text', 'size'),
    [
        (4096, 4096),
        ('4096', 4096),
        ('1KiB', 1024),
        ('2 GiB', 2 << 30),
        ('3TB', 3 << 40),
        ('5M', 5 << 20),
    ],
)
def test_sizes_are_numbers_or_have_units(text: object, size: int) -> None:
    assert values.parse_size(text) == size


@pytest.mark.parametrize('text', ['', '1XB', 'GiB', -1, True, '0', 1.5])
def test_wrong_sizes_are_refused(text: object) -> None:
    with pytest.raises(ConfigError, match='is not a size'):
        values.parse_size(text)


@pytest.mark.parametrize(
    'listen',
    [
        '0.0.0.0:443',
        '10.0.0.1:443',
        'localhost:443',
        '127.0.0.1',
        '127.0.0.1:70000',
        '127.0.0.1:x',
    ],
)
def test_only_loopback_is_listened_on(listen: str) -> None:
    with pytest.raises(ConfigError, match='loopback'):
        values.parse_listen(listen)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda d: d.pop('cluster'), r'table \[cluster\]'),
        (lambda d: d['cluster'].pop('name'), 'needs "name"'),
        (lambda d: d['cluster'].update(version='9.15'), 'version'),
        (lambda d: d['cluster'].update(copy_limit=-1), 'copy_limit'),
        (lambda d: d.update(users=[]), 'at least one'),
        (lambda d: d['users'][0].pop('password'), 'password_file'),
        (lambda d: d['users'][0].update(role='root'), 'role'),
        (lambda d: d['users'][1].update(name='admin'), 'Two users'),
        (lambda d: d['svms'][0].update(name='../x'), 'name'),
        (lambda d: d['svms'][0]['lifs'][0].update(address='x'), 'LIF lif1'),
        (
            lambda d: d['svms'][1]['lifs'][0].update(address='127.0.1.1'),
            'Two LIF addresses',
        ),
        (
            lambda d: (
                [svm.update(ipspace='tenants') for svm in d['svms']]
                and d['svms'][1]['lifs'][0].update(address='127.0.1.1')
            ),
            'Two LIF addresses of the IPspace tenants',
        ),
        (
            lambda d: d['svms'][0]['volumes'][0].update(junction_path='/a/../b'),
            'junction path',
        ),
        (
            lambda d: d['svms'][0]['volumes'][0].update(junction_path='/tiny'),
            'Two junction paths',
        ),
        (lambda d: d['svms'][0]['volumes'][0].update(aggregate='none'), 'aggregate'),
        (lambda d: d['svms'][0].update(protocols='iscsi'), 'protocols'),
        (lambda d: d['svms'][0].update(protocols=[]), 'protocols'),
        (lambda d: d['svms'][0].update(protocols=['nfs', 'smb']), 'smb'),
    ],
)
def test_mistakes_are_explained(change: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.parse(changed(change))


def test_flexvol_need_not_be_mounted(tmp_path: Path) -> None:
    volumes = TOPOLOGY['svms'][0]['volumes']
    data = changed(
        lambda d: d['svms'][0].update(
            volumes=[
                {key: value for key, value in volume.items() if key != 'junction_path'}
                for volume in volumes
            ]
        )
    )
    cluster = Cluster(config.parse(data), tmp_path)
    cluster.write_exports()
    exports = json.loads((tmp_path / 'exports.json').read_text())
    assert {e['junction_path'] for e in exports} == {'/three'}


def test_svm_serves_nfs_unless_told_otherwise() -> None:
    assert config.parse(TOPOLOGY).svms[1].protocols == ('nfs',)


def test_password_may_be_in_a_file_next_to_the_topology(tmp_path: Path) -> None:
    (tmp_path / 'secret').write_text('from the file\n')
    data = changed(lambda d: d.update(users=[{'name': 'u', 'password_file': 'secret'}]))
    assert config.parse(data, tmp_path).users[0].password == 'from the file'


def test_password_is_in_no_representation() -> None:
    assert 'secret' not in repr(config.parse(TOPOLOGY))


def test_listen_option_replaces_the_files(tmp_path: Path) -> None:
    file = tmp_path / 'topology.toml'
    file.write_text(
        '[cluster]\nname = "c"\nlisten = "127.0.0.1:1"\n'
        '[[users]]\nname = "u"\npassword = "p"\n'
    )
    assert config.load(file, '127.0.0.2:2').port == 2


def test_unreadable_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='Cannot read the topology'):
        config.load(tmp_path / 'none')


def test_an_address_may_be_in_two_ipspaces_of_which_one_is_mounted(
    tmp_path: Path,
) -> None:
    data = changed(
        lambda d: d['svms'][1].update(
            ipspace='tenants', lifs=[{'name': 'l', 'address': '127.0.1.1'}]
        )
    )
    cluster = Cluster(config.parse(data), tmp_path)
    assert [
        (lif.svm.name, lif.record()['ipspace']['name'])
        for lif in cluster.lifs
        if lif.address == '127.0.1.1'
    ] == [(data['svms'][0]['name'], 'Default'), (data['svms'][1]['name'], 'tenants')]
    assert cluster.svms[1].record([])['ipspace']['name'] == 'tenants'
    cluster.write_exports()
    exports = json.loads((tmp_path / 'exports.json').read_text())
    assert {e['junction_path'] for e in exports}.isdisjoint(
        {v['junction_path'] for v in data['svms'][1]['volumes']}
    )
