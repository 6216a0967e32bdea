"""What Cinder does with a volume that was handed back to it is its own affair;
the volume's next image comes from the cached image all the same.
"""

import types

import pytest
from oslo_utils import timeutils

from tests.functional.glance_stub import IMAGE


class Volume(dict):
    metadata = None


class Pools:
    """There is nothing to remove in them."""

    def remove(self, _pool, _name):
        pass


class Parts:
    """What a backend is put together of, where that matters here."""

    def of(self, *_arguments):
        raise OSError('an error of ours')

    def record(self, _context, event):
        self.outcome = event.outcome

    def reimage(self, request):
        request.volume['bytes'] = f'cloned {request.image_id}'
        return True


def backend():
    """One that hands everything back that is new."""
    from eic_plugins.volume.backend import Backend  # noqa: PLC0415
    from eic_plugins.volume.background import Background  # noqa: PLC0415
    from eic_plugins.volume.from_image.volume_maker import VolumeMaker  # noqa: PLC0415

    parts = Parts()
    connection = types.SimpleNamespace(cluster=types.SimpleNamespace(pools=Pools()))
    return Backend(
        stock=None,
        clusters=None,
        connection=connection,
        deployment=None,
        metrics=None,
        statistics=None,
        volumes=VolumeMaker(None, connection, parts, None, None, parts),
        background=Background(None, connection, None),
        reimager=parts,
    )


@pytest.fixture
def driver(cinder_conf, monkeypatch):
    """Over as much of a stock driver as is called here."""
    from cinder.volume.drivers.netapp.dataontap import nfs_cmode  # noqa: PLC0415

    from eic_plugins.volume.nfs import EICNfsDriver  # noqa: PLC0415

    def download(_self, _context, volume, _service, image_id, disable_sparse=False):
        volume['bytes'] = f'downloaded {image_id}'

    def clone(_self, volume, _source):
        volume['bytes'] = 'cloned by Cinder'

    stock = nfs_cmode.NetAppCmodeNfsDriver
    monkeypatch.setattr(stock, 'copy_image_to_volume', download)
    monkeypatch.setattr(stock, 'create_cloned_volume', clone)
    found = object.__new__(EICNfsDriver)
    found.eic = backend()
    return found


def new_volume():
    return Volume(
        id='7d3a3f0e', name='v', host='lab@nfs#share', size=1, launched_at=None
    )


def hand_back(driver, volume):
    assert driver.clone_image(None, volume, None, {'id': IMAGE}, None) == (None, False)


def test_cinders_download_of_a_new_volume_is_its_own(driver):
    volume = new_volume()
    hand_back(driver, volume)
    driver.copy_image_to_volume(None, volume, None, IMAGE)
    assert volume['bytes'] == f'downloaded {IMAGE}'


@pytest.mark.parametrize(
    'serve',
    [
        lambda driver, volume: driver.create_cloned_volume(volume, {}),
        lambda driver, volume: driver.copy_image_to_volume(None, volume, None, IMAGE),
        lambda driver, volume: None,
    ],
    ids=['cloned', 'downloaded', 'on another host'],
)
def test_the_next_image_is_cloned_however_cinder_served_the_first(driver, serve):
    volume = new_volume()
    hand_back(driver, volume)
    serve(driver, volume)
    volume['launched_at'] = timeutils.utcnow()
    driver.copy_image_to_volume(None, volume, None, IMAGE)
    assert volume['bytes'] == f'cloned {IMAGE}'
