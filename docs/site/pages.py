"""Puts manuals that are not in docs/ on the site, and has their links lead there.

A Sphinx extension. Each page of :data:`BROUGHT` is written into ``docs/site/_brought``
before the site is built. On all pages, a link to a manual leads to its page; a link to
another file of the repository becomes the file's name, for the site has no files. If
such a link is named by its path, and alone on its line, the file's text is there. A
link to a drawing (``.dot``), alone on its line, becomes the drawing, and its text says
in words what is drawn.
"""

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

BROUGHT = {
    'README.md': 'readme',
    'SECURITY.md': 'security',
    'CONTRIBUTING.md': 'contributing',
    'simulator/README.md': 'simulator',
    'simulator/CHANGELOG.md': 'simulator-changes',
}
"""Manuals outside docs/, and what their pages are called."""
_FOLDER = 'site/_brought'
_FENCED = re.compile(r'(^ *```+.*?^ *```+$)', re.DOTALL | re.MULTILINE)
_LINK = re.compile(r'\[(?P<text>[^\]\[]*)\]\((?P<target>[^()\s]+)\)')
_ALONE = re.compile(r'^\[(?P<path>[^\]\[]*)\]\((?P<target>[^()\s#:]+)\)$', re.MULTILINE)
_LANGUAGES = {'.yml': 'yaml', '.yaml': 'yaml', '.sh': 'bash', '.conf': 'ini'}
_ANCHOR = re.compile(r'<a id="(?P<id>[^"]+)"></a>')


def on_site(text: str, path: str) -> str:
    """A manual as the site has it.

    :param path: of the manual, from the repository's root
    """
    parts = _FENCED.split(text)
    parts[::2] = [
        _ALONE.sub(lambda link: _included(link, path), part) for part in parts[::2]
    ]
    parts = _FENCED.split(''.join(parts))
    parts[::2] = [
        _ANCHOR.sub(r'[]{#\g<id>}', _LINK.sub(lambda link: _linked(link, path), part))
        for part in parts[::2]
    ]
    return ''.join(parts)


def _included(link: re.Match[str], path: str) -> str:
    target = link['target']
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if found.endswith('.dot'):
        drawing = posixpath.relpath(found, 'docs')
        return f'```{{drawing}} /{drawing}\n:alt: {link["path"]}\n```'
    if page_of(found) is not None or link['path'] != found:
        return link[0]
    language = _LANGUAGES.get(posixpath.splitext(found)[1], 'text')
    return (
        f'```{{literalinclude}} /../{found}\n:caption: {found}\n'
        f':language: {language}\n```'
    )


def _linked(link: re.Match[str], path: str) -> str:
    text, target = link['text'], link['target']
    if '://' in target or target.startswith(('#', 'mailto:')):
        return link[0]
    file, mark, anchor = target.partition('#')
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
    page = page_of(found)
    if page is None:
        return text if text.startswith('`') else f'`{found}`'
    return f'[{text}](/{page}{mark}{anchor})'


def page_of(path: str) -> str | None:
    """The page of a file, from the site's root; None if it has none.

    :param path: from the repository's root
    """
    if path in BROUGHT:
        return f'{_FOLDER}/{BROUGHT[path]}.md'
    if posixpath.dirname(path) == 'docs' and path.endswith(('.md', '.png')):
        return posixpath.basename(path)
    return None


def _bring(app: 'Sphinx') -> None:
    source = Path(app.srcdir)
    folder = source / _FOLDER
    folder.mkdir(exist_ok=True)
    for path, name in BROUGHT.items():
        text = on_site((source.parent / path).read_text(), path)
        page = folder / f'{name}.md'
        # Sphinx reads again what has changed.
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


def _read(app: 'Sphinx', docname: str, source: list[str]) -> None:
    if '/' not in docname:
        source[0] = on_site(source[0], f'docs/{docname}.md')


def setup(app: 'Sphinx') -> dict[str, bool]:
    """As Sphinx asks for it."""
    app.connect('builder-inited', _bring)
    app.connect('source-read', _read)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
