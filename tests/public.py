"""The names that a release promises to keep: docs/releases.md says for how long.

``python -m tests.public`` writes those of today into tests/unit/public.json, when a
release is made. Until then, what is new may still get another name.
"""

import configparser
import json
import re
from collections.abc import Mapping
from pathlib import Path

from eic_plugins import config
from eic_plugins.model import Outcome, Reason, Refusal

ROOT = Path(__file__).parents[1]
KEPT = ROOT / 'tests/unit/public.json'
_METRIC = re.compile(r'^\| `(eic_\w+)` \|', re.MULTILINE)


def names() -> Mapping[str, list[str]]:
    """What there is today, by kind."""
    found = {
        'options': _options(),
        'reasons': {str(reason.value) for reason in Reason},
        'metadata': _metadata(),
        'metrics': set(_METRIC.findall((ROOT / 'docs/metrics.md').read_text())),
        **_entry_points(),
    }
    return {kind: sorted(each) for kind, each in sorted(found.items())}


def _options() -> set[str]:
    """With the names that an option had before: they are read, too."""
    old = {each.name for option in config.ALL_OPTS for each in option.deprecated_opts}
    return {option.dest for option in config.ALL_OPTS} | {name for name in old if name}


def _metadata() -> set[str]:
    refused = Refusal('download', Reason.NOT_CACHED)
    return set(Outcome('cached', (refused,), 1.0, 1).to_metadata())


def _entry_points() -> Mapping[str, set[str]]:
    declared = configparser.ConfigParser(delimiters='=')
    declared.optionxform = str  # type: ignore[assignment,method-assign]
    declared.read((ROOT / 'entry_points').glob('*.ini'))
    return {f'entry points {name}': set(declared[name]) for name in declared.sections()}


def kept() -> Mapping[str, list[str]]:
    """What was promised."""
    found: Mapping[str, list[str]] = json.loads(KEPT.read_text())
    return found


if __name__ == '__main__':
    KEPT.write_text(json.dumps(names(), indent=1) + '\n')
