"""Whether this machine can have hosts with real guests, and what they need.

``EIC_LAB_VIRT`` decides: ``fake`` leaves them out, ``qemu`` makes it an error where
they are not possible. Without it they are left out there, and a line says why.

QEMU is tried by booting something. That /dev/kvm is there says nothing: it may not
work, so the lab never uses it.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from lab import boot_sector, files, guests, packages
from lab.context import Lab
from lab.errors import LabError

VARIABLE = 'EIC_LAB_VIRT'
FAKE = 'fake'
REQUIRED = 'qemu'
PACKAGES = (
    'qemu-system-x86',
    'libvirt-daemon',
    'libvirt-clients',
    'python3-libvirt',
    # They make the file system of the image that boots (lab/guest_image/).
    'dosfstools',
    'mtools',
)
QEMU = '/usr/bin/qemu-system-x86_64'
_DIST_PACKAGES = Path('/usr/lib/python3/dist-packages')
_DEBIAN_PYTHON = (3, 11)
_HELLO = 'a guest of the EIC lab'
_EXITED = 1
_PROBE_SECONDS = 120


def decide(lab: Lab) -> None:
    """Install what guests need and try it; remember whether the lab has guests.

    :raises LabError: they are asked for, and are not possible
    """
    asked = os.environ.get(VARIABLE, '')
    if asked not in ('', FAKE, REQUIRED):
        raise LabError(
            f'{VARIABLE} is {asked!r}: set it to {FAKE!r} (no guests) or '
            f'{REQUIRED!r} (an error where there can be none), or unset it.'
        )
    reason = f'{VARIABLE} is {FAKE}' if asked == FAKE else _hindrance(lab)
    if reason and asked == REQUIRED:
        raise LabError(f'{VARIABLE} is {REQUIRED}, but {reason}')
    files.write_json(_decision(lab), {'left_out': reason})
    if reason:
        lab.console.line(f'  No hosts with real guests: {reason}')


def left_out(lab: Lab) -> str:
    """Why the lab has no guests; '' if it has."""
    decided = files.read_json(_decision(lab)) or {}
    return str(decided.get('left_out', 'the lab has not been started'))


def there(lab: Lab) -> bool:
    """Whether the lab has hosts with real guests."""
    return not left_out(lab)


def python_path(lab: Lab) -> Path:
    """A directory with libvirt's Python bindings alone, for nova-compute."""
    return guests.directory(lab) / 'python'


def _decision(lab: Lab) -> Path:
    return guests.directory(lab) / 'decision.json'


def _hindrance(lab: Lab) -> str:
    checks: tuple[Callable[[Lab], None], ...] = (
        _check_python,
        _install,
        _try_once,
        _link_bindings,
    )
    try:
        for check in checks:
            check(lab)
    except LabError as err:
        return str(err)
    return ''


def _check_python(lab: Lab) -> None:
    if sys.version_info[:2] != _DEBIAN_PYTHON:
        raise LabError("libvirt's Python bindings of Debian 12 are for Python 3.11.")


def _install(lab: Lab) -> None:
    if packages.missing(PACKAGES):
        log = lab.paths.log('apt')
        files.private_dir(log.parent)
        with lab.console.ticking(), lab.console.step('Debian packages for guests'):
            packages.ensure(PACKAGES, log)


def _try_once(lab: Lab) -> None:
    def probe() -> None:
        with lab.console.ticking(), lab.console.step('boot in QEMU'):
            _boot(Path(QEMU))

    lab.once('guest-probe', _identity(Path(QEMU)), probe)


def _link_bindings(lab: Lab) -> None:
    """Have them where nova-compute looks: here, since its hosts start at once.

    They are Debian's: PyPI has them as source, to be built with libvirt's headers.
    """
    directory = files.private_dir(python_path(lab))
    for source in _DIST_PACKAGES.glob('libvirt*'):
        link = directory / source.name
        if source.suffix in ('.py', '.so') and not link.is_symlink():
            link.symlink_to(source)


def _identity(program: Path) -> str:
    with contextlib.suppress(OSError):
        found = program.stat()
        return f'{found.st_size} {found.st_mtime_ns}'
    raise LabError(f'{program} is not there.')


def _boot(program: Path) -> None:
    """Have a guest print its text, and see it.

    :raises LabError: QEMU does not run it
    """
    with tempfile.TemporaryDirectory() as name:
        disk, serial = Path(name) / 'disk', Path(name) / 'serial'
        disk.write_bytes(boot_sector.printing(_HELLO))
        try:
            done = subprocess.run(
                [
                    *(str(program), '-nodefaults', '-no-user-config'),
                    *('-accel', 'tcg', '-m', '16', '-display', 'none'),
                    *('-serial', f'file:{serial}'),
                    *('-device', f'isa-debug-exit,iobase={boot_sector.EXIT_PORT}'),
                    *('-drive', f'file={disk},format=raw,if=ide'),
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_PROBE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as err:
            raise LabError(f'QEMU does not boot a guest here: {err}.') from err
        said = serial.read_text(errors='replace') if serial.exists() else ''
    if done.returncode != _EXITED or _HELLO not in said:
        raise LabError(
            f'QEMU does not boot a guest here: it exited with {done.returncode} '
            f'({done.stderr.strip()}).'
        )
