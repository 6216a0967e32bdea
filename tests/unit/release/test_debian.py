"""Debian orders the versions as Python does."""

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from release.debian import differing, version

IN_ORDER = ['0.1.dev512+g504876ac1', '0.1', '0.2.0rc1', '0.2.0', '0.2.1.dev3+gabc']


@pytest.mark.parametrize(
    ('of_python', 'of_debian'),
    [
        ('0.1.dev512+g504876ac1', '0.1~dev512+g504876ac1'),
        ('1.2.0rc1', '1.2.0~rc1'),
        ('1.2.0a1', '1.2.0~a1'),
        ('1.2.0', '1.2.0'),
    ],
)
def test_what_comes_before_a_version_has_a_tilde(
    of_python: str, of_debian: str
) -> None:
    assert version(of_python) == of_debian


@pytest.mark.skipif(shutil.which('dpkg') is None, reason='dpkg is not here')
@pytest.mark.parametrize(('early', 'late'), list(itertools.pairwise(IN_ORDER)))
def test_dpkg_orders_them_as_pip_does(early: str, late: str) -> None:
    assert Version(early) < Version(late)
    words = ['dpkg', '--compare-versions', version(early), 'lt', version(late)]
    assert subprocess.run(words, check=False, timeout=60).returncode == 0


def test_of_two_builds_the_packages_are_compared_and_not_the_reports(
    tmp_path: Path,
) -> None:
    one, other = tmp_path / 'one', tmp_path / 'other'
    for folder, built in ((one, '1'), (other, '2')):
        folder.mkdir()
        (folder / 'same.deb').write_text('same')
        for name in ('other.deb', 'it.changes', 'it.buildinfo'):
            (folder / name).write_text(built)
    assert differing(one, other) == ['other.deb']
