"""What the services' logs say that is EIC's to answer for.

Debian's Cinder writes tracebacks of its own: its NetApp driver asks ONTAP's old API,
which the simulator has not. EIC's are those that go through a file of EIC's.
"""

import re
from collections.abc import Iterator, Sequence

REFUSED = 'Unauthorized command'
"""What rootwrap says where no filter allows a command."""
_LINE = re.compile(
    r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ (?P<pid>\d+) '
    r'(?P<level>[A-Z]+) (?P<logger>\S+) (?P<said>.*)$'
)
_OURS = re.compile(r'^eic_plugins[. ]|File "\S*/eic_plugins/')
"""The logger, or a frame. A driver of Cinder's that EIC extends has EIC's name, too."""
_BAD = ('ERROR', 'CRITICAL')


def refused(lines: Sequence[str]) -> list[str]:
    """The lines in which rootwrap refuses a command."""
    return [line for line in lines if REFUSED in line]


def errors(lines: Sequence[str]) -> list[str]:
    """EIC's: the last line of each of its tracebacks, and the errors that it logs."""
    found: list[str] = []
    for said in _records(lines):
        if any(_OURS.search(line) for line in said):
            found.append(said[-1])
    return found


def _records(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """Errors, each with its logger, its lines, and its traceback."""
    before: tuple[str, str] | None = None
    record: list[str] = []
    for line in lines:
        read = _LINE.match(line)
        who = (read['pid'], read['logger']) if read and read['level'] in _BAD else None
        if who != before or (read and _begins(read['said'])):
            if record:
                yield record
            record = []
        if read and who:
            said = read['said'].rstrip()
            record += [f'{read["logger"]} {said}'] if said else []
        before = who
    if record:
        yield record


def _begins(said: str) -> bool:
    """oslo.log repeats the prefix in each line; the request stands in the first one."""
    return said.startswith('[')
