"""A cached image's device is connected to this host as a volume would be."""

import contextlib
from pathlib import Path

import pytest
from cinder import exception
from cinder import utils as cinder_utils
from cinder.volume import volume_utils

from eic_plugins.model import FlexVol, StoredObject
from eic_plugins.ontap.block import BlockDevice
from eic_plugins.volume.block import LunVolumeFromImage, StillConnectedError

FILE = StoredObject(
    FlexVol('cluster-a', 'svm_gold', 'gold', 'fv-gold', ''), 'eic-fill-1-0badcafe'
)
DEVICE = BlockDevice('uuid-1', FILE.path, 3 << 30, '', '', 'fv-gold')


class Library:
    vserver = 'svm_gold'

    def __init__(self):
        self.forgotten, self.maps = [], {}
        self.zapi_client = self

    def get_lun_map(self, path):
        return list(self.maps)

    def _find_mapped_lun_igroup(self, path, initiators):
        for group, initiator in self.maps.items():
            if initiator in initiators:
                return group, 0
        return None, None

    def _delete_lun_from_table(self, name):
        self.forgotten.append(name)


class Options:
    use_multipath_for_image_xfer = False
    num_volume_device_scan_tries = 3
    enforce_multipath_for_image_xfer = False


class Connector:
    def __init__(self, calls, fails=False):
        self._calls, self._fails = calls, fails

    def disconnect_volume(self, data, device, force):
        self._calls.append('disconnect')
        if self._fails:
            raise RuntimeError('the device is busy')


class Driver(LunVolumeFromImage):
    """With a host and a fabric that write down what they are asked."""

    def __init__(self, fails=False, stays=False, available=True):
        self.library, self.configuration = Library(), Options()
        self.calls, self.volumes, self._fails = [], [], fails
        self.connector = Connector(self.calls, stays)
        self.available = available

    def initialize_connection(self, volume, connector):
        self.calls.append('initialize')
        self.volumes.append(volume)
        if self._fails:
            raise RuntimeError('no target')
        return {'driver_volume_type': 'iscsi', 'data': {}}

    def terminate_connection(self, volume, connector, **kwargs):
        self.calls.append('terminate')

    def _initiators(self, properties):
        return [properties['host']]

    def _connect_device(self, connection):
        self.calls.append('connect')
        attached = {'device': {'path': '/dev/sdx'}, 'connector': self.connector}
        if not self.available:
            raise exception.DeviceUnavailable(
                path='/dev/sdx', attach_info=attached, reason='not to be read'
            )
        return attached


@pytest.fixture(autouse=True)
def host(monkeypatch):
    monkeypatch.setattr(
        volume_utils, 'brick_get_connector_properties', lambda *_: {'host': 'host1'}
    )
    monkeypatch.setattr(cinder_utils, 'temporary_chown', contextlib.nullcontext)


def test_the_stock_driver_is_told_where_the_lun_is():
    driver = Driver()
    with driver._attached(FILE, DEVICE) as path:
        assert path == Path('/dev/sdx')
    (volume,) = driver.volumes
    assert volume['provider_location'] == ('svm_gold:/vol/gold/eic-fill-1-0badcafe')
    assert volume['name'] == volume.name == 'eic-fill-1-0badcafe'
    assert (volume['size'], volume.multiattach) == (3, False)


def test_whatever_happens_the_device_is_disconnected_and_forgotten():
    driver = Driver()
    with pytest.raises(ZeroDivisionError), driver._attached(FILE, DEVICE):
        raise ZeroDivisionError
    assert driver.calls == ['initialize', 'connect', 'disconnect', 'terminate']
    assert driver.library.forgotten == [FILE.path]


def test_a_device_that_cannot_be_connected_is_forgotten():
    driver = Driver(fails=True)
    with pytest.raises(RuntimeError), driver._attached(FILE, DEVICE):
        pytest.fail('there is nothing to write to')
    assert driver.calls == ['initialize', 'terminate']
    assert driver.library.forgotten == [FILE.path]


def test_a_device_that_cannot_be_read_is_disconnected_before_it_is_unmapped():
    driver = Driver(available=False)
    with pytest.raises(exception.DeviceUnavailable), driver._attached(FILE, DEVICE):
        pytest.fail('there is nothing to write to')
    assert driver.calls == ['initialize', 'connect', 'disconnect', 'terminate']


def test_a_lun_whose_device_may_be_left_stays_mapped():
    """Its number would be the next LUN's, and the device that one's."""
    driver = Driver(stays=True)
    with (
        pytest.raises(StillConnectedError, match='busy'),
        driver._attached(FILE, DEVICE),
    ):
        pass
    assert driver.calls == ['initialize', 'connect', 'disconnect']


@pytest.fixture
def brick(monkeypatch):
    """os-brick's connector of the driver that is asked to release something."""

    def connect(driver):
        monkeypatch.setattr(
            volume_utils,
            'brick_get_connector',
            lambda *_args, **_kwargs: driver.connector,
        )

    return connect


def test_what_a_fill_left_here_is_disconnected_and_then_unmapped(brick):
    driver = Driver()
    brick(driver)
    driver.library.maps = {'openstack-1': 'host1'}
    assert driver._release(FILE, DEVICE)
    assert driver.calls == ['initialize', 'disconnect', 'terminate']
    assert driver.library.forgotten == [FILE.path]


@pytest.mark.parametrize('maps', [{'openstack-2': 'host2'}, {}])
def test_what_is_mapped_to_another_host_is_left_to_that_one(brick, maps):
    driver = Driver()
    brick(driver)
    driver.library.maps = maps
    assert not driver._release(FILE, DEVICE)
    assert driver.calls == []


def test_what_cannot_be_disconnected_is_not_released(brick):
    driver = Driver(stays=True)
    brick(driver)
    driver.library.maps = {'openstack-1': 'host1'}
    assert not driver._release(FILE, DEVICE)
    assert driver.calls == ['initialize', 'disconnect']
