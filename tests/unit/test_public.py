"""What is public does not go, or get another name, by accident."""

import pytest

from tests import public


@pytest.mark.parametrize('kind', public.kept())
def test_what_was_promised_is_there(kind: str) -> None:
    gone = set(public.kept()[kind]) - set(public.names().get(kind, ()))
    assert not gone, (
        f'{kind}: {", ".join(sorted(gone))}. docs/releases.md says how something goes '
        'away; then take it out of tests/unit/public.json'
    )


def test_each_kind_of_name_is_looked_at() -> None:
    assert all(public.names().values())
    assert public.names().keys() == public.kept().keys()
