"""Sets options in a configuration file as somebody does with an editor.

Comments and all other lines stay what they are: Debian's files consist of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

_HEADER = re.compile(r'^\[(?P<section>[^\]]+)\]\s*$')
_OPTION = re.compile(r'^(?P<option>[^#;\[\s][^=]*?)\s*=')


def merged(text: str, wanted: str) -> str:
    """The file with all options that ``wanted`` has, a file of the same form."""
    lines: Sequence[str] = text.splitlines()
    for section, options in _sections(wanted).items():
        lines = _with(lines, section, options)
    return '\n'.join(lines) + '\n'


def _sections(wanted: str) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    section = ''
    for line in wanted.splitlines():
        if header := _HEADER.match(line):
            section = header['section']
            found.setdefault(section, {})
        elif option := _OPTION.match(line):
            found[section][option['option']] = line
    return found


def _with(
    lines: Sequence[str], section: str, options: Mapping[str, str]
) -> Sequence[str]:
    begin, end = _place(lines, section)
    if begin < 0:
        return [*lines, '', f'[{section}]', *options.values()]
    body = [line for line in lines[begin + 1 : end] if _name(line) not in options]
    return [*lines[: begin + 1], *options.values(), *body, *lines[end:]]


def _place(lines: Sequence[str], section: str) -> tuple[int, int]:
    """Of its header, and of the line behind its last one; -1 if there is none."""
    headers = list(_headers(lines))
    for (at, name), (end, _) in zip(
        headers, [*headers[1:], (len(lines), '')], strict=True
    ):
        if name == section:
            return at, end
    return -1, -1


def _headers(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        if found := _HEADER.match(line):
            yield number, found['section']


def _name(line: str) -> str | None:
    found = _OPTION.match(line)
    return found['option'] if found else None
