"""What is installed is what the repository says, as wheel and editable."""

import configparser
import email.parser
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.contract.release import since

ROOT = pathlib.Path(__file__).parents[2]
TIMEOUT = 180


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy, so that nothing is left in the repository."""
    source = tmp_path_factory.mktemp('copy') / 'source'
    tracked = subprocess.run(
        ['git', 'ls-files', '-z'],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=TIMEOUT,
    ).stdout
    for name in filter(None, tracked.decode().split('\0')):
        if (ROOT / name).exists():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    return source


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory):
    work = tmp_path_factory.mktemp('wheel')
    subprocess.run(
        [
            sys.executable,
            '-m',
            'pip',
            'wheel',
            '--quiet',
            '--no-deps',
            '--no-build-isolation',
            '--wheel-dir',
            str(work),
            str(source),
        ],
        check=True,
        timeout=TIMEOUT,
    )
    (built,) = work.glob('*.whl')
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert 'eic_plugins/py.typed' in names
    assert 'eic_plugins/volume/nfs.py' in names
    assert {name.split('/')[0].split('-')[0] for name in names} == {'eic_plugins'}


@pytest.fixture(scope='module')
def sdist(source, tmp_path_factory):
    """The names in it, below its one directory."""
    work = tmp_path_factory.mktemp('sdist')
    code = f'import setuptools.build_meta as b; b.build_sdist({str(work)!r})'
    subprocess.run(
        [sys.executable, '-c', code],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=TIMEOUT,
    )
    (built,) = work.glob('*.tar.gz')
    with tarfile.open(built) as archive:
        return {name.partition('/')[2] for name in archive.getnames()}


def test_the_sdist_has_no_simulator(sdist):
    assert {'eic_plugins/volume/nfs.py', 'setup.cfg', 'LICENSE'} <= sdist
    assert not [name for name in sdist if 'simulator' in name.partition('/')[0]]


def test_the_sdist_can_be_built_again(sdist):
    """What setup.cfg refers to by name is in it."""
    wanted = {f'entry_points/{p.name}' for p in (ROOT / 'entry_points').glob('*.ini')}
    assert wanted | {'README.md', 'pyproject.toml', 'setup.py'} <= sdist


def test_the_bundle_does_not_require_the_simulator(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith('/METADATA')]
        metadata = email.parser.Parser().parsestr(archive.read(name).decode())
    required = metadata.get_all('Requires-Dist')
    assert any(each.startswith('netapp-ontap') for each in required)
    assert not [each for each in required if 'simulator' in each]


def test_the_wheel_declares_every_entry_point(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith('entry_points.txt')]
        built = archive.read(name).decode()
    parser = configparser.ConfigParser(delimiters='=')
    parser.optionxform = str
    parser.read_string(built)
    declared = configparser.ConfigParser(delimiters='=')
    declared.optionxform = str
    declared.read((ROOT / 'entry_points').glob('*.ini'))
    assert {s: dict(parser[s]) for s in parser.sections()} == {
        s: dict(declared[s]) for s in declared.sections()
    }


def test_the_installed_wheel_loads_its_entry_points(wheel, tmp_path):
    """From the wheel alone: the repository is not on the path."""
    target = tmp_path / 'site'
    subprocess.run(
        [
            sys.executable,
            '-m',
            'pip',
            'install',
            '--quiet',
            '--no-deps',
            '--target',
            str(target),
            str(wheel),
        ],
        check=True,
        timeout=TIMEOUT,
    )
    code = (
        'import importlib.metadata as m, sys\n'
        f'sys.path.insert(0, {str(target)!r})\n'
        f'd = next(m.distributions(name="eic-plugins", path=[{str(target)!r}]))\n'
        'loaded = [e.load() for e in d.entry_points]\n'
        'import eic_plugins; print(len(loaded), eic_plugins.__file__)\n'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    count, path = done.stdout.split()
    assert int(count) == sum(
        len(line.split('=')) == 2
        for ini in (ROOT / 'entry_points').glob('*.ini')
        for line in ini.read_text().splitlines()
    )
    assert path.startswith(str(target))


@since(29, "the sample has the newest libraries' options")
def test_the_sample_configuration_is_generated_from_the_options(tmp_path):
    generated = tmp_path / 'eic.conf.sample'
    subprocess.run(
        [
            sys.executable,
            '-c',
            'from oslo_config.generator import main; main()',
            '--config-file',
            'etc/eic-config-generator.conf',
            '--output-file',
            str(generated),
        ],
        cwd=ROOT,
        check=True,
        timeout=TIMEOUT,
    )
    assert generated.read_text() == (ROOT / 'etc/eic.conf.sample').read_text(), (
        'run: oslo-config-generator --config-file etc/eic-config-generator.conf'
    )
