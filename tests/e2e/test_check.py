"""`eic check` on the lab: all passes once its advice is followed, and it ends in
time when half of the services hang.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eic_plugins.cli.checks import product
from lab import cinder, nova
from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.paths import REPOSITORY, venv_bin
from lab.topology import CLUSTERS
from tests.e2e.ontap import Ontap
from tests.e2e.services import Services

SUPPOSED_UNSEEN = {
    # waitress serves the lab, not uWSGI; its NFS mounts are bind mounts.
    'cinder-hold-threads',
    'cinder-wsgi-threads',
    'nova-wsgi-threads',
    'glance-mount-true',
    'leftovers',
}
# lab.fabric's driver is EIC's on a host without a fabric; the paste file is named
# by the environment of nova-api.
_CINDER = f'[eic-block]\nvolume_driver = {product.DRIVERS["iscsi"]}\n'
_NOVA = f'[wsgi]\napi_paste_config = {REPOSITORY}/api-paste-nova.ini.sample\n'


@pytest.fixture
def files(lab: Lab, tmp_path: Path) -> list[str]:
    """The configuration of the side that has EIC."""
    (tmp_path / 'cinder.conf').write_text(_CINDER)
    (tmp_path / 'nova.conf').write_text(_NOVA)
    found = [
        *cinder.api_configs(lab, cinder.API),
        cinder.volume_configs(lab, 'eic')[-1],
        tmp_path / 'cinder.conf',
        *nova.configs(lab, nova.API),
        tmp_path / 'nova.conf',
    ]
    named = [f'{path.stem if path.parent == tmp_path else ""}={path}' for path in found]
    glance = lab.paths / 'glance/etc/glance-api.conf'
    return [f'--config-file={name.lstrip("=")}' for name in (*named, f'={glance}')]


@pytest.fixture
def deduplicated(lab: Lab) -> Iterator[None]:
    """As `volume efficiency on` has it."""
    _deduplicate(lab, 'inline')
    yield
    _deduplicate(lab, 'none')


def _deduplicate(lab: Lab, mode: str) -> None:
    for cluster in CLUSTERS:
        api = ClusterApi(lab, cluster)
        for volume in api.ontap('GET', '/storage/volumes')['records']:
            path = f'/storage/volumes/{volume["uuid"]}'
            api.ontap('PATCH', path, json={'efficiency': {'dedupe': mode}})


def check(files: list[str]) -> tuple[int, dict[str, str]]:
    """The exit status, and each check's result."""
    answer = subprocess.run(
        [
            venv_bin('eic'),
            'check',
            *files,
            '--cinder-user=root',
            '--glance-user=root',
            '-fjson',
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = json.loads(answer.stdout)
    return answer.returncode, {row['Check']: row['Result'] for row in reversed(told)}


def test_all_passes_on_the_lab_once_its_advice_is_followed(
    files: list[str], image: str, ontap: Ontap, deduplicated: None
) -> None:
    with ontap.peered('svm_silver', 'svm_gold'):
        status, told = check(files)
    assert {name for name, result in told.items() if result != 'pass'} == (
        SUPPOSED_UNSEEN
    )
    assert status == 0
    assert len(told) > 90


def test_without_the_advice_it_warns_of_these_alone(files: list[str]) -> None:
    status, told = check(files)
    warned = {name for name, result in told.items() if result == 'warning'}
    assert (status, warned) == (1, {'ontap-deduplication', 'ontap-peering'})


def test_it_ends_within_20_seconds_when_half_of_the_services_hang(
    files: list[str], services: Services
) -> None:
    for name in ('keystone', 'simulator-cluster-a'):
        services.pause(name)
    started = time.monotonic()
    status, told = check(files)
    assert time.monotonic() - started < 20
    assert status == 2
    assert told['glance-api'] == told['ontap-reachable'] == 'failure'
    assert told['ontap-shares'] == told['glance-images'] == 'not seen'
    assert told['cinder-filter'] == told['nova-filter'] == 'pass'
