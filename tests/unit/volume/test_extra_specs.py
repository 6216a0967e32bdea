"""Extra specs are those that a volume has with it; the database has the others."""

import uuid
from typing import Any

import pytest
from cinder import context, objects
from cinder.volume.drivers.netapp import utils as na_utils

from eic_plugins.volume.stock import extra_specs


@pytest.fixture(autouse=True)
def in_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    objects.register_all()
    monkeypatch.setattr(
        na_utils, 'get_volume_extra_specs', lambda _: {'from': 'the database'}
    )


def volume(**fields: Any) -> Any:
    return objects.Volume(context.get_admin_context(), **fields)


def volume_type(**fields: Any) -> Any:
    return objects.VolumeType(
        context.get_admin_context(), id=str(uuid.uuid4()), **fields
    )


def test_those_that_came_with_the_volume_are_not_asked_for() -> None:
    kind = volume_type(extra_specs={'netapp:thick': 'true'})
    assert extra_specs.of(volume(volume_type=kind)) == {'netapp:thick': 'true'}
    assert extra_specs.of(volume(volume_type=volume_type(extra_specs={}))) == {}


@pytest.mark.parametrize(
    'fields', [{}, {'volume_type': None}, {'volume_type': volume_type}]
)
def test_those_that_did_not_are(fields: dict[str, Any]) -> None:
    brought = {name: each and each() for name, each in fields.items()}
    assert extra_specs.of(volume(**brought)) == {'from': 'the database'}


def test_what_is_obsolete_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, str]] = []
    monkeypatch.setattr(na_utils, 'log_extra_spec_warnings', told.append)
    specs = {'netapp:disk_type': 'SSD'}
    extra_specs.of(volume(volume_type=volume_type(extra_specs=specs)))
    assert told == [specs]
