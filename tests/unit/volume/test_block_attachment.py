"""A cached image's device is connected to this host as a volume would be."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cinder import exception
from cinder import utils as cinder_utils
from cinder.volume import volume_utils

from eic_plugins.model import FlexVol, StoredObject
from eic_plugins.ontap.block import BlockDevice
from eic_plugins.volume.backing.attachment import LunAttachment, StillConnectedError

FILE = StoredObject(
    FlexVol('cluster-a', 'svm_gold', 'gold', 'fv-gold', ''), 'eic-fill-1-0badcafe'
)
DEVICE = BlockDevice('uuid-1', FILE.path, 3 << 30, '', '', 'fv-gold')


class Options:
    use_multipath_for_image_xfer = False
    num_volume_device_scan_tries = 3


class Connector:
    def __init__(self, calls: Any, fails: Any = False) -> None:
        self._calls, self._fails = calls, fails

    def disconnect_volume(self, data: Any, device: Any, force: Any) -> None:
        self._calls.append('disconnect')
        if self._fails:
            raise RuntimeError('the device is busy')


class Stock:
    """A stock driver, its host and a fabric, that write down what they are asked."""

    svm = 'svm_gold'
    options = Options()

    def __init__(
        self, fails: Any = False, stays: Any = False, available: Any = True
    ) -> None:
        self.forgotten, self.maps = [], {}
        self.calls, self.volumes, self._fails = [], [], fails
        self.connector = Connector(self.calls, stays)
        self.available = available

    def connector_properties(self) -> Any:
        return {'host': 'host1'}

    def is_mapped(self, _path: Any) -> Any:
        return bool(self.maps)

    def is_mapped_here(self, _path: Any) -> Any:
        return 'host1' in self.maps.values()

    def forget_device(self, name: Any) -> None:
        self.forgotten.append(name)

    def export(self, volume: Any, properties: Any) -> Any:
        assert properties == self.connector_properties()
        self.calls.append('initialize')
        self.volumes.append(volume)
        if self._fails:
            raise RuntimeError('no target')
        return {'driver_volume_type': 'iscsi', 'data': {}}

    def end_export(self, volume: Any, properties: Any) -> None:
        self.calls.append('terminate')

    def connect(self, connection: Any) -> Any:
        self.calls.append('connect')
        attached = {'device': {'path': '/dev/sdx'}, 'connector': self.connector}
        if not self.available:
            raise exception.DeviceUnavailable(
                path='/dev/sdx', attach_info=attached, reason='not to be read'
            )
        return attached


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cinder_utils, 'temporary_chown', contextlib.nullcontext)


def test_the_stock_driver_is_told_where_the_lun_is() -> None:
    stock = Stock()
    with LunAttachment(stock).attached(FILE, DEVICE) as path:
        assert path == Path('/dev/sdx')
    (volume,) = stock.volumes
    assert volume['provider_location'] == ('svm_gold:/vol/gold/eic-fill-1-0badcafe')
    assert volume['name'] == volume.name == 'eic-fill-1-0badcafe'
    assert (volume['size'], volume.multiattach) == (3, False)


def test_whatever_happens_the_device_is_disconnected_and_forgotten() -> None:
    stock = Stock()
    with pytest.raises(ZeroDivisionError), LunAttachment(stock).attached(FILE, DEVICE):
        raise ZeroDivisionError
    assert stock.calls == ['initialize', 'connect', 'disconnect', 'terminate']
    assert stock.forgotten == [FILE.path]


def test_a_device_that_cannot_be_connected_is_forgotten() -> None:
    stock = Stock(fails=True)
    with pytest.raises(RuntimeError), LunAttachment(stock).attached(FILE, DEVICE):
        pytest.fail('there is nothing to write to')
    assert stock.calls == ['initialize', 'terminate']
    assert stock.forgotten == [FILE.path]


def test_a_device_that_cannot_be_read_is_disconnected_before_it_is_unmapped() -> None:
    stock = Stock(available=False)
    with (
        pytest.raises(exception.DeviceUnavailable),
        LunAttachment(stock).attached(FILE, DEVICE),
    ):
        pytest.fail('there is nothing to write to')
    assert stock.calls == ['initialize', 'connect', 'disconnect', 'terminate']


def test_a_lun_whose_device_may_be_left_stays_mapped() -> None:
    """Its number would be the next LUN's, and the device that one's."""
    stock = Stock(stays=True)
    with (
        pytest.raises(StillConnectedError, match='busy'),
        LunAttachment(stock).attached(FILE, DEVICE),
    ):
        pass
    assert stock.calls == ['initialize', 'connect', 'disconnect']


@pytest.fixture
def brick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """os-brick's connector of the driver that is asked to release something."""

    def connect(stock: Any) -> None:
        monkeypatch.setattr(
            volume_utils,
            'brick_get_connector',
            lambda *_args, **_kwargs: stock.connector,
        )

    return connect


def test_what_a_fill_left_here_is_disconnected_and_then_unmapped(
    brick: Callable[..., Any],
) -> None:
    stock = Stock()
    brick(stock)
    stock.maps = {'openstack-1': 'host1'}
    assert LunAttachment(stock).release(FILE, DEVICE)
    assert stock.calls == ['initialize', 'disconnect', 'terminate']
    assert stock.forgotten == [FILE.path]


@pytest.mark.parametrize('maps', [{'openstack-2': 'host2'}, {}])
def test_what_is_mapped_to_another_host_is_left_to_that_one(
    brick: Callable[..., Any], maps: dict[str, Any]
) -> None:
    stock = Stock()
    brick(stock)
    stock.maps = maps
    assert not LunAttachment(stock).release(FILE, DEVICE)
    assert stock.calls == []


def test_what_cannot_be_disconnected_is_not_released(brick: Callable[..., Any]) -> None:
    stock = Stock(stays=True)
    brick(stock)
    stock.maps = {'openstack-1': 'host1'}
    assert not LunAttachment(stock).release(FILE, DEVICE)
    assert stock.calls == ['initialize', 'disconnect']
