"""The sdist and the wheel hold what they should, and nothing else."""

import email.parser
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, VERSION

DATA = {'py.typed', 'data.json', 'example.toml'}


@pytest.fixture(scope='module')
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope='module')
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith('/METADATA'))
        return email.parser.Parser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_every_module_and_no_test(names: list[str]) -> None:
    modules = {n for n in names if not n.partition('/')[0].endswith('.dist-info')}
    assert modules == {
        str(path.relative_to(ROOT))
        for path in (ROOT / 'ontap_simulator').rglob('*')
        if path.suffix == '.py'
        or path.name in {'py.typed', 'data.json', 'example.toml'}
    }


def test_the_wheel_has_its_licence(names: list[str], metadata: Message) -> None:
    assert metadata['License-File'] == 'LICENSE'
    assert any(name.endswith('.dist-info/licenses/LICENSE') for name in names)


def test_the_version_is_that_of_the_tag(wheel: Path, metadata: Message) -> None:
    assert metadata['Version'] == VERSION
    assert wheel.name.startswith(f'eic_ontap_simulator-{VERSION}-')


def test_nothing_of_the_bundle_is_required(metadata: Message) -> None:
    required = [r for r in metadata.get_all('Requires-Dist', []) if 'extra' not in r]
    assert {r.partition('>')[0].lower() for r in required} == {
        'cheroot',
        'cryptography',
        'webob',
    }


@pytest.mark.parametrize(
    'name',
    [
        'README.md',
        'CHANGELOG.md',
        'LICENSE',
        'examples/cluster.toml',
        'ontap_simulator/py.typed',
        'tests/packaging/test_contents.py',
    ],
)
def test_the_sdist_has_all_that_a_person_needs(sdist: Path, name: str) -> None:
    assert (sdist / name).read_bytes() == (ROOT / name).read_bytes()
