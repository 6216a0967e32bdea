"""Only what is named after the ids is removed, wherever it is."""

from pathlib import Path

import pytest

from lab import context, image_volumes, leftovers, luns, simulator
from lab.context import Lab
from lab.paths import Paths

IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
VOLUME = '7b1f4b9c-0d8b-4a65-8b61-6d6f9f3f1f6a'


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    return context.load(Paths(tmp_path / 'lab'))


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / 'gold'
    directory.mkdir()
    for name in (f'img-cache-{IMAGE}', f'.eic-{IMAGE}.json', f'volume-{VOLUME}', 'x'):
        (directory / name).touch()
    monkeypatch.setattr(simulator, 'pool_directories', lambda _: {'gold': directory})
    monkeypatch.setattr(simulator, 'flexvol_directory_from_host', lambda *_: directory)
    return directory


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_files_luns_and_image_volumes_of_an_image_are_removed(
    lab: Lab, pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    for module in (image_volumes, luns):
        monkeypatch.setattr(
            module, 'remove', lambda _, what, m=module.__name__: asked.append((m, what))
        )
    leftovers.remove(lab, [IMAGE])
    assert names(pool) == {f'volume-{VOLUME}', 'x'}
    assert asked == [('lab.image_volumes', IMAGE), ('lab.luns', f'*{IMAGE}*')]


def test_files_of_volumes_are_removed_and_told_once(lab: Lab, pool: Path) -> None:
    left = leftovers.remove_volume_files(lab, [VOLUME, 'another'])
    assert [name.rpartition('/')[2] for name in left] == [f'volume-{VOLUME}']
    assert f'volume-{VOLUME}' not in names(pool)
    assert f'img-cache-{IMAGE}' in names(pool)
