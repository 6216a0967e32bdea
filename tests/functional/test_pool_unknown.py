"""What keeps a pool's place on ONTAP from being known is told as the reason."""

import types
from typing import Any

import pytest

from eic_plugins.model import Reason
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import (
    OntapForbiddenError,
    OntapRejectedError,
    OntapUnreachableError,
)
from tests.functional.glance_stub import IMAGE


class Unknown:
    """The pools of a cluster, none of which can be found."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def cache_of(self, _pool: str) -> Any:
        raise self._error


class Anything:
    """What is called on the way, and does not matter."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_, **__: self


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (UnknownShareError('not here'), Reason.POOL_UNKNOWN),
        (OntapForbiddenError(403, '6', 'no'), Reason.PERMISSION_DENIED),
        (OntapRejectedError(500, '1', 'no'), Reason.LOOKUP_FAILED),
        (OntapUnreachableError('silence'), Reason.ONTAP_UNREACHABLE),
    ],
)
def test_the_reason_is_what_happened(
    cinder_conf: Any, error: Exception, reason: Reason
) -> None:
    from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415
    from eic_plugins.volume.from_image.volume_maker import Request, VolumeMaker  # noqa: PLC0415

    cluster = types.SimpleNamespace(
        breaker=Anything(), pools=Unknown(error), learn=lambda *_: None
    )
    maker = VolumeMaker(
        stock=Anything(),
        connection=types.SimpleNamespace(cluster=cluster),
        fetchers=Anything(),
        locations=Anything(),
        service=Anything(),
        recorder=Anything(),
    )
    volume = {'id': '7d3a3f0e', 'name': 'v', 'host': 'lab@nfs#share', 'size': 1}
    outcome = maker.make(
        Request(None, volume, None, IMAGE), image_from_meta({'id': IMAGE}), 'v'
    )
    assert outcome.left_to_cinder
    assert [refusal.reason for refusal in outcome.refusals] == [reason]
