"""systemd's own tool reads the units for `eic precache`."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[3] / 'etc/systemd'
INSTALLED = '/usr/bin/eic'
EXPOSURE = 15
"""In tenths: of 0 to 10, systemd says "OK" below 5 and "UNSAFE" from 9."""
TIMEOUT = 120

pytestmark = pytest.mark.skipif(
    shutil.which('systemd-analyze') is None,
    reason='systemd-analyze is missing: install systemd',
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ['systemd-analyze', '--no-pager', *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )


def directives(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(UNITS / name)
    return parser


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with a command that there is."""
    for unit in UNITS.glob('eic-precache.*'):
        text = unit.read_text().replace(INSTALLED, sys.executable)
        (tmp_path / unit.name).write_text(text)
    return sorted(tmp_path.iterdir())


def test_systemd_takes_the_units(units: list[Path]) -> None:
    assert [unit.suffix for unit in units] == ['.service', '.timer']
    done = analyze('verify', *map(str, units))
    assert (done.returncode, done.stderr) == (0, '')


def test_the_check_finds_what_is_wrong(units: list[Path]) -> None:
    service = units[0]
    service.write_text(service.read_text().replace('ProtectHome=', 'ProtectHouse='))
    assert 'ProtectHouse' in analyze('verify', *map(str, units)).stderr


def test_the_service_may_do_little(units: list[Path]) -> None:
    arguments = ('security', '--offline=yes', f'--threshold={EXPOSURE}')
    done = analyze(*arguments, str(units[0]))
    assert done.returncode == 0, done.stdout
    text = units[0].read_text()
    units[0].write_text(text.replace('ProtectSystem=strict\nRestrict', 'Restrict'))
    assert analyze(*arguments, str(units[0])).returncode != 0


def test_ipc_of_the_services_of_cinder_is_left_alone() -> None:
    """It has their user, and RemoveIPC would take it all."""
    service = directives('eic-precache.service')['Service']
    assert service['User'] == 'cinder'
    assert service.get('RemoveIPC', 'no') == 'no'


def test_the_timer_starts_the_service_when_its_last_run_has_ended() -> None:
    timer = directives('eic-precache.timer')['Timer']
    assert timer.get('Unit', 'eic-precache.service') == 'eic-precache.service'
    assert timer['OnUnitInactiveSec'] == '10min'
    assert directives('eic-precache.service')['Service']['Type'] == 'oneshot'


def test_the_command_is_one_that_eic_knows(tmp_path: Path) -> None:
    program, *arguments = directives('eic-precache.service')['Service'][
        'ExecStart'
    ].split()
    assert program == INSTALLED
    missing = str(tmp_path / 'cinder.conf')
    arguments = [
        missing if each.endswith('cinder.conf') else each for each in arguments
    ]
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            'import sys; from eic_plugins.cli.main import main; sys.exit(main())',
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert done.returncode == 1
    assert f'Failed to find some config files: {missing}' in done.stderr
