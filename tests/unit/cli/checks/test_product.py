"""The names that a section with credentials may have."""

import pytest

from eic_plugins.cli.checks import product


def test_names_of_the_plugin_and_their_old_forms_are_known() -> None:
    known = product.eic_option_names('password')
    assert {'username', 'user_name', 'tenant_name', 'auth_url', 'cafile'} <= known
    assert {'precache_images', 'region_name'} <= known


def test_without_the_plugin_nothing_is_said_of_names() -> None:
    with pytest.raises(ValueError, match='no auth plugin v9magic'):
        product.eic_option_names('v9magic')
