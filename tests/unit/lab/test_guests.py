"""Hosts with real guests: what each has of its own, and what they share."""

import types
from pathlib import Path

import pytest

from lab import (
    block_devices,
    cinder_config,
    context,
    description,
    guest_machine,
    guests,
    libvirtd,
    namespace,
    nova_config,
    nova_guests,
    proc,
    processes,
)
from lab.context import Lab
from lab.paths import Paths

EIC, STOCK = guests.HOSTS


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    return context.load(Paths(tmp_path / 'lab'))


def test_a_side_has_a_host_in_a_zone_of_its_own() -> None:
    assert [(host.name, host.zone) for host in guests.HOSTS] == [
        ('guest-eic', 'eic-guests'),
        ('guest-stock', 'stock-guests'),
    ]
    assert guests.SECOND.zone == EIC.zone


def test_only_hosts_with_guests_are_told_a_device() -> None:
    assert all(guests.is_guest_host(host.name) for host in guests.ALL)
    for name in ('compute-eic', 'lab-eic', 'lab-stock', 'compute-eic-2'):
        assert not guests.is_guest_host(name)


def test_a_host_has_the_volumes_of_its_side(lab: Lab) -> None:
    for host in guests.ALL:
        found = nova_guests.sections(lab, host)
        assert found['cinder'] == nova_config.cinder_section(lab, host.driver)
        assert found['libvirt']['virt_type'] == 'qemu'


def test_hosts_of_a_side_share_the_servers_directories_and_nothing_else(
    lab: Lab,
) -> None:
    first, second = (nova_guests.sections(lab, host) for host in (EIC, guests.SECOND))
    same = {
        option
        for option in first['DEFAULT']
        if first['DEFAULT'][option] == second['DEFAULT'][option]
    }
    assert 'instances_path' in same
    assert not same & {'host', 'state_path'}
    mounts = 'nfs_mount_point_base'
    assert first['libvirt'][mounts] != second['libvirt'][mounts]
    other = nova_guests.sections(lab, STOCK)
    assert other['DEFAULT']['instances_path'] != first['DEFAULT']['instances_path']


def test_a_host_finds_the_libvirtd_of_another_by_its_name(lab: Lab) -> None:
    uri = nova_guests.migration_uri(lab, EIC)
    path = uri.partition('socket=')[2].replace('%s', guests.SECOND.name)
    assert path == str(libvirtd.socket_file(lab, guests.SECOND))
    assert nova_guests.migration_uri(lab, guests.SECOND) == uri


def test_libvirt_tells_the_machines_apart(lab: Lab) -> None:
    texts = {libvirtd.daemon_config(lab, host) for host in guests.ALL}
    assert len(texts) == len(guests.ALL)
    assert libvirtd.daemon_config(lab, EIC) in texts


def test_qemu_is_left_alone_by_libvirt() -> None:
    lines = libvirtd.qemu_config().splitlines()
    for line in (
        'user = "root"',
        'dynamic_ownership = 0',
        'namespaces = []',
        'cgroup_controllers = []',
        'stdio_handler = "file"',
    ):
        assert line in lines


def test_a_machine_sleeps_when_it_has_its_name_and_its_directories(lab: Lab) -> None:
    lines = guest_machine.machine_script(lab, EIC).splitlines()
    assert lines[0] == 'hostname guest-eic'
    assert lines[-1] == 'exec sleep infinity'
    mounted = [line.split()[-1] for line in lines if line.startswith('mount --bind')]
    assert mounted == [
        *guest_machine.LIBVIRT_DIRECTORIES.values(),
        '/etc/passwd',
        '/etc/group',
        '/etc/hosts',
    ]


def test_no_machine_is_another_one_by_its_address() -> None:
    """libvirt takes its name from the first one of its line in /etc/hosts."""
    lines = [line.split() for line in guest_machine.hosts_lines().splitlines()]
    assert [names for _, *names in lines] == [[host.name] for host in guests.ALL]


def test_who_enters_a_machine_has_its_name() -> None:
    assert '--uts' in processes.enter(1, own_name=True)
    assert '--uts' not in processes.enter(1)


def test_cinder_may_tell_nova_of_an_extended_or_rebuilt_volume(lab: Lab) -> None:
    cinder_config.write(lab)
    text = (lab.paths / 'cinder/etc/cinder.conf').read_text()
    section = text.partition('[nova]\n')[2].partition('\n\n')[0]
    assert 'auth_type = password\n' in section
    assert 'username = cinder\n' in section


