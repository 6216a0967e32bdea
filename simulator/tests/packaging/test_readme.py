"""What the README shows works as it is written there."""

import re
import tomllib
from pathlib import Path

import pytest
from ontap_simulator import fault_kinds, urls
from ontap_simulator.topology import config

from tests.packaging.conftest import ROOT

README = (ROOT / 'README.md').read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', README, re.DOTALL)


def test_the_example_is_a_topology() -> None:
    topology = config.load(ROOT / 'examples/cluster.toml')
    assert f'{topology.host}:{topology.port}' in README
    assert [user.name for user in topology.users] == ['admin']


def test_the_topology_in_the_readme_is_one() -> None:
    (text,) = blocks('toml')
    topology = config.parse(tomllib.loads(text))
    assert topology.svms[0].ipspace == 'tenants'


def test_the_example_of_a_test_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = [text for text in blocks('python') if 'serving' in text]
    topology = (ROOT / 'examples/cluster.toml').read_text()
    (tmp_path / 'cluster.toml').write_text(
        topology.replace('127.0.10.1:18443', '127.0.0.1:0')
    )
    monkeypatch.chdir(tmp_path)
    text = text.replace('examples/', '').replace('/srv/simulator', str(tmp_path))
    exec(compile(text, 'README.md', 'exec'), {})  # noqa: S102 - our own text
    assert capsys.readouterr().out == '[]\n'


def test_every_fault_is_in_the_readme() -> None:
    assert set(fault_kinds.KINDS) == set(
        re.findall(
            r'^\| `(\w+)` \|.*\|.*\|$', README.split('### Faults')[1], re.MULTILINE
        )
    )


@pytest.mark.parametrize('template', urls.ROUTES)
def test_every_path_is_in_the_readme(template: str) -> None:
    table = README.partition('## What it answers')[2].partition('###')[0]
    assert f'`{template.partition("/{")[0]}' in table


@pytest.mark.parametrize('path', re.findall(r'`((?:tests|examples)/[\w/.]+)`', README))
def test_every_file_that_it_names_is_here(path: str) -> None:
    assert (ROOT / path).exists()
