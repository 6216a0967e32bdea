"""The manuals of the repository, as somebody reads them: links, anchors, commands."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MANUALS = sorted(
    path
    for pattern in ('*.md', 'docs/*.md', 'simulator/*.md', '.github/**/*.md')
    for path in ROOT.glob(pattern)
)
_FENCED = re.compile(r'^ *(?P<fence>```+).*?^ *(?P=fence)$', re.DOTALL | re.MULTILINE)
_CODE = re.compile(r'`[^`]*`')
_COMMENT = re.compile(r'<!--.*?-->', re.DOTALL)
_LINK = re.compile(r'\]\((?P<target>[^()\s]+)\)')
_NAMED = re.compile(r'<a id="(?P<anchor>[^"]+)"></a>')
_HEADING = re.compile(r'^#+ (?P<title>.+)$', re.MULTILINE)
_TYPED = re.compile(r'^ *(?:sudo )?make (?P<target>[a-z][a-z0-9-]*)', re.MULTILINE)
_INLINE = re.compile(r'`make (?P<target>[a-z][a-z0-9-]*)[^`]*`')


def name(manual: Path) -> str:
    """Of a test's parameter."""
    return str(manual.relative_to(ROOT))


def links(manual: Path) -> Iterator[str]:
    """Targets of links that lead to something in the repository."""
    prose = _CODE.sub('', _FENCED.sub('', manual.read_text()))
    for found in _LINK.finditer(prose):
        if '://' not in found['target'] and not found['target'].startswith('mailto:'):
            yield found['target']


def anchors(manual: Path) -> set[str]:
    """What a link may have behind the ``#``: named, or made of headings."""
    prose = _COMMENT.sub('', _FENCED.sub('', manual.read_text()))
    made = {found['anchor'] for found in _NAMED.finditer(prose)}
    for found in _HEADING.finditer(prose):
        slug = _slug(found['title'])
        number = 0
        while (anchor := f'{slug}-{number}' if number else slug) in made:
            number += 1
        made.add(anchor)
    return made


def targets(manual: Path) -> set[str]:
    """The targets of ``make`` that it tells the reader to run."""
    text = manual.read_text()
    typed = ''.join(found[0] for found in _FENCED.finditer(text))
    return {
        found['target'] for found in (*_TYPED.finditer(typed), *_INLINE.finditer(text))
    }


def _slug(title: str) -> str:
    kept = re.sub(r'[^\w\- ]', '', title.strip().lower())
    return kept.replace(' ', '-')
