"""Cinder's internals take what EIC gives them, in the release that is installed."""

from tests.functional import internals


def test_what_is_installed_is_what_is_recorded() -> None:
    """A new release says here what it has changed: see docs/compatibility.md."""
    release = internals.release() or list(internals.RELEASES.values())[-1]
    found = internals.installed()
    assert [
        f'{name} took ({by_release[release]}) in {release}, '
        f'and takes ({found.get(name, internals.MISSING)})'
        for name, by_release in internals.recorded().items()
        if found.get(name, internals.MISSING) != by_release[release]
    ] == []


def test_nothing_is_missing_in_a_release() -> None:
    assert [
        (name, release)
        for name, by_release in internals.recorded().items()
        for release, taken in by_release.items()
        if taken == internals.MISSING
    ] == []


def test_every_name_is_recorded_for_every_release() -> None:
    assert {tuple(sorted(each)) for each in internals.recorded().values()} == {
        tuple(sorted(internals.RECORDED_RELEASES))
    }
