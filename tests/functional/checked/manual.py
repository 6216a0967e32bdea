"""The tables of docs/checks.md: the checks, and the mistakes that tests make.

``python -m tests.functional.checked.manual`` makes every mistake, and writes what
``eic check`` advises. The tests compare it with the page.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from ontap_simulator.testing import serving as simulating

from eic_plugins.cli.checks import product, runner
from eic_plugins.cli.checks.finding import Finding
from tests.functional.checked.cloud import ROOT, TOPOLOGY, Cloud
from tests.functional.checked.misconfigurations import TABLE, Misconfiguration
from tests.functional.checked.services import serving as serving_apis

MANUAL = ROOT / 'docs/checks.md'
_CHECKS = ('<!-- the checks: begin -->\n', '<!-- the checks: end -->')
_MISTAKES = ('<!-- the mistakes: begin -->\n', '<!-- the mistakes: end -->')


def listed_checks() -> str:
    """The table of checks, of those that this package has."""
    lines = ['| Check | Looks at |', '|---|---|']
    lines += [
        f'| <a id="{check.name}"></a>`{check.name}` | {check.about} |'
        for check in runner.load()
    ]
    return '\n'.join(lines) + '\n'


def row(case: Misconfiguration, findings: list[Finding], root: Path) -> str:
    """A line of the table of mistakes."""
    advice = dict.fromkeys(finding.advice for finding in findings)
    text = '; '.join(advice).replace(str(root), '').replace('|', '\\|')
    return (
        f'| {case.mistake} | [{case.check}](#{case.check}) | {case.status} '
        f'| {text.replace("<", "&lt;").replace("*", "&#42;")} |\n'
    )


def written() -> str:
    """The table of mistakes, as the page has it."""
    return MANUAL.read_text().partition(_MISTAKES[0])[2].partition(_MISTAKES[1])[0]


def _write(markers: tuple[str, str], table: str) -> None:
    before, _, rest = MANUAL.read_text().partition(markers[0])
    after = rest.partition(markers[1])[2]
    MANUAL.write_text(f'{before}{markers[0]}{table}{markers[1]}{after}')


@contextlib.contextmanager
def _cloud() -> Iterator[Cloud]:
    with tempfile.TemporaryDirectory() as name, serving_apis() as services:
        base = Path(name)
        base.chmod(0o755)
        (base / 'topology.toml').write_text(TOPOLOGY)
        with simulating(base / 'topology.toml', base / 'data') as simulator:
            cloud = Cloud(base / 'root', services, simulator)
            with mock.patch.object(product, 'survey_of', cloud.survey):
                yield cloud


def _made(cloud: Cloud, case: Misconfiguration) -> str:
    cloud.build()
    with contextlib.ExitStack() as patches:
        for (target, name), value in case.patch.items():
            patches.enter_context(mock.patch.object(target, name, value))
        case.do(cloud)
        return row(case, cloud.bad().get(case.check, []), cloud.root)


def main() -> None:
    """Write both tables."""
    _write(_CHECKS, listed_checks())
    with _cloud() as cloud:
        rows = ''.join(_made(cloud, case) for case in TABLE)
    header = '| Mistake | Named by | As | What to do |\n|---|---|---|---|\n'
    _write(_MISTAKES, header + rows)


if __name__ == '__main__':
    main()
