"""Ids that come and go: the newest, and all of them as one object."""

from eic_plugins.support.known import KnownIds


def known(*ids: str) -> KnownIds:
    found = KnownIds()
    for each in ids:
        found.note(each, True)
    return found


def test_the_newest_are_those_that_were_noted_last() -> None:
    found = known('a', 'b', 'c', 'a')
    assert found.newest(2) == ['c', 'a']
    assert found.newest(9) == ['b', 'c', 'a']


def test_all_are_the_same_object_until_one_comes_or_goes() -> None:
    found = known('a', 'b')
    first = found.ids()
    found.note('a', True)
    found.note('unknown', False)
    with found.listing() as listed:
        listed(['b', 'a'])
    assert found.ids() is first == {'a', 'b'}
    found.note('b', False)
    assert found.ids() == {'a'}
    with found.listing() as listed:
        found.note('c', True)
        listed(['d'])
    assert found.ids() == {'c', 'd'}
