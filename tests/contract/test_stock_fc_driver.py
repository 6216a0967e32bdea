"""Cinder's own NetApp Fibre Channel driver sets up and connects."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.simulator import Simulator

CONNECTOR = {'wwpns': ['21000024ff406cc3', '21000024ff406cc2'], 'host': 'host1'}


@pytest.fixture(scope='module')
def admin(served: Simulator,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp('cinder')
    with stock.configured(state, stock.config(
            served, state, netapp_storage_protocol='fc',
            netapp_vserver='svm_san')):
        yield stock.admin_context()


@pytest.fixture(scope='module')
def started(admin: Any) -> Any:
    return stock.start_driver(admin)


@pytest.fixture
def created(started: Any, admin: Any, simulator: Simulator) -> Any:
    """A volume that the driver has created."""
    started.library.lun_table.clear()
    volume = stock.new_volume(admin, 'san_one')
    started.create_volume(volume)
    return volume


def test_connection_names_the_targets_of_every_initiator(
        started: Any, created: Any) -> None:
    data = started.initialize_connection(created, CONNECTOR)['data']
    assert len(data['target_wwn']) == 2
    assert all(len(wwn) == 16 for wwn in data['target_wwn'])
    assert set(data['initiator_target_map']) == set(CONNECTOR['wwpns'])
    assert data['target_lun'] == 0


def test_last_unmapped_lun_ends_the_zone(started: Any, created: Any) -> None:
    started.initialize_connection(created, CONNECTOR)
    info = started.terminate_connection(created, CONNECTOR)
    assert set(info['data']['initiator_target_map']) == set(CONNECTOR['wwpns'])
