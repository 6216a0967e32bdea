"""Draws a sequence that is written as Mermaid has it: who says what to whom, in order.

The forge draws such a text by itself; the site has no script of others. Known are the
four lines that the manuals use::

    sequenceDiagram
    participant A as the name that is shown
    A->>B: what A says to B (``A-->>B``: an answer)
    Note over A: what A does by itself

Any other line is an error.
"""

import html
import re
from collections.abc import Iterator, Mapping

_PARTICIPANT = re.compile(r'participant (?P<key>\w+) as (?P<name>.+)')
_MESSAGE = re.compile(r'(?P<source>\w+)(?P<arrow>--?>>)(?P<target>\w+): (?P<text>.+)')
_NOTE = re.compile(r'Note over (?P<at>\w+): (?P<text>.+)')
_WIDTH = 780
_SIDE = 80
"""From an edge to the line next to it."""
_TOP = 44
_ROW = 36
_NOTE_ROW = 32
_LETTER = 6.7
"""Pixels, on average; with a little more than the text takes."""
_TIP = 8


def drawn(text: str) -> str:
    """The SVG of a sequence.

    :raises ValueError: a line is none of the known ones
    """
    first, *lines = [line.strip() for line in text.splitlines() if line.strip()]
    if first != 'sequenceDiagram':
        raise ValueError(f'a sequence begins with "sequenceDiagram", not "{first}"')
    names = {
        found['key']: found['name']
        for line in lines
        if (found := _PARTICIPANT.fullmatch(line))
    }
    at = _places(names)
    body, y = [], _TOP
    for line in lines:
        if not _PARTICIPANT.fullmatch(line):
            part, height = _row(line, at, y)
            body.append(part)
            y += height
    return '\n'.join(
        [
            f'<svg class="sequence" viewBox="0 0 {_WIDTH} {y + 8}" width="{_WIDTH}">',
            *_life_lines(names, at, y),
            *body,
            '</svg>\n',
        ]
    )


def _places(names: Mapping[str, str]) -> Mapping[str, float]:
    step = (_WIDTH - 2 * _SIDE) / max(len(names) - 1, 1)
    return {key: _SIDE + number * step for number, key in enumerate(names)}


def _life_lines(
    names: Mapping[str, str], at: Mapping[str, float], bottom: int
) -> Iterator[str]:
    for key, name in names.items():
        x = at[key]
        yield f'<line class="life" x1="{x}" x2="{x}" y1="30" y2="{bottom}"/>'
        yield _text(x, 20, name, 'name')


def _row(line: str, at: Mapping[str, float], y: int) -> tuple[str, int]:
    if found := _NOTE.fullmatch(line):
        return _note(_place(at, found['at'], line), y, found['text']), _NOTE_ROW
    if found := _MESSAGE.fullmatch(line):
        ends = _place(at, found['source'], line), _place(at, found['target'], line)
        return _message(*ends, y, found['text'], '--' in found['arrow']), _ROW
    raise ValueError(f'not a line of a sequence that is drawn here: "{line}"')


def _place(at: Mapping[str, float], key: str, line: str) -> float:
    if key not in at:
        raise ValueError(f'{key} is no participant: "{line}"')
    return at[key]


def _note(x: float, y: int, text: str) -> str:
    wide = len(text) * _LETTER + 16
    left = min(max(x - wide / 2, 4), _WIDTH - wide - 4)
    box = f'<rect x="{left:.0f}" y="{y}" width="{wide:.0f}" height="22" rx="4"/>'
    return f'<g class="note">{box}{_text(left + wide / 2, y + 15, text, "said")}</g>'


def _message(source: float, target: float, y: int, text: str, answer: bool) -> str:
    line, way = y + 24, 1 if target > source else -1
    tip = target - way * _TIP
    head = f'M{target},{line} L{tip},{line - 4} L{tip},{line + 4} Z'
    # It begins where the arrow does, so that a narrow screen shows how it begins.
    wide = len(text) * _LETTER
    left = min(min(source, target) + _TIP, _WIDTH - wide - 4)
    return (
        f'<g class="{"answer" if answer else "message"}">'
        f'<line x1="{source}" x2="{tip}" y1="{line}" y2="{line}"/><path d="{head}"/>'
        f'{_text(left, line - 7, text, "said")}</g>'
    )


def _text(x: float, y: float, text: str, kind: str) -> str:
    said = html.escape(text, quote=False)
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{said}</text>'
