"""Real guests where the machine can have them; a reason where it cannot."""

import sys
from pathlib import Path

import pytest

from lab import boot_sector, context, guest_support, packages
from lab.context import Lab
from lab.errors import LabError
from lab.paths import Paths


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    monkeypatch.delenv(guest_support.VARIABLE, raising=False)
    monkeypatch.setattr(packages, 'missing', lambda _: [])
    monkeypatch.setattr(guest_support, '_boot', lambda _: None)
    monkeypatch.setattr(guest_support, '_identity', lambda _: 'qemu 7.2')
    monkeypatch.setattr(guest_support, '_DEBIAN_PYTHON', sys.version_info[:2])
    return context.load(Paths(tmp_path / 'lab'))


def fails(text: str) -> object:
    def check(_: object) -> None:
        raise LabError(text)

    return check


def test_a_lab_has_guests_by_itself(lab: Lab) -> None:
    guest_support.decide(lab)
    assert guest_support.there(lab)


def test_a_lab_that_was_never_started_has_none(lab: Lab) -> None:
    assert not guest_support.there(lab)


def test_they_are_left_out_on_demand(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(guest_support.VARIABLE, 'fake')
    monkeypatch.setattr(guest_support, '_boot', fails('it was tried all the same'))
    guest_support.decide(lab)
    assert guest_support.left_out(lab) == 'EIC_LAB_VIRT is fake'


def test_where_qemu_boots_nothing_a_line_says_so(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(guest_support, '_boot', fails('QEMU dies here.'))
    guest_support.decide(lab)
    assert guest_support.left_out(lab) == 'QEMU dies here.'
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.endswith('QEMU dies here.')] == [lines[-1]]


def test_who_asks_for_guests_gets_them_or_an_error(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(guest_support.VARIABLE, 'qemu')
    monkeypatch.setattr(guest_support, '_boot', fails('QEMU dies here.'))
    with pytest.raises(LabError, match='QEMU dies here'):
        guest_support.decide(lab)
    monkeypatch.setenv(guest_support.VARIABLE, 'kvm')
    with pytest.raises(LabError, match='EIC_LAB_VIRT'):
        guest_support.decide(lab)


def test_qemu_is_tried_once_and_again_when_it_is_another(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    monkeypatch.setattr(guest_support, '_boot', tried.append)
    guest_support.decide(lab)
    guest_support.decide(lab)
    assert len(tried) == 1
    monkeypatch.setattr(guest_support, '_identity', lambda _: 'qemu 8.0')
    guest_support.decide(lab)
    assert len(tried) == 2


def test_hosts_that_start_at_once_find_the_bindings_and_make_nothing(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian = tmp_path / 'dist-packages'
    debian.mkdir()
    for name in ('libvirt.py', 'libvirtmod.so', 'libvirt.egg-info'):
        (debian / name).touch()
    monkeypatch.setattr(guest_support, '_DIST_PACKAGES', debian)
    assert not guest_support.python_path(lab).exists()
    guest_support.decide(lab)
    # What each of them sees that looks before the other one has made a link.
    monkeypatch.setattr(Path, 'is_symlink', lambda _: False)
    found = {each.name for each in guest_support.python_path(lab).iterdir()}
    assert found == {'libvirt.py', 'libvirtmod.so'}


def test_a_boot_sector_is_one_and_has_its_text() -> None:
    disk = boot_sector.printing('hello')
    assert len(disk) == 512
    assert disk[-2:] == b'\x55\xaa'
    # What it prints from is where the text is.
    assert disk[int.from_bytes(disk[7:9], 'little') - 0x7C00 :].startswith(b'hello\0')


def test_a_text_that_does_not_fit_is_refused() -> None:
    boot_sector.printing('x' * 416)
    with pytest.raises(ValueError, match='too long'):
        boot_sector.printing('x' * 417)
