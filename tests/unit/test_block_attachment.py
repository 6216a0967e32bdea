"""A cached image's device is connected to this host as a volume would be."""

import contextlib
from pathlib import Path

import pytest
from cinder import utils as cinder_utils
from cinder.volume import volume_utils

from eic_plugins.model import FlexVol, StoredFile
from eic_plugins.ontap.block import BlockDevice
from eic_plugins.volume.block import LunVolumeFromImage

FILE = StoredFile(FlexVol('cluster-a', 'svm_gold', 'gold', 'fv-gold', ''),
                  'eic-fill-1-0badcafe')
DEVICE = BlockDevice('uuid-1', FILE.path, 3 << 30, '', '', 'fv-gold')


class Library:
    vserver = 'svm_gold'

    def __init__(self):
        self.forgotten = []

    def _delete_lun_from_table(self, name):
        self.forgotten.append(name)


class Options:
    use_multipath_for_image_xfer = False
    enforce_multipath_for_image_xfer = False


class Connector:
    def __init__(self, calls):
        self._calls = calls

    def disconnect_volume(self, data, device, force):
        self._calls.append('disconnect')


class Driver(LunVolumeFromImage):
    """With a host and a fabric that write down what they are asked."""

    def __init__(self, fails=False):
        self.library, self.configuration = Library(), Options()
        self.calls, self.volumes, self._fails = [], [], fails

    def initialize_connection(self, volume, connector):
        self.calls.append('initialize')
        self.volumes.append(volume)
        if self._fails:
            raise RuntimeError('no target')
        return {'data': {}}

    def terminate_connection(self, volume, connector, **kwargs):
        self.calls.append('terminate')

    def _connect_device(self, connection):
        self.calls.append('connect')
        return {'device': {'path': '/dev/sdx'}, 'connector': Connector(self.calls)}


@pytest.fixture(autouse=True)
def host(monkeypatch):
    monkeypatch.setattr(volume_utils, 'brick_get_connector_properties',
                        lambda *_: {'host': 'host1'})
    monkeypatch.setattr(cinder_utils, 'temporary_chown', contextlib.nullcontext)


def test_the_stock_driver_is_told_where_the_lun_is():
    driver = Driver()
    with driver._attached(FILE, DEVICE) as path:
        assert path == Path('/dev/sdx')
    volume, = driver.volumes
    assert volume['provider_location'] == (
        'svm_gold:/vol/gold/eic-fill-1-0badcafe')
    assert volume['name'] == volume.name == 'eic-fill-1-0badcafe'
    assert (volume['size'], volume.multiattach) == (3, False)


def test_whatever_happens_the_device_is_disconnected_and_forgotten():
    driver = Driver()
    with (pytest.raises(ZeroDivisionError),
          driver._attached(FILE, DEVICE)):
        raise ZeroDivisionError
    assert driver.calls == ['initialize', 'connect', 'disconnect', 'terminate']
    assert driver.library.forgotten == [FILE.path]


def test_a_device_that_cannot_be_connected_is_forgotten():
    driver = Driver(fails=True)
    with pytest.raises(RuntimeError), driver._attached(FILE, DEVICE):
        pytest.fail('there is nothing to write to')
    assert driver.calls == ['initialize', 'terminate']
    assert driver.library.forgotten == [FILE.path]