def test_whoever_sees_the_labs_file_system_is_in_one_of_its_namespaces(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest has no record, and a namespace that was made inside the lab's."""
    machines = {1: 'mnt:[1]', 7: 'mnt:[7]', 8: 'mnt:[8]', 9: ''}
    mounts = {1: {'/'}, 7: {'/', str(lab.paths.storage)}, 8: {'/elsewhere'}}
    monkeypatch.setattr(namespace, 'psutil', types.SimpleNamespace(pids=machines.keys))
    monkeypatch.setattr(proc, 'mount_namespace', lambda pid: machines.get(pid, ''))
    monkeypatch.setattr(proc, 'mount_points', lambda pid: mounts.get(pid, set()))
    assert namespace.known(lab) == {'mnt:[7]'}
    assert namespace.inhabitants(namespace.known(lab)) == [7]


def test_lab_json_says_which_zones_have_guests() -> None:
    assert description.guests_by_side() == {
        'eic': {'zone': 'eic-guests', 'hosts': ['guest-eic']},
        'stock': {'zone': 'stock-guests', 'hosts': ['guest-stock']},
    }


class Losetup:
    """The kernel's loop devices, as losetup lists them."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, str]] = {}
        """By device, its file and the device that the file's system is on."""

    def execute(self, program: str, *arguments: str) -> tuple[str, str]:
        assert program == 'losetup'
        if '--find' in arguments:
            device = f'/dev/loop{len(self.files)}'
            self.files[device] = (arguments[-1], '7:0')
            return f'{device}\n', ''
        if '--detach' in arguments:
            del self.files[arguments[-1]]
            return '', ''
        # It would escape the blanks.
        assert '--list' in arguments and '--raw' not in arguments
        back = any('BACK-MAJ:MIN' in each for each in arguments)
        lines = [
            f'{device}   {disk if back else "7:" + device[-1]}  \n'
            for device, (file, disk) in self.files.items()
            if '--associated' not in arguments or file == arguments[-1]
        ]
        return ''.join(lines), ''


@pytest.fixture
def losetup(monkeypatch: pytest.MonkeyPatch) -> Losetup:
    made = Losetup()
    monkeypatch.setattr(block_devices.processutils, 'execute', made.execute)
    return made


def test_a_connection_is_a_device_that_goes_with_it(
    losetup: Losetup, tmp_path: Path
) -> None:
    link, file = tmp_path / 'guest-eic/block_one/volume-1', tmp_path / 'volume-1'
    block_devices.connect(link, file)
    block_devices.connect(link, file)
    assert list(losetup.files) == [str(link.readlink())]
    block_devices.disconnect(link, file)
    block_devices.disconnect(link, file)
    assert not losetup.files
    assert not link.is_symlink()


def test_a_device_whose_number_is_anothers_now_is_left_alone(
    losetup: Losetup, tmp_path: Path
) -> None:
    link, file = tmp_path / 'guest-eic/block_one/volume-1', tmp_path / 'volume-1'
    link.parent.mkdir(parents=True)
    link.symlink_to('/dev/loop0')
    losetup.files['/dev/loop0'] = ('/somebody/elses', '254:0')
    block_devices.connect(link, file)
    assert str(link.readlink()) == '/dev/loop1'
    link.unlink()
    link.symlink_to('/dev/loop0')
    block_devices.disconnect(link, file)
    assert losetup.files['/dev/loop0'] == ('/somebody/elses', '254:0')


def test_after_a_boot_luns_that_are_there_still_have_devices_again(
    losetup: Losetup, tmp_path: Path
) -> None:
    links, files = tmp_path / 'guest-eic', tmp_path / 'svm'
    for name in ('there', 'gone'):
        (links / 'block_one').mkdir(parents=True, exist_ok=True)
        (links / 'block_one' / name).symlink_to('/dev/loop0')
    (files / 'block_one').mkdir(parents=True)
    (files / 'block_one/there').touch()
    block_devices.connect_again(links, files)
    assert [file for file, _ in losetup.files.values()] == [
        str(files / 'block_one/there')
    ]


def test_the_labs_devices_are_those_of_files_on_its_image(
    losetup: Losetup, tmp_path: Path
) -> None:
    image = tmp_path / 'storage.xfs'
    assert block_devices.on_image(image) == []
    image.touch()
    losetup.files |= {
        '/dev/loop3': (str(image), '254:0'),
        '/dev/loop4': ('/cluster-a/volumes/lun', '7:3'),
        '/dev/loop5': ('/of/another/lab', '7:9'),
    }
    assert block_devices.on_image(image) == ['/dev/loop4']
    block_devices.disconnect_all(image)
    assert set(losetup.files) == {'/dev/loop3', '/dev/loop5'}
