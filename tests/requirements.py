"""What setup.cfg asks for, and which constraints do not have it."""

import configparser
import pathlib
import re
from collections.abc import Iterator

from packaging.requirements import Requirement

ROOT = pathlib.Path(__file__).parents[1]


def canonical(name: str) -> str:
    """A name of a library as indexes compare it."""
    return re.sub(r'[-_.]+', '-', name).lower()


def requirements() -> list[Requirement]:
    """What EIC asks for."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    lines = setup['options']['install_requires'].splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith('#')]


def too_old(release: pathlib.Path) -> Iterator[str]:
    """What a file of constraints has in a version that EIC does not take."""
    pins = {
        canonical(name): version.partition('#')[0].strip()
        for name, _, version in (
            line.partition('==') for line in release.read_text().splitlines()
        )
        if version
    }
    for wanted in requirements():
        found = pins.get(canonical(wanted.name))
        if found not in wanted.specifier:
            yield f'{wanted}, has {found}'
