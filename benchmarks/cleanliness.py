"""Says what others have on a lab: a benchmark shares a lab with nobody."""

import re
from collections.abc import Iterator

from benchmarks import control
from lab import cinder, glance, identity, simulator
from lab.context import Lab
from lab.errors import LabError
from lab.topology import CLUSTERS, DRIVERS

_FILES = re.compile(r'volume-|img-cache-|eic-fill-|\.eic-')
_SHOWN = 5


def check(lab: Lab) -> None:
    """Refuse a lab on which anything would mix with what is measured.

    :raises LabError: says what there is and how to be rid of it
    """
    problems = [*_down(lab), *_objects(lab), *_files(lab), *_faults(lab)]
    if problems:
        shown = ', '.join(problems[:_SHOWN])
        more = f' and {len(problems) - _SHOWN} more' if len(problems) > _SHOWN else ''
        raise LabError(
            f'The lab is not clean: {shown}{more}. `python -m benchmarks --clean` '
            'removes what a benchmark has left; delete the rest, or `make '
            'lab-purge`.'
        )


def _down(lab: Lab) -> Iterator[str]:
    names = (
        glance.NAME,
        cinder.API,
        cinder.SCHEDULER,
        *(cinder.volume_service(driver) for driver in DRIVERS),
        *(cluster.service for cluster in CLUSTERS),
    )
    for name in names:
        if not lab.processes.alive(name):
            yield f'{name} is down'


def _objects(lab: Lab) -> Iterator[str]:
    admin = identity.admin(lab)
    for volume in admin.cinder('GET', '/volumes?all_tenants=1')['volumes']:
        yield f'volume {volume["id"]}'
    for server in admin.nova('GET', '/servers?all_tenants=1')['servers']:
        yield f'server {server["id"]}'
    for image in admin.request('GET', 'glance', '/v2/images')['images']:
        yield f'image {image["id"]}'


def _files(lab: Lab) -> Iterator[str]:
    for pool, directory in simulator.pool_directories(lab).items():
        for path in directory.iterdir():
            if _FILES.match(path.name):
                yield f'file {path.name} in pool {pool}'


def _faults(lab: Lab) -> Iterator[str]:
    for cluster in CLUSTERS:
        if control.get(lab, cluster, '/faults')['faults']:
            yield f'faults on {cluster.name}'
