"""Equal addresses are equal, however they are written."""

import pytest

from eic_plugins.servers import addresses, canonical


@pytest.mark.parametrize(('written', 'form'), [
    ('FD00:0:0::0011', 'fd00::11'), ('fd00::11', 'fd00::11'),
    ('192.0.2.11', '192.0.2.11'), ('no address', 'no address')])
def test_an_address_has_one_form(written, form):
    assert canonical(written) == form


def test_a_literal_address_is_its_own_address():
    assert addresses('FD00:0:0::0011') == ('fd00::11',)
    assert addresses('192.0.2.11') == ('192.0.2.11',)


@pytest.mark.parametrize('name', ['a' * 64 + '.example.org', 'a..b'])
def test_what_dns_cannot_hold_resolves_to_nothing(name):
    """The resolver raises UnicodeError for these, which is no OSError."""
    assert addresses(name) == (name,)
