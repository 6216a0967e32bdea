"""What stands around the code: make, CI, hooks, release notes, owners."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from reno import config as reno_config

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / 'Makefile').read_text()
NOTES = sorted((ROOT / 'releasenotes/notes').iterdir())
SECTIONS = {'prelude', *(name for name, *_ in reno_config.Config(str(ROOT)).sections)}
UID = re.compile(r'[a-z0-9-]+-(?P<uid>[0-9a-f]{16})\.yaml')


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def test_make_alone_lists_every_target() -> None:
    phony = MAKEFILE.partition('.PHONY:')[2].partition('\n\n')[0]
    explained = re.findall(r'^([a-z0-9-]+):.*## ', MAKEFILE, re.MULTILINE)
    assert sorted([*explained, 'help']) == sorted(phony.replace('\\\n', '').split())
    first = re.search(r'^([a-z-]+):', MAKEFILE, re.MULTILINE)
    assert first is not None
    assert first[1] == 'help'


def test_ci_runs_what_a_change_must_pass_and_nothing_else() -> None:
    (job,) = _yaml('.github/workflows/ci.yml')['jobs'].values()
    assert job['container']['image'] == 'debian:12'
    assert job['steps'][-1] == {'run': '.ci/run'}
    assert (ROOT / '.ci/run').stat().st_mode & 0o111


def test_hooks_fetch_nothing_and_check_what_lint_checks() -> None:
    (repo,) = _yaml('.pre-commit-config.yaml')['repos']
    assert repo['repo'] == 'local'
    entries = [hook['entry'] for hook in repo['hooks']]
    assert {hook['language'] for hook in repo['hooks']} == {'system'}
    assert all(entry.startswith('.venv/bin/') for entry in entries)
    lint = MAKEFILE.partition('\nlint:')[2].partition('\n\n')[0]
    for tool in ('ruff format', 'ruff check', 'mypy'):
        assert f'-m {tool}' in lint
        assert any(f'-m {tool}' in entry for entry in entries)


def test_owners_are_of_paths_that_there_are() -> None:
    lines = (ROOT / '.github/CODEOWNERS').read_text().splitlines()
    paths = [line.split()[0] for line in lines if line and line[0] != '#']
    assert paths[0] == '*'
    assert [path for path in paths[1:] if not (ROOT / path.lstrip('/')).exists()] == []


@pytest.mark.parametrize('note', NOTES, ids=lambda note: note.stem)
def test_a_release_note_is_one_that_reno_reads(note: Path) -> None:
    found = yaml.safe_load(note.read_text())
    assert set(found) <= SECTIONS
    prelude = found.pop('prelude', 'none')
    assert isinstance(prelude, str)
    assert all(isinstance(item, str) for items in found.values() for item in items)


def test_no_two_release_notes_are_one_for_reno() -> None:
    names = [UID.fullmatch(note.name) for note in NOTES]
    uids = [found['uid'] for found in names if found]
    assert len(set(uids)) == len(NOTES)


def test_coverage_has_a_floor_and_is_of_what_is_installed() -> None:
    coverage = tomllib.loads((ROOT / 'pyproject.toml').read_text())['tool']['coverage']
    assert coverage['run']['source'] == ['eic_plugins']
    assert coverage['report']['fail_under'] > 0
