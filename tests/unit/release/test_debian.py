"""Debian orders the versions as Python does."""

import itertools
import shutil
import subprocess

import pytest
from packaging.version import Version

from release.debian import version

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
@pytest.mark.parametrize(('early', 'late'), itertools.pairwise(IN_ORDER))
def test_dpkg_orders_them_as_pip_does(early: str, late: str) -> None:
    assert Version(early) < Version(late)
    words = ['dpkg', '--compare-versions', version(early), 'lt', version(late)]
    assert subprocess.run(words, check=False, timeout=60).returncode == 0
