"""``eic check`` takes for right what a filter takes."""

import pytest

from eic_plugins.cli.checks import product
from eic_plugins.middleware.paste_filter import OSLO_OPTIONS


@pytest.mark.parametrize('service', ['cinder', 'nova'])
@pytest.mark.parametrize('option', sorted(OSLO_OPTIONS))
def test_a_filter_may_have_what_all_of_oslo_middleware_have(
    service: str, option: str
) -> None:
    assert product.check_filter_option(option, 'cinder', service) is None


@pytest.mark.parametrize(
    ('option', 'text', 'wrong'),
    [
        ('filter_budget', '0.5', None),
        ('filter_budget', 'fast', 'has no valid value'),
        ('filter_budgte', '1', 'is no option of the filter'),
        ('hold_limit', '3', 'is no option of the filter'),
    ],
)
def test_what_a_filter_refuses_is_wrong(
    option: str, text: str, wrong: str | None
) -> None:
    assert product.check_filter_option(option, text, 'nova') == wrong
