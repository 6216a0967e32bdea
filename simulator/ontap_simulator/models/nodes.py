"""Nodes and their aggregates."""

import dataclasses

from ontap_simulator.records import Record, link


@dataclasses.dataclass(frozen=True)
class Node:
    """A controller."""

    name: str
    uuid: str

    def reference(self) -> Record:
        """How other records refer to it."""
        return {'name': self.name, 'uuid': self.uuid}

    def record(self, version: str, partner: 'Node | None') -> Record:
        """The node as ``/cluster/nodes`` shows it."""
        return {
            **self.reference(),
            '_links': link(f'/cluster/nodes/{self.uuid}'),
            'model': 'SIMBOX',
            'state': 'up',
            'serial_number': '4048820-60-9',
            'version': version_record(version),
            'membership': 'member',
            'is_all_flash_optimized': True,
            'is_all_flash_select_optimized': False,
            'uptime': 86400,
            'ha': _ha(partner),
            'location': '',
            'service_processor': {
                'state': 'online',
                'type': 'sp',
                'dhcp_enabled': False,
                'is_ip_configured': True,
                'firmware_version': '13.9',
            },
        }


def _ha(partner: Node | None) -> Record:
    if partner is None:
        return {'enabled': False, 'auto_giveback': False}
    return {
        'enabled': True,
        'auto_giveback': False,
        'partners': [{'name': partner.name, 'uuid': partner.uuid}],
    }


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """A local tier."""

    name: str
    uuid: str
    size: int
    node: Node

    def record(self, used: int) -> Record:
        """The aggregate as ``/storage/aggregates`` shows it."""
        return {
            'name': self.name,
            'uuid': self.uuid,
            'state': 'online',
            'snaplock_type': 'non_snaplock',
            'data_encryption': {
                'software_encryption_enabled': False,
                'drive_protection_enabled': False,
            },
            'node': self.node.reference(),
            'home_node': self.node.reference(),
            'block_storage': {
                'primary': {
                    'raid_type': 'raid_dp',
                    'disk_count': 8,
                    'disk_class': 'solid_state',
                    'disk_type': 'ssd',
                    'raid_size': 24,
                    'checksum_style': 'block',
                },
                'mirror': {'enabled': False, 'state': 'unmirrored'},
                'hybrid_cache': {'enabled': False},
                'storage_type': 'ssd',
            },
            'space': {
                'block_storage': {
                    'size': self.size,
                    'used': used,
                    'available': max(0, self.size - used),
                }
            },
            '_links': link(f'/storage/aggregates/{self.uuid}'),
        }

    def disk(self) -> Record:
        """The one disk that stands for all of its disks."""
        return {
            'name': f'{self.name}.disk',
            'uid': self.uuid,
            'aggregates': [{'name': self.name, 'uuid': self.uuid}],
            'type': 'ssd',
            'effective_type': 'ssd',
            'class': 'solid_state',
            'state': 'present',
            'node': self.node.reference(),
        }


def version_record(version: str) -> Record:
    """A version as ``/cluster`` shows it."""
    generation, major, minor = (int(part) for part in version.split('.'))
    return {
        'full': f'NetApp Release {version}: simulator',
        'generation': generation,
        'major': major,
        'minor': minor,
    }
