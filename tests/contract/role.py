"""The role that docs/operations.md prints, on the simulator.

It is read from the tables of the document, so that the document and what the tests
run with cannot become two.
"""

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract.simulator import Simulator

MANUAL = Path(__file__).parents[2] / 'docs/operations.md'
LOGIN, ROLE = 'least', 'eic'
PROTOCOLS = ('nfs', 'iscsi', 'fc', 'nvme')
_READS = frozenset({'GET'})
LEVELS = {
    'readonly': _READS,
    'read_create': _READS | {'POST'},
    'read_modify': _READS | {'PATCH'},
    'read_create_modify': _READS | {'POST', 'PATCH'},
    'all': _READS | {'POST', 'PATCH', 'DELETE'},
}


@dataclasses.dataclass(frozen=True)
class Line:
    """A path of the role, the level, and which backends need it, and for what."""

    path: str
    level: str
    backends: frozenset[str]
    what: str = ''

    def __str__(self) -> str:
        return f'{self.path} {self.level}'

    def covers(self, path: str) -> bool:
        """Whether it is about a request's path, if no longer line is."""
        pattern = '[^/]+'.join(re.escape(part) for part in self.path.split('*'))
        return re.match(f'{pattern}(/|$)', path) is not None


def lines(heading: str) -> Sequence[Line]:
    """The role's lines below a heading of the manual."""
    section = MANUAL.read_text().partition(f'\n{heading}\n')[2].partition('\n#')[0]
    return [
        Line(path, level.strip('`'), _backends(backends), what)
        for row in section.splitlines()
        if row.startswith('| `/api/')
        for paths, level, backends, what in [_cells(row)]
        for path in re.findall('`([^`]+)`', paths)
    ]


def needed() -> Sequence[Line]:
    """What a backend of EIC needs: the released driver's lines, and EIC's own."""
    return (
        *lines('### What the released driver asks for'),
        *lines('### What EIC adds'),
    )


def optional() -> Sequence[Line]:
    """What options and commands add."""
    return lines('### What options and commands add')


def granted(
    protocol: str, option: str = '', without: Line | None = None
) -> dict[str, str]:
    """The role of a backend: paths, and the highest level that a line gives each.

    :param option: an option or a command whose lines are added
    """
    added = [line for line in optional() if option and option in line.what]
    found: dict[str, str] = {}
    for line in (*needed(), *added):
        if protocol in line.backends and line != without:
            levels = (line.level, found.get(line.path, 'readonly'))
            found[line.path] = max(levels, key=lambda level: len(LEVELS[level]))
    return found


def refuses(privileges: Mapping[str, str], method: str, path: str) -> bool:
    """Whether a role refuses a call: its longest path decides."""
    found = [
        (own, level)
        for own, level in privileges.items()
        if Line(own, level, frozenset()).covers(path)
    ]
    return not found or method not in LEVELS[max(found, key=lambda p: len(p[0]))[1]]


class Account:
    """The account of a backend, and its role, which can be changed."""

    def __init__(self, simulator: Simulator, protocol: str) -> None:
        self.simulator, self.protocol = simulator, protocol
        self.give()

    def give(self, option: str = '', without: Line | None = None) -> None:
        """Have the role of the manual, with an option's lines or without a line."""
        privileges = [
            {'path': path, 'access': level}
            for path, level in granted(self.protocol, option, without).items()
        ]
        owner = self._owner('roles', ROLE)
        if owner:
            path = f'/security/roles/{owner}/{ROLE}'
            self._ask('PATCH', path, json={'privileges': privileges})
        else:
            self._make(privileges)

    def _make(self, privileges: Sequence[Mapping[str, str]]) -> None:
        self._ask(
            'POST', '/security/roles', json={'name': ROLE, 'privileges': privileges}
        )
        account = {
            'name': LOGIN,
            'password': f'{LOGIN}-secret',
            'role': {'name': ROLE},
            'applications': [{'application': 'http'}],
        }
        self._ask('POST', '/security/accounts', json=account)

    def remove(self) -> None:
        """Both are gone."""
        for kind, name in (('accounts', LOGIN), ('roles', ROLE)):
            owner = self._owner(kind, name)
            if owner:
                self._ask('DELETE', f'/security/{kind}/{owner}/{name}')

    def _owner(self, kind: str, name: str) -> str | None:
        found = self._ask(
            'GET', f'/security/{kind}', params={'name': name, 'fields': 'owner.uuid'}
        )
        return next((str(each['owner']['uuid']) for each in found['records']), None)

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """What was asked with it."""
        return list(self.simulator.calls(since, LOGIN)['calls'])

    def refused(self, since: int = 0) -> list[str]:
        """Which of these calls its role refused."""
        return sorted(
            {
                f'{call["method"]} {call["path"]}'
                for call in self.calls(since)
                if call['status'] == 403
            }
        )

    def _ask(self, method: str, path: str, **kwargs: Any) -> Any:
        answer = self.simulator.session.request(
            method, f'{self.simulator.origin}/api{path}', timeout=30, **kwargs
        )
        answer.raise_for_status()
        return answer.json()


@contextlib.contextmanager
def account(simulator: Simulator, protocol: str) -> Iterator[Account]:
    """An account with exactly the role that the manual prints."""
    found = Account(simulator, protocol)
    try:
        yield found
    finally:
        found.remove()


def _cells(row: str) -> list[str]:
    cells = [cell.strip() for cell in row.strip().strip('|').split('|')]
    return [*cells, ''][:4]


def _backends(cell: str) -> frozenset[str]:
    named = frozenset(PROTOCOLS) & set(re.findall('[a-z]+', cell.lower()))
    return named or frozenset(PROTOCOLS)
