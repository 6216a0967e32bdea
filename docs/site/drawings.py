"""Draws what the manuals have as text: Graphviz files, and Mermaid's sequences.

A Sphinx extension. ``drawing`` is a directive with the path of a ``.dot`` file below
docs/; its option ``alt`` says in words what is drawn. ``mermaid`` is one, too, whose
text is a sequence (``sequences.py``). Both become SVG in the page itself, so that they
have the page's colours, in the dark as well: ``static/eic.css``.
"""

import html
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import sequences
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SECONDS = 60
_HEAD = re.compile(r'^.*?(?=<svg)', re.DOTALL)
_TITLE = re.compile(r'<title>.*?</title>\n?', re.DOTALL)
_COMMENT = re.compile(r'<!--.*?-->\n?', re.DOTALL)
_ID = re.compile(r' id="[^"]*"')


class DrawingError(Exception):
    """What cannot be drawn, and what to do."""


def drawn(dot: str) -> str:
    """The SVG of a Graphviz text, to stand in a page beside others.

    :raises DrawingError: Graphviz is missing, or does not understand the text
    """
    try:
        done = subprocess.run(
            ['dot', '-Tsvg'],
            input=dot,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise DrawingError(
            'the program "dot" is missing, which draws the .dot files: '
            'apt-get install graphviz'
        ) from None
    if done.returncode:
        raise DrawingError(f'dot says: {done.stderr.strip()}')
    svg = _HEAD.sub('', done.stdout, count=1)
    # Names of parts would be there twice, and titles would pop up over boxes.
    for superfluous in (_COMMENT, _TITLE, _ID):
        svg = superfluous.sub('', svg)
    return svg


def _figure(svg: str, alt: str = '') -> nodes.raw:
    spoken = f' role="img" aria-label="{html.escape(alt)}"' if alt else ''
    # Who has no mouse scrolls it with keys, where it is wider than the screen.
    text = f'<div class="drawing" tabindex="0"{spoken}>\n{svg}</div>'
    return nodes.raw('', text, format='html')


class Drawing(SphinxDirective):
    """``drawing``: a Graphviz file."""

    required_arguments = 1
    option_spec: ClassVar = {'alt': directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """As docutils asks for it."""
        file, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(file)
        try:
            return [_figure(drawn(Path(path).read_text()), self.options['alt'])]
        except DrawingError as err:
            raise self.error(f'{file}: {err}') from err


class Sequence(SphinxDirective):
    """``mermaid``: a sequence."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """As docutils asks for it."""
        try:
            return [_figure(sequences.drawn('\n'.join(self.content)))]
        except ValueError as err:
            raise self.error(str(err)) from err


def setup(app: 'Sphinx') -> dict[str, bool]:
    """As Sphinx asks for it."""
    app.add_directive('drawing', Drawing)
    app.add_directive('mermaid', Sequence)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
