"""Two processes of cinder-api with the filter, as every cloud has: it makes no
difference which one is asked.
"""

import concurrent.futures
from collections.abc import Iterator

import pytest
from keystoneauth1 import exceptions

from lab import cinder, cinder_services
from lab.context import Lab
from tests.e2e.ontap import Ontap
from tests.e2e.services import Services
from tests.e2e.user import LabUser

SECOND = 'cinder-api-2'
APIS = (cinder.API, SECOND)
VOLUMES = 10


@pytest.fixture(scope='module')
def second(lab: Lab) -> Iterator[None]:
    cinder_services.start_api(lab, SECOND, configured_as=cinder.API)
    yield
    lab.processes.stop(SECOND)


def start(cloud: LabUser, api: str, image: str) -> str:
    body = {'size': 1, 'imageRef': image, 'volume_type': 'eic-gold'}
    answer = cloud.api.request(
        'POST', api, f'/v3/{cloud.api.project_id}/volumes', {'volume': body}
    )
    cloud.volumes.append(answer['volume']['id'])
    return str(answer['volume']['id'])


def test_volumes_asked_of_both_at_once_are_one_copy(
    second: None, cloud: LabUser, image: str, digest: str, ontap: Ontap
) -> None:
    mark = ontap.calls()['last']
    with concurrent.futures.ThreadPoolExecutor(VOLUMES) as pool:
        asked = list(
            pool.map(lambda number: start(cloud, APIS[number % 2], image), range(10))
        )
    volumes = [cloud.ended(each) for each in asked]
    routes = sorted(each['metadata']['eic_route'] for each in volumes)
    assert routes == ['cached'] * (VOLUMES - 1) + ['copy_offload']
    assert {cloud.sha256(each, 'gold') for each in volumes} == {digest}
    assert len(ontap.file_copies(mark)) == 1


@pytest.mark.parametrize('api', APIS)
def test_an_image_that_was_replaced_is_so_for_both(
    second: None, cloud: LabUser, image: str, api: str
) -> None:
    """One of them has just looked its locations up."""
    cloud.ended(start(cloud, api, image))
    cloud.api.request('DELETE', 'glance', f'/v2/images/{image}')
    for each in APIS:
        with pytest.raises(exceptions.BadRequest):
            start(cloud, each, image)


def test_a_killed_one_takes_no_volume_with_it(
    second: None, lab: Lab, cloud: LabUser, image: str, services: Services
) -> None:
    asked = [start(cloud, SECOND, image) for _ in range(3)]
    services.kill(SECOND)
    try:
        volumes = [cloud.ended(each) for each in asked]
        assert {each['status'] for each in volumes} == {'available'}
    finally:
        lab.processes.stop(SECOND)
        cinder_services.start_api(lab, SECOND, configured_as=cinder.API)
