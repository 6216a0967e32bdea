"""The running lab, as a user has it and as somebody who breaks it on purpose.

`make e2e` brings the lab up first. Every test leaves it as it was: services
running, no faults, no volumes, no images, nothing on the FlexVols.
"""

import hashlib
import os
from collections.abc import Iterator

import pytest

from lab import context, paths
from lab.context import Lab
from lab.topology import CLUSTERS
from tests.e2e.deadline import wait_for
from tests.e2e.ontap import Ontap
from tests.e2e.servers import Servers
from tests.e2e.services import Services
from tests.e2e.user import IMAGE_SIZE, LabUser


@pytest.fixture(scope='session')
def lab() -> Lab:
    opened = context.load(paths.from_environment())
    opened.holder()  # says how to start it if it is down
    return opened


@pytest.fixture
def ontap(lab: Lab) -> Iterator[Ontap]:
    control = Ontap(lab)
    control.control('DELETE', '/faults')
    yield control
    control.control('DELETE', '/faults')
    for cluster in CLUSTERS:
        control.control('PATCH', '/settings', cluster.name, json={'copy_throughput': 0})


@pytest.fixture
def services(lab: Lab) -> Iterator[Services]:
    made = Services(lab)
    yield made
    made.resume()


@pytest.fixture
def cloud(lab: Lab) -> Iterator[LabUser]:
    user = LabUser(lab)
    yield user
    assert user.clean_up() == []


@pytest.fixture
def servers(cloud: LabUser) -> Iterator[Servers]:
    made = Servers(cloud)
    before = made.left()
    yield made
    made.clean_up()
    # A volume whose creation failed may be deleted after its server is gone.
    wait_for(
        lambda: made.left() == before, f'no more than {before} to be left', seconds=60
    )


@pytest.fixture(scope='session')
def content() -> bytes:
    """Random bytes: no two images of a run have the same."""
    return os.urandom(IMAGE_SIZE)


@pytest.fixture(scope='session')
def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def image(cloud: LabUser, content: bytes) -> str:
    return cloud.upload(content)
