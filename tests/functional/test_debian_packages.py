"""The packages for Debian: built by its own tools, and complete.

`make deb-check` installs them in a Debian 13; here they are unpacked.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from lab import packages
from release import debian, entry_points
from release.commands import run
from tests.functional.committed import committed, git
from tests.requirements import requirements

ROOT = Path(__file__).parents[2]
SITE = 'usr/lib/python3/dist-packages'
PYPI_ALONE = {'netapp-ontap'}


@pytest.fixture(scope='module')
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of a tagged commit; lintian was content."""
    missing = (
        packages.missing(packages.DEB_PACKAGES) if shutil.which('dpkg') else ['dpkg']
    )
    if missing and os.environ.get('EIC_INDEX') == 'required':
        pytest.fail(f'make test installs {missing}')
    if missing:
        pytest.skip(f'{", ".join(missing)}: python3 -m lab.packages deb installs them')
    repository = committed(tmp_path_factory.mktemp('repository'))
    git(repository, 'tag', '-am', 'One', '1.2.0')
    git(repository, 'tag', '-am', 'Other', 'simulator-0.7.1')
    target = tmp_path_factory.mktemp('deb')
    debian.packages(repository, tmp_path_factory.mktemp('work'), target)
    return target


@pytest.fixture(scope='module')
def root(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What they put into a file system."""
    folder = tmp_path_factory.mktemp('root')
    for package in built.glob('*.deb'):
        run(['dpkg-deb', '--extract', package, folder], folder)
    return folder


def _field(built: Path, package: str, field: str) -> str:
    (file,) = built.glob(f'{package}_*.deb')
    return run(['dpkg-deb', '--field', file, field], built).strip()


def test_both_have_the_version_of_the_tag(built: Path) -> None:
    for package in debian.PACKAGES:
        assert _field(built, package, 'Version') == '1.2.0-1'


def test_in_python_each_project_has_the_version_of_its_own_tag(root: Path) -> None:
    found = {path.name for path in (root / SITE).glob('*.dist-info')}
    assert found == {
        'eic_plugins-1.2.0.dist-info',
        'eic_ontap_simulator-0.7.1.dist-info',
    }


def test_it_depends_on_what_the_bundle_asks_for(built: Path) -> None:
    """By Debian's names, and in these versions: apt refuses what is too old."""
    depends = _field(built, 'eic-plugins', 'Depends')
    found = dict(re.findall(r'(python3-\S+) \(>= (?:\d+:)?([^)]+)\)', depends))
    assert sorted(found.values()) == sorted(
        str(wanted.specifier).removeprefix('>=')
        for wanted in requirements()
        if wanted.name not in PYPI_ALONE
    )
    assert 'netapp' not in depends


def test_every_module_and_every_sample_is_there(root: Path) -> None:
    for package, source in (
        ('eic_plugins', ROOT / 'eic_plugins'),
        ('ontap_simulator', ROOT / 'simulator/ontap_simulator'),
    ):
        wanted = {
            path.relative_to(source)
            for path in source.rglob('*')
            if path.is_file() and path.suffix != '.pyc'
        }
        there = root / SITE / package
        assert wanted == {
            path.relative_to(there) for path in there.rglob('*') if path.is_file()
        }
    for sample in (
        'eic.conf.sample',
        'api-paste.ini.sample',
        'prometheus',
        'systemd/eic-precache.timer',
    ):
        assert (root / 'usr/share/eic-plugins' / sample).exists()


def test_it_changes_no_configuration_and_restarts_nothing(
    built: Path, root: Path, tmp_path: Path
) -> None:
    """What dh_python3 adds compiles the modules, and that is all that runs."""
    assert not (root / 'etc').exists()
    for package in debian.PACKAGES:
        (file,) = built.glob(f'{package}_*.deb')
        control = tmp_path / package
        run(['dpkg-deb', '--control', file, control], built)
        scripts = {path.name: path.read_text() for path in control.iterdir()}
        assert set(scripts) == {'control', 'md5sums', 'postinst', 'prerm'}
        assert 'py3compile' in scripts['postinst']
        for word in ('systemctl', 'invoke-rc.d', 'deb-systemd', 'ucf', '/etc/'):
            assert word not in scripts['postinst'] + scripts['prerm']


def test_every_plugin_loads_from_there(root: Path) -> None:
    code = Path(entry_points.__file__)
    env = {'PYTHONPATH': str(root / SITE), 'PYTHONWARNINGS': 'ignore'}
    for name in ('eic-plugins', 'eic-ontap-simulator'):
        found = json.loads(run([sys.executable, code, name], root, env))
        assert (found['waiting'], found['broken']) == ({}, {})
