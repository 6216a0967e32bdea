"""What became of each test of a group, on one side."""

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

_IDS = re.compile(
    r'[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|\b\d{5,}\b|\b0x[0-9a-f]+'
)
_LONGEST = 300


@dataclasses.dataclass(frozen=True)
class Found:
    """A group's counts, what failed and why tests were skipped."""

    passed: int = 0
    failed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Of each test, the last line of its traceback."""
    skipped: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """How often, by what the test gave as its reason."""

    @property
    def tried(self) -> int:
        """Tests that ran."""
        return self.passed + len(self.failed)

    def to_json(self) -> dict[str, Any]:
        """As docs/tempest.json has it."""
        return dataclasses.asdict(self)


def found(tests: Iterable[Mapping[str, Any]]) -> Found:
    """Of the tests of a group, as the probe saw them.

    A class whose preparation failed, or that is skipped as a whole, is told as one
    test ``setUpClass (...)``.
    """
    passed = 0
    failed: dict[str, str] = {}
    skipped: Counter[str] = Counter()
    for test in tests:
        match test['status']:
            case 'success':
                passed += 1
            case 'skip':
                skipped[_masked(test['text']) or 'no reason given'] += 1
            case _:
                failed[name(test['id'])] = error(test['text'])
    return Found(passed, dict(sorted(failed.items())), dict(sorted(skipped.items())))


def name(test: str) -> str:
    """Without the tags, which change."""
    return test.partition('[')[0]


def error(text: str) -> str:
    """What a traceback ends with: all behind its last frame."""
    lines = [line for line in text.splitlines() if line.strip()]
    frames = [n for n, line in enumerate(lines) if line.startswith('  File ')]
    behind = lines[frames[-1] + 1 if frames else 0 :]
    said = itertools.dropwhile(lambda line: line.startswith('    '), behind)
    return _masked(' '.join(said))


def _masked(text: str) -> str:
    return ' '.join(_IDS.sub('…', text).split())[:_LONGEST]
