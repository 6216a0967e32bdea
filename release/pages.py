"""Writes the licences of what EIC asks for into the manual."""

from pathlib import Path

from release import sbom
from release.project import PROJECTS, ROOT

PAGE = ROOT / 'docs/licences.md'


def write(folder: Path) -> None:
    """Put the tables of the bills of materials in a folder between their marks."""
    text = PAGE.read_text()
    for project in PROJECTS:
        (document,) = folder.glob(f'{project.stem}-*.cdx.json')
        begin, end = marks(project.name)
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f'{before}{begin}\n{sbom.table(document)}\n{end}{after}'
    PAGE.write_text(text)


def marks(name: str) -> tuple[str, str]:
    """Between what a project's table stands."""
    return f'<!-- {name}: begin -->', f'<!-- {name}: end -->'
