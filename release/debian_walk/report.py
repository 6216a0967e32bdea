"""What was seen on the walk, and whether it is what the page promises."""

import dataclasses
import datetime
from collections.abc import Mapping
from pathlib import Path

BEGIN = '<!-- written by `make debian-walk`: begin -->'
END = '<!-- written by `make debian-walk`: end -->'


@dataclasses.dataclass
class Report:
    """Prints each thing when it is seen."""

    seen: dict[str, str] = dataclasses.field(default_factory=dict)
    wrong: list[str] = dataclasses.field(default_factory=list)

    def say(self, words: str) -> None:
        """What happens now."""
        print(words, flush=True)

    def see(self, what: str, found: object, *, right: bool = True) -> None:
        """Something that was looked at."""
        self.seen[what] = str(found)
        mark = 'ok' if right else 'NOT AS EXPECTED'
        print(f'    {what}: {found} [{mark}]', flush=True)
        if not right:
            self.wrong.append(f'{what}: {found}')

    def expect(self, what: str, found: object, wanted: object) -> None:
        """The same, compared with what it has to be."""
        right = found == wanted
        shown = found if right else f'{found}, and not {wanted}'
        self.see(what, shown, right=right)


def write(manual: Path, report: Report, versions: Mapping[str, str]) -> None:
    """Put it into the manual, with the day and the versions."""
    day = datetime.datetime.now(datetime.UTC).date()
    packages = ', '.join(f'{name} {version}' for name, version in versions.items())
    lines = [f'Of {day}, with {packages}.', '', '| What | Seen |', '|---|---|']
    lines += [f'| {what} | {_cell(found)} |' for what, found in report.seen.items()]
    before, _, rest = manual.read_text().partition(BEGIN)
    text = '\n'.join(lines)
    manual.write_text(f'{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}')


def _cell(found: str) -> str:
    return found.replace('|', '&#124;').replace('\n', '; ')
