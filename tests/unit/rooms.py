"""The tree of ``eic_plugins``, two levels deep, as docs/architecture.md has it.

``python -m tests.unit.rooms`` writes it there anew, from the first sentence of
each module's docstring; ``test_rooms.py`` says when that is due.
"""

import ast
import pathlib
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / 'eic_plugins'
MAP = ROOT / 'docs/architecture.md'
BEGIN = '<!-- the rooms: begin -->\n```\n'
END = '```\n<!-- the rooms: end -->'
_WIDTH = 26


def tree() -> str:
    """Rooms first, then what stands beside them; a line each."""
    return ''.join(_lines(PACKAGE, 0))


def written() -> str:
    """What the map says now."""
    return MAP.read_text().partition(BEGIN)[2].partition(END)[0]


def write() -> None:
    """Put the tree into the map."""
    before, _, rest = MAP.read_text().partition(BEGIN)
    MAP.write_text(before + BEGIN + tree() + END + rest.partition(END)[2])


def members(folder: pathlib.Path) -> list[pathlib.Path]:
    """The rooms and modules in a folder, folders first."""
    found = [
        path
        for path in folder.iterdir()
        if (path / '__init__.py').exists()
        or (path.suffix == '.py' and path.name != '__init__.py')
    ]
    return sorted(found, key=lambda path: (path.is_file(), path.name))


def _lines(folder: pathlib.Path, depth: int) -> Iterator[str]:
    for path in members(folder):
        name = '  ' * depth + path.name + ('/' if path.is_dir() else '')
        yield f'{name:<{_WIDTH}}{_first_sentence(path)}\n'
        if path.is_dir() and depth == 0:
            yield from _lines(path, depth + 1)


def _first_sentence(path: pathlib.Path) -> str:
    module = path / '__init__.py' if path.is_dir() else path
    said = ast.get_docstring(ast.parse(module.read_text())) or ''
    return ' '.join(said.partition('\n\n')[0].split()).removesuffix('::')


if __name__ == '__main__':
    write()
