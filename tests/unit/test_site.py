"""On the documentation site, links lead to pages, and what is text is drawn."""

import re
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from eic_plugins.engine import routes
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
        (
            'SECURITY.md',
            'See\n\n[A hand.](docs/drawings/hand.dot)\n',
            'See\n\n```{drawing} /drawings/hand.dot\n:alt: A hand.\n```\n',
        ),
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


SITE = manuals.ROOT / 'docs/site'
DRAWN = sorted((manuals.ROOT / 'docs/drawings').glob('*.dot'))


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    pytest.importorskip('sphinx', reason='the site is built on the newest release')
    monkeypatch.syspath_prepend(str(SITE))
    monkeypatch.delitem(sys.modules, 'sequences', raising=False)
    return SimpleNamespace(**runpy.run_path(str(SITE / 'drawings.py')))


@pytest.fixture(scope='module')
def sequences() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(SITE / 'sequences.py')))


def written_sequences() -> list[str]:
    return [
        found[1]
        for manual in manuals.MANUALS
        for found in re.finditer(
            r'^```mermaid\n(.*?)^```$', manual.read_text(), re.DOTALL | re.MULTILINE
        )
    ]


@pytest.mark.parametrize('written', written_sequences())
def test_each_sequence_of_the_manuals_is_drawn_with_every_word(
    sequences: SimpleNamespace, written: str
) -> None:
    drawn = sequences.drawn(written)
    said = re.findall(r'(?:>>|over )\w+: (.+)', written)
    assert re.findall(r'class="said"[^>]*>([^<]*)<', drawn) == said


def test_a_message_goes_from_who_says_it_to_who_hears_it(
    sequences: SimpleNamespace,
) -> None:
    ends = 'sequenceDiagram\nparticipant A as a\nparticipant B as b\n'
    there = sequences.drawn(f'{ends}A->>B: x')
    back = sequences.drawn(f'{ends}B-->>A: x')
    assert 'x1="80.0" x2="692.0"' in there
    assert 'x1="700.0" x2="88.0"' in back
    assert 'class="answer"' in back


@pytest.mark.parametrize(
    'wrong',
    [
        'graph TD\nA-->B',
        'sequenceDiagram\nparticipant A as a\nloop forever',
        'sequenceDiagram\nparticipant A as a\nA->>B: nobody',
    ],
)
def test_what_is_not_drawn_is_an_error(sequences: SimpleNamespace, wrong: str) -> None:
    with pytest.raises(ValueError, match=r'drawn here|begins with|no participant'):
        sequences.drawn(wrong)


def test_nothing_that_is_said_becomes_markup(sequences: SimpleNamespace) -> None:
    drawn = sequences.drawn(
        'sequenceDiagram\nparticipant A as a\nNote over A: <script>'
    )
    assert '&lt;script&gt;' in drawn


def test_without_graphviz_it_says_what_to_install(
    drawings: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(drawings.DrawingError, match='apt-get install graphviz'):
        drawings.drawn('digraph { a }')


@pytest.mark.parametrize('drawing', DRAWN, ids=lambda path: path.stem)
def test_each_drawing_is_in_a_manual_that_says_in_words_what_is_drawn(
    drawing: Path,
) -> None:
    place = f'drawings/{drawing.name})'
    (line,) = [
        line
        for manual in manuals.MANUALS
        for line in manual.read_text().splitlines()
        if place in line
    ]
    assert re.fullmatch(r'\[Drawing: [^\]\[]{80,}\]\(\S+\)', line)


def test_the_drawing_of_the_routes_asks_for_them_in_the_planners_order() -> None:
    drawing = (manuals.ROOT / 'docs/drawings/routes.dot').read_text()
    asked = re.findall(r'-> (\w+) \[label="yes"\]', drawing)
    (last,) = re.findall(r'stock -> (\w+) \[label="  no"\]', drawing)
    assert [*asked, last] == [route.name for route in routes.load()]
