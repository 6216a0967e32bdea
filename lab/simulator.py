"""The simulated ONTAP clusters: an eic-ontap-simulator process for each."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab import files
from lab.context import Lab
from lab.net import answers
from lab.service import Service
from lab.specs import BackendSpec, ClusterSpec, FlexVolSpec, PoolSpec, SvmSpec
from lab.topology import ONTAP_USERS, all_pools, cluster_named, flexvol_of

VERSION = 'EIC_ONTAP_VERSION'
"""The environment variable with the ONTAP release of both clusters. Without it, they
are of the release that the simulator has by itself.
"""


def ca_dir(lab: Lab) -> Path:
    """The certificate authority that both clusters share."""
    return files.private_dir(lab.paths / 'tls')


def ca_file(lab: Lab) -> Path:
    """The CA certificate, for netapp_ssl_cert_path."""
    return ca_dir(lab) / 'ca.pem'


def config_file(lab: Lab, cluster: ClusterSpec) -> Path:
    """The topology that a simulator is given."""
    return lab.paths / f'simulator/{cluster.name}.toml'


def flexvol_directory(lab: Lab, share: str) -> Path:
    """A FlexVol's root directory, in the lab's mount namespace."""
    cluster, svm, volume = flexvol_of(share)
    return lab.paths.data_dir(cluster.name) / 'volumes' / svm.name / volume.name


def svm_directory(lab: Lab, backend: BackendSpec) -> Path:
    """Where the FlexVols of a backend's SVM are, in the lab's namespace."""
    cluster = cluster_named(backend.cluster)
    return lab.paths.data_dir(cluster.name) / 'volumes' / backend.svm


def flexvol_directory_from_host(lab: Lab, share: str) -> Path:
    """The same directory for who is outside of the mount namespace."""
    return Path(f'/proc/{lab.holder()}/root{flexvol_directory(lab, share)}')


def pool_directory_from_host(lab: Lab, pool: PoolSpec) -> Path:
    """The root directory of a pool's FlexVol, from outside the namespace."""
    if pool.backend.protocol == 'nfs':
        return flexvol_directory_from_host(lab, pool.share)
    inside = svm_directory(lab, pool.backend) / pool.share
    return Path(f'/proc/{lab.holder()}/root{inside}')


def pool_directories(lab: Lab) -> dict[str, Path]:
    """The root directory of each pool's FlexVol by the pool's name, from outside
    the namespace.
    """
    return {pool.name: pool_directory_from_host(lab, pool) for pool in all_pools()}


def start(lab: Lab, cluster: ClusterSpec) -> None:
    """Have one cluster answering."""
    service = service_of(lab, cluster)
    port = lab.ports.cluster(cluster)
    lab.ensure(service, lambda: answers(cluster.address, port), seconds=30)


def topology_toml(lab: Lab, cluster: ClusterSpec) -> str:
    """A cluster as the simulator's TOML describes it."""
    blocks = [
        _cluster(lab, cluster),
        *(_user(lab, user) for user in ONTAP_USERS),
        *(_aggregate(cluster, name) for name in cluster.aggregates),
        *(block for svm in cluster.svms for block in _svm(svm)),
    ]
    return '\n\n'.join(blocks) + '\n'


def _cluster(lab: Lab, cluster: ClusterSpec) -> str:
    values = {
        'name': cluster.name,
        'listen': f'{cluster.address}:{lab.ports.cluster(cluster)}',
        'copy_throughput': 0,
        'copy_limit': 50,
    }
    return _table('[cluster]', values)


def _user(lab: Lab, name: str) -> str:
    password_file = str(lab.secrets.file(f'ontap-{name}'))
    values = {'name': name, 'role': 'admin', 'password_file': password_file}
    return _table('[[users]]', values)


def _aggregate(cluster: ClusterSpec, name: str) -> str:
    values = {'name': name, 'size': '2TiB', 'node': f'{cluster.name}-01'}
    return _table('[[aggregates]]', values)


def _svm(svm: SvmSpec) -> Iterator[str]:
    yield _table('[[svms]]', {'name': svm.name, 'protocols': svm.protocols})
    for number, address in enumerate(svm.lifs, start=1):
        yield _table('[[svms.lifs]]', {'name': f'lif{number}', 'address': address})
    for volume in svm.volumes:
        yield _table('[[svms.volumes]]', _flexvol(volume))


def _flexvol(volume: FlexVolSpec) -> dict[str, Any]:
    mounted = {'junction_path': volume.junction_path} if volume.junction_path else {}
    return {
        'name': volume.name,
        **mounted,
        'size': volume.size,
        'aggregate': volume.aggregate,
    }


def _table(header: str, values: dict[str, Any]) -> str:
    # JSON's strings and numbers are TOML, too.
    return '\n'.join([header, *(f'{k} = {json.dumps(v)}' for k, v in values.items())])


def service_of(lab: Lab, cluster: ClusterSpec) -> Service:
    """What runs a cluster."""
    config = config_file(lab, cluster)
    files.write_private(config, topology_toml(lab, cluster))
    return Service(
        cluster.service,
        (
            sys.executable,
            '-m',
            'ontap_simulator',
            '--config',
            str(config),
            '--data-dir',
            str(lab.paths.data_dir(cluster.name)),
            '--ca-dir',
            str(ca_dir(lab)),
        ),
        env={VERSION: os.environ[VERSION]} if os.environ.get(VERSION) else {},
        configs=(config,),
        in_namespace=True,
        stop_seconds=5,
    )
