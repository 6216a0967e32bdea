"""What Cinder does with a volume that was handed back to it is its own affair;
the volume's next image comes from the cached image all the same.
"""

import pytest
from oslo_utils import timeutils

from tests.functional.glance_stub import IMAGE


class Volume(dict):
    metadata = None


class Stock:
    """As much of a stock driver as is called here."""

    def copy_image_to_volume(
        self, _context, volume, _service, image_id, disable_sparse=False
    ):
        volume['bytes'] = f'downloaded {image_id}'

    def create_cloned_volume(self, volume, _source):
        volume['bytes'] = 'cloned by Cinder'


@pytest.fixture
def driver(cinder_conf, monkeypatch):
    """One that hands everything back that is new."""
    from eic_plugins.volume import base  # noqa: PLC0415

    class Driver(base.VolumeFromImage, Stock):
        host, _handed_back = 'lab@nfs', set()

        def __init__(self):
            self._recorder = self

        def record(self, _context, event):
            self.outcome = event.outcome

        def _fetcher(self, *_arguments):
            raise OSError('an error of ours')

        def _discard(self, volume, _pool):
            """There is nothing."""

        def _reimage(self, _context, volume, _service, image_id):
            volume['bytes'] = f'cloned {image_id}'
            return True

    monkeypatch.setattr(Driver, '__abstractmethods__', frozenset())
    return Driver()


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
