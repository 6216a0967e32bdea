"""On the documentation site, each link of a manual leads to a page."""

import runpy
from types import SimpleNamespace

import pytest

from tests.unit import manuals


@pytest.fixture(scope='module')
def pages() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(manuals.ROOT / 'docs/site/pages.py')))


@pytest.mark.parametrize(
    ('path', 'text', 'shown'),
    [
        ('README.md', '[it](docs/nova.md#limits)', '[it](/nova.md#limits)'),
        ('docs/nova.md', '[it](operations.md)', '[it](/operations.md)'),
        ('docs/nova.md', '[it](../SECURITY.md)', '[it](/site/_brought/security.md)'),
        ('docs/bench.md', '![it](bench.png)', '![it](/bench.png)'),
        ('simulator/README.md', '[it](../docs/lab.md)', '[it](/lab.md)'),
        ('README.md', '[the sample](etc/eic.conf.sample)', '`etc/eic.conf.sample`'),
        ('README.md', '[`etc/`](etc)', '`etc/`'),
        (
            'docs/recipes.md',
            'Copy\n\n[etc/some.yml](../etc/some.yml)\n',
            'Copy\n\n```{literalinclude} /../etc/some.yml\n:caption: etc/some.yml\n'
            ':language: yaml\n```\n',
        ),
        ('docs/recipes.md', '[it](nova.md)', '[it](/nova.md)'),
        ('README.md', '[it](https://example.org/)', '[it](https://example.org/)'),
        ('docs/checks.md', '[it](#one)', '[it](#one)'),
        ('docs/checks.md', '<a id="one"></a>`one`', '[]{#one}`one`'),
        ('docs/checks.md', '```\n[a](b.md)\n```', '```\n[a](b.md)\n```'),
    ],
)
def test_a_link_leads_to_a_page_or_is_a_name(
    pages: SimpleNamespace, path: str, text: str, shown: str
) -> None:
    assert pages.on_site(text, path) == shown


def test_each_manual_has_a_page_that_the_front_page_leads_to(
    pages: SimpleNamespace,
) -> None:
    front = (manuals.ROOT / 'docs/index.md').read_text()
    on_site = [
        manual
        for manual in map(manuals.name, manuals.MANUALS)
        if not manual.startswith('.github/') and manual != 'docs/index.md'
    ]
    assert [
        manual
        for manual in on_site
        if not (page := pages.page_of(manual)) or page.removesuffix('.md') not in front
    ] == []
