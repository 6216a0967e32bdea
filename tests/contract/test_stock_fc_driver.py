"""Cinder's own NetApp Fibre Channel driver sets up and connects."""

from typing import Any

PROTOCOL = 'fc'
CONNECTOR = {'wwpns': ['21000024ff406cc3', '21000024ff406cc2'], 'host': 'host1'}


def test_connection_names_the_targets_of_every_initiator(
    driver: Any, created: Any
) -> None:
    data = driver.initialize_connection(created, CONNECTOR)['data']
    assert len(data['target_wwn']) == 2
    assert all(len(wwn) == 16 for wwn in data['target_wwn'])
    assert set(data['initiator_target_map']) == set(CONNECTOR['wwpns'])
    assert data['target_lun'] == 0


def test_last_unmapped_lun_ends_the_zone(driver: Any, created: Any) -> None:
    driver.initialize_connection(created, CONNECTOR)
    info = driver.terminate_connection(created, CONNECTOR)
    assert set(info['data']['initiator_target_map']) == set(CONNECTOR['wwpns'])
