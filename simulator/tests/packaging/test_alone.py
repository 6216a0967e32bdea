"""The wheel in an empty environment: nothing but what it declares."""

import contextlib
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import ROOT, TIMEOUT, VERSION

_TOKEN = b64encode(b'admin:secret').decode()


def _environment() -> dict[str, str]:
    """Without anything that lets Python find packages elsewhere."""
    return {k: v for k, v in os.environ.items() if not k.startswith('PYTHON')}


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
        env=_environment(),
        cwd='/',
    )


@pytest.fixture(scope='module')
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin`` of an environment with the wheel and its dependencies alone."""
    target = tmp_path_factory.mktemp('alone') / 'venv'
    made = _run(sys.executable, '-m', 'venv', target)
    assert made.returncode == 0, made.stderr
    pip = (target / 'bin/python', '-m', 'pip', '--disable-pip-version-check')
    probe = _run(
        *pip, 'download', '--retries=1', '--no-deps', '--dest', target, 'WebOb'
    )
    if probe.returncode:
        reason = f'no package index can be reached: {probe.stderr.strip()[-200:]}'
        if os.environ.get('EIC_INDEX') == 'required':
            pytest.fail(reason)
        pytest.skip(reason)
    done = _run(*pip, 'install', '--quiet', wheel)
    assert done.returncode == 0, done.stderr
    return target / 'bin'


@contextlib.contextmanager
def _started(scripts: Path, cwd: Path, *options: str) -> Iterator[str]:
    """The address of a simulator that runs as long as the context lasts."""
    process = subprocess.Popen(
        [scripts / 'eic-ontap-simulator', '--listen=127.0.0.1:0', *options],
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        cwd=cwd,
    )
    try:
        yield _address_in(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0


@pytest.fixture
def address(scripts: Path, tmp_path: Path) -> Iterator[str]:
    """Where its simulator listens, on the example of this folder."""
    example = f'--config={ROOT / "examples/cluster.toml"}'
    with _started(scripts, Path('/'), example, f'--data-dir={tmp_path}') as found:
        yield found


def _address_in(process: subprocess.Popen[str]) -> str:
    said = []
    for line in process.stderr or ():
        said.append(line)
        if match := re.search(r'https://([\d.]+:\d+)', line):
            return match[1]
    pytest.fail(f'it has not started: {"".join(said)}')


def _get(address: str, path: str, ca: Path) -> tuple[int, Any]:
    connection = http.client.HTTPSConnection(
        address, context=ssl.create_default_context(cafile=str(ca)), timeout=TIMEOUT
    )
    try:
        connection.request('GET', path, headers={'Authorization': f'Basic {_TOKEN}'})
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def test_it_answers_over_https_with_its_ca(address: str, tmp_path: Path) -> None:
    status, cluster = _get(address, '/api/cluster', tmp_path / 'ca.pem')
    assert status == http.HTTPStatus.OK
    assert cluster['name'] == 'cluster-a'
    assert cluster['version']['full'].startswith('NetApp Release 9.15.1')


def test_without_a_topology_it_keeps_its_data_where_it_was_started(
    scripts: Path, tmp_path: Path
) -> None:
    with _started(scripts, tmp_path) as address:
        ca = tmp_path / 'ontap-simulator-data/ca.pem'
        status, found = _get(address, '/api/storage/volumes', ca)
    assert status == http.HTTPStatus.OK
    assert {record['name'] for record in found['records']} >= {'images_vol', 'luns_vol'}


def test_it_says_its_version(scripts: Path) -> None:
    done = _run(scripts / 'eic-ontap-simulator', '--version')
    assert done.stdout == f'eic-ontap-simulator {VERSION}\n'


def test_the_mount_helper_starts(scripts: Path) -> None:
    done = _run(scripts / 'eic-ontap-simulator-mount', '--help')
    assert done.returncode == 0
    assert 'HOST:/EXPORT' in done.stdout


def test_nothing_of_the_bundle_is_there(scripts: Path) -> None:
    listed = _run(scripts / 'python', '-m', 'pip', 'list', '--format=json')
    names = {each['name'].lower() for each in json.loads(listed.stdout)}
    assert 'eic-ontap-simulator' in names
    assert not names & {'eic-plugins', 'cinder', 'netapp-ontap', 'requests'}
