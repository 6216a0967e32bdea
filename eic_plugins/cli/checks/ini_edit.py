"""Changes single lines of INI and JSON files, and leaves all others as they are."""

import json
from typing import Any

from eic_plugins.cli.checks.finding import Change


def apply(text: str, change: Change) -> str:
    """The text of a file, changed.

    :raises ValueError: it is no such file
    """
    if change.section.isdigit():
        return _json(text, change)
    lines = text.splitlines(keepends=True)
    start, end = _section(lines, change.section)
    if start < 0:
        return text if change.value is None else _with_section(text, change)
    places = [
        number for number in range(start, end) if _name(lines[number]) == change.option
    ]
    if change.value is None:
        for number in reversed(places):
            del lines[number : _continued(lines, number)]
    elif places:
        last = places[-1]
        lines[last : _continued(lines, last)] = [_line(change)]
    else:
        lines.insert(_insertion(lines, start, end), _line(change))
    return ''.join(lines)


def _json(text: str, change: Change) -> str:
    content: Any = json.loads(text)
    entry = content[int(change.section)] if isinstance(content, list) else content
    if change.value is None:
        entry.pop(change.option, None)
    else:
        entry[change.option] = change.value
    return json.dumps(content, indent=4) + '\n'


def _section(lines: list[str], name: str) -> tuple[int, int]:
    """The lines of a section, the last one of that name; (-1, -1) without one."""
    start = end = -1
    for number, line in enumerate(lines):
        if line.startswith('['):
            if start >= 0 and end < 0:
                end = number
            if line.strip() == f'[{name}]':
                start, end = number + 1, -1
    return start, len(lines) if end < 0 else end


def _name(line: str) -> str:
    if not line[:1].strip() or line[0] in '#;[':
        return ''
    return line.partition('=')[0].partition(':')[0].strip()


def _continued(lines: list[str], number: int) -> int:
    """The first line that does not belong to the value any more."""
    number += 1
    while number < len(lines) and lines[number][:1] in ' \t' and lines[number].strip():
        number += 1
    return number


def _insertion(lines: list[str], start: int, end: int) -> int:
    """Behind the last line of a section that is not blank."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    if end and not lines[end - 1].endswith('\n'):
        lines[end - 1] += '\n'
    return end


def _with_section(text: str, change: Change) -> str:
    break_ = '' if not text or text.endswith('\n') else '\n'
    return f'{text}{break_}\n[{change.section}]\n{_line(change)}'


def _line(change: Change) -> str:
    return f'{change.option} = {change.value}\n'
