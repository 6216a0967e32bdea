"""The first two minutes: the simulator without options, and what its help says."""

import re
from pathlib import Path

import pytest
from ontap_simulator import usage
from ontap_simulator.main import main, start
from ontap_simulator.topology import config

ROOT = Path(__file__).parents[2]


def test_the_default_cluster_is_the_example() -> None:
    assert usage.EXAMPLE.read_text() == (ROOT / 'examples/cluster.toml').read_text()


def test_the_help_has_the_address_and_the_names_of_the_default_cluster() -> None:
    topology = config.load(usage.EXAMPLE)
    origin = f'https://{topology.host}:{topology.port}'
    assert origin in usage.EPILOG
    user = topology.users[0]
    assert f'-u {user.name}:{user.password}' in usage.EPILOG
    names = {svm.name for svm in topology.svms} | {a.name for a in topology.aggregates}
    used = re.findall(r'(?:vserver|aggregate_name): (\S+)', usage.EPILOG)
    assert used
    assert set(used) <= names


def test_the_help_is_printed_as_it_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(['--help'])
    assert usage.EPILOG in capsys.readouterr().out


def test_the_python_of_the_help_compiles() -> None:
    part = usage.EPILOG.partition('netapp-ontap)\n')[2].partition('\n\n')[0]
    text = '\n'.join(line[4:] for line in part.splitlines())
    assert 'Volume.get_collection' in text
    compile(text, 'help', 'exec')


def test_it_starts_without_a_topology_of_ones_own(tmp_path: Path) -> None:
    server = start(usage.EXAMPLE, tmp_path / 'data', listen='127.0.0.1:0')
    server.stop()
    assert (tmp_path / 'data/ca.pem').exists()
