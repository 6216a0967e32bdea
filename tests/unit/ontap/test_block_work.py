"""Work on a LUN whose job nobody knows is judged by the LUN, and has time to be done.

From 9.16.1 on such work has a job; on FSx a job was seen that is 404 at once.
"""

from typing import Any

import pytest

from eic_plugins.ontap import jobs
from eic_plugins.ontap.block import BlockDevice, Luns
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_ontap import FakeSession, no_such_job

LUN = BlockDevice('lun-1', 'volume-1', 1 << 30, '', '', 'flexvol-1')
AT = f'/api/storage/luns/{LUN.uuid}'
JOB = ('GET', '/api/cluster/jobs/job-1')
RUNNING = {'job': {'uuid': 'job-1'}}
HERE = {'uuid': LUN.uuid, 'name': '/vol/gold/volume-1', 'space': {'size': 1 << 30}}
GROWN = {**HERE, 'space': {'size': 2 << 30}}


def luns(answers: Any) -> Luns:
    return Luns(FakeSession({JOB: no_such_job(), **answers}), 'svm', clock=FakeClock())


def deleting(*looks: list[Any]) -> Luns:
    listed = [{'records': found} for found in looks]
    return luns({('DELETE', AT): RUNNING, ('GET', '/api/storage/luns'): listed})


def growing(*looks: Any) -> Luns:
    return luns({('PATCH', AT): RUNNING, ('GET', AT): list(looks)})


def test_a_lun_that_goes_a_moment_later_is_deleted() -> None:
    deleting([HERE], [HERE], []).delete(LUN)


def test_another_lun_that_has_the_name_by_then_is_none_of_ours() -> None:
    deleting([HERE], [{**HERE, 'uuid': 'lun-2'}]).delete(LUN)


def test_a_lun_that_stays_is_not_deleted() -> None:
    with pytest.raises(jobs.JobUnknownError):
        deleting(*[[HERE]] * 100).delete(LUN)


def test_a_lun_that_grows_a_moment_later_has_grown() -> None:
    growing(HERE, HERE, GROWN).resize(LUN, 2 << 30)


def test_a_lun_that_stays_as_it_is_has_not_grown() -> None:
    with pytest.raises(jobs.JobUnknownError):
        growing(*[HERE] * 100).resize(LUN, 2 << 30)
