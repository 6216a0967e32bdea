"""The package of docs/plugins.md is one whose plugin is found and used."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit import manuals

MANUAL = (manuals.ROOT / 'docs/plugins.md').read_text()
_ASK = """
from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationReader
print(LocationReader.from_entry_points().read(Location({url!r}, {{}})))
"""


def block(language: str) -> str:
    (found,) = re.findall(rf'^```{language}\n(.*?)^```$', MANUAL, re.DOTALL | re.M)
    return str(found)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """What an installer makes of the package: its module, and what it declares."""
    project = tomllib.loads(block('toml'))['project']
    (tmp_path / 'gold_location.py').write_text(block('python'))
    information = tmp_path / 'gold_location-1.0.dist-info'
    information.mkdir()
    (information / 'METADATA').write_text(
        f'Metadata-Version: 2.1\nName: {project["name"]}\nVersion: 1.0\n'
    )
    (information / 'entry_points.txt').write_text(
        ''.join(
            f'[{namespace}]\n' + ''.join(f'{k} = {v}\n' for k, v in points.items())
            for namespace, points in project['entry-points'].items()
        )
    )
    return tmp_path


def ask(url: str, *paths: Path) -> str:
    done = subprocess.run(
        [sys.executable, '-c', _ASK.format(url=url)],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join(map(str, (*paths, manuals.ROOT))),
            'XDG_CACHE_HOME': str(paths[0] if paths else manuals.ROOT / 'build'),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_a_location_of_its_scheme_is_read(installed: Path) -> None:
    assert "'/gold/abc'" in ask('gold://anything/abc', installed)


def test_a_path_that_goes_up_is_refused(installed: Path) -> None:
    assert 'location_invalid' in ask('gold://anything/../abc', installed)


def test_the_locations_of_eic_are_read_as_before(installed: Path) -> None:
    assert "'/images/abc'" in ask('nfs://192.0.2.11/images/abc', installed)


def test_each_namespace_of_the_manual_is_one_of_eic() -> None:
    listed = re.findall(r'^\| `(eic\.\w+)` \|', MANUAL, re.MULTILINE)
    assert listed == ['eic.locations', 'eic.routes', 'eic.checks']
    for namespace in listed:
        assert (manuals.ROOT / f'entry_points/{namespace}.ini').exists()
