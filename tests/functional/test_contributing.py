"""Whoever follows CONTRIBUTING.md has a check that names its mistake."""

import pytest

from tests.unit.contributing import Copy


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    root = tmp_path_factory.mktemp('contributing')
    for parent in (root, root.parent):
        # Some mistakes are looked at as somebody who is not root.
        parent.chmod(0o755)
    return Copy(root)


def test_the_check_names_its_mistake_alone_and_mends_it(copy: Copy) -> None:
    copy.run(
        *('-m', 'pytest', '-q', '-p', 'no:cacheprovider'),
        *('tests/functional/test_checks.py', '-k'),
        'filter_budget or lists_the_checks or each_check',
    )
