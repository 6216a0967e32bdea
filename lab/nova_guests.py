"""Nova's libvirt driver on the hosts with guests: configuration, and nova-compute."""

from pathlib import Path

from lab import (
    files,
    guest_support,
    guests,
    libvirtd,
    nova,
    nova_config,
    nova_services,
)
from lab.context import Lab
from lab.guests import GuestHost

# Of a guest that does not hear that it shall shut down, as many do not.
_SHUTDOWN_SECONDS = 20


def start(lab: Lab, host: GuestHost) -> None:
    """Have its nova-compute running; lab/guest_hosts.py waits until it is known."""
    files.write_private(config(lab, host), files.ini(sections(lab, host)))
    nova_services.start_guest_compute(
        lab,
        host.compute,
        machine=host.machine,
        python_path=guest_support.python_path(lab),
    )


def config(lab: Lab, host: GuestHost) -> Path:
    """What its nova-compute reads besides the common file."""
    return nova.configs(lab, host.compute)[-1]


def sections(lab: Lab, host: GuestHost) -> files.Sections:
    """What it adds to the common configuration."""
    own = files.private_dir(guests.directory_of(lab, host) / 'nova')
    return {
        'DEFAULT': {
            'host': host.name,
            'state_path': own,
            'instances_path': files.private_dir(guests.instances(lab, host)),
            'compute_driver': 'libvirt.LibvirtDriver',
            # There is no network whose state could change.
            'heal_instance_info_cache_interval': -1,
            'shutdown_timeout': _SHUTDOWN_SECONDS,
            'reserved_host_memory_mb': 0,
            # Ten guests at once, on a machine with two cores.
            'cpu_allocation_ratio': 64,
        },
        'libvirt': {
            'virt_type': 'qemu',
            'cpu_mode': 'none',
            # QEMU without acceleration would take 1 GiB for translated code.
            'tb_cache_size': 32,
            'num_pcie_ports': 0,
            'nfs_mount_point_base': files.private_dir(own / 'mnt'),
            'live_migration_uri': migration_uri(lab, host),
        },
        'workarounds': {'disable_rootwrap': True},
        'cinder': nova_config.cinder_section(lab, host.driver),
    }


def migration_uri(lab: Lab, host: GuestHost) -> str:
    """Where a host finds the libvirtd of another one, whose name is %s."""
    own = str(libvirtd.socket_file(lab, host))
    return f'qemu+unix:///system?socket={own.replace(f"/{host.name}/", "/%s/")}'
