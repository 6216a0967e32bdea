"""Reads a manual as somebody follows it: commands to run and files to change.

A fenced block of ``sh`` is typed by root. A block of any other language is of the file
that the last words before it name: "In `/etc/cinder/cinder.conf`:". Of an ``ini`` file
the options are set, another one is written as a whole. A block without language is an
output or an example, and nobody types it.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence

from release.commands import ReleaseError

_BLOCK = re.compile(
    r'^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$', re.DOTALL | re.MULTILINE
)
_SECTION = re.compile(r'^## (?P<title>.+)$', re.MULTILINE)
_FILE = re.compile(r'`(?P<path>/[^`\s]+)`[^`]*:\s*$')
_PLACEHOLDER = re.compile(r'\b[A-Z][A-Z0-9]*_(?:DBPASS|PASS|LIF|EXPORT)\b')
SHELL = 'sh'


class PageError(ReleaseError):
    """The page cannot be followed."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One block; ``path`` is of a file, and empty for what is typed."""

    language: str
    text: str
    path: str = ''


@dataclasses.dataclass(frozen=True)
class Section:
    """What stands below a heading of the second level."""

    title: str
    steps: Sequence[Step]


def sections(page: str, values: Mapping[str, str]) -> Sequence[Section]:
    """All of a page that have something to do.

    :param values: what takes the place of each placeholder
    :raises PageError: a block of a file without path, or a placeholder without value
    """
    titles = list(_SECTION.finditer(page))
    ends = [*(title.start() for title in titles[1:]), len(page)]
    found = [
        Section(title['title'], tuple(_steps(page[title.end() : end], values)))
        for title, end in zip(titles, ends, strict=True)
    ]
    return [section for section in found if section.steps]


def placeholders(page: str) -> set[str]:
    """What has to be replaced, in all blocks."""
    return {
        name
        for block in _BLOCK.finditer(page)
        for name in _PLACEHOLDER.findall(block['text'])
    }


def _steps(text: str, values: Mapping[str, str]) -> Iterator[Step]:
    behind = 0
    for block in _BLOCK.finditer(text):
        before, behind = text[behind : block.start()], block.end()
        language = block['language']
        if not language:
            continue
        path = ''
        if language != SHELL:
            named = _FILE.search(before)
            if named is None:
                raise PageError(f'of which file is this? {block["text"][:60]!r}')
            path = named['path']
        yield Step(language, filled(block['text'], values), path)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with all placeholders replaced.

    :raises PageError: one has no value
    """

    def value(found: re.Match[str]) -> str:
        if found[0] not in values:
            raise PageError(f'there is no value for {found[0]}')
        return values[found[0]]

    return _PLACEHOLDER.sub(value, text)
