"""EIC's driver clones image-volumes that it finds in Cinder's own database.

The driver runs as in ``test_stock_nfs_driver``, whose configuration, database
and simulator these are; the image-volumes are volumes that it has created.
"""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.simulator import Simulator
from tests.contract.stock import BACKEND, MIB
from tests.contract.test_stock_nfs_driver import (  # noqa: F401 - fixtures
    GOLD,
    IMAGES,
    PROTOCOL,
    cinder_conf,
)

pytestmark = pytest.mark.usefixtures('nfs')
IMAGE_ID = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
CONTENT = bytes(range(256)) * (4 * MIB // 256) + b'the end'
OWNER = 'the-owner'


@pytest.fixture(scope='module', autouse=True)
def allowed(cinder_conf: Any) -> Any:
    cinder_conf.set_override('allowed_direct_url_schemes', ['cinder'])
    yield
    cinder_conf.clear_override('allowed_direct_url_schemes')


@pytest.fixture(scope='module')
def driver(admin: Any) -> Any:
    from eic_plugins.volume.nfs import EICNfsDriver  # noqa: PLC0415

    found = stock.new_driver(EICNfsDriver)
    stock.set_up(found, admin)
    return found


@pytest.fixture
def new_volume(admin: Any) -> Any:
    from cinder import objects  # noqa: PLC0415

    def make(share: str, **fields: Any) -> Any:
        volume = objects.Volume(
            admin,
            **{
                'size': 1,
                'host': f'contract@{BACKEND}#{share}',
                'status': 'available',
                'project_id': OWNER,
                'user_id': 'u',
                'admin_metadata': {},
                'metadata': {},
                **fields,
            },
        )
        volume.create()
        return volume

    return make


@pytest.fixture
def image_volume(driver: Any, new_volume: Any, simulator: Simulator) -> Any:
    """As Glance's Cinder store leaves it, with the image at its beginning."""
    volume = new_volume(
        IMAGES,
        project_id='service',
        metadata={'image_owner': OWNER, 'glance_image_id': IMAGE_ID},
    )
    volume.update(driver.create_volume(volume))
    volume.admin_metadata = {'readonly': 'True'}
    volume.save()
    path = simulator.directory('svm_gold', 'images_vol') / volume.name
    with path.open('r+b') as stream:
        stream.write(CONTENT)
    return volume


@pytest.fixture
def image() -> dict[str, Any]:
    return {
        'id': IMAGE_ID,
        'owner': OWNER,
        'status': 'active',
        'min_disk': 0,
        'disk_format': 'raw',
        'container_format': 'bare',
        'size': len(CONTENT),
        'virtual_size': None,
        'properties': {},
        'os_hash_algo': 'sha256',
        'os_hash_value': hashlib.sha256(CONTENT).hexdigest(),
    }


def clone(
    driver: Any, admin: Any, volume: Any, url: str, image: dict[str, Any]
) -> tuple[Any, bool]:
    return driver.clone_image(
        admin,
        volume,
        (None, [{'url': url, 'metadata': {'store': 'volumes'}}]),
        image,
        None,
    )


@pytest.mark.parametrize(
    ('share', 'name', 'route'),
    [(IMAGES, 'images_vol', 'flexclone'), (GOLD, 'gold', 'copy_offload')],
)
def test_a_volume_is_made_of_the_beginning_of_an_image_volume(
    driver: Any,
    admin: Any,
    new_volume: Any,
    image_volume: Any,
    image: dict[str, Any],
    simulator: Simulator,
    share: str,
    name: str,
    route: str,
) -> None:
    volume = new_volume(share, status='creating')
    update, cloned = clone(
        driver, admin, volume, f'cinder://volumes/{image_volume.id}', image
    )
    root: Path = simulator.directory('svm_gold', name)
    assert cloned
    assert update['provider_location'] == share
    assert volume.metadata['eic_route'] == route
    assert (root / f'img-cache-{IMAGE_ID}').read_bytes() == CONTENT
    with (root / volume.name).open('rb') as stream:
        assert stream.read(len(CONTENT)) == CONTENT
        assert not any(stream.read(MIB))
    assert (root / volume.name).stat().st_size == 1 << 30
    source = simulator.directory('svm_gold', 'images_vol') / image_volume.name
    assert source.stat().st_size == 1 << 30
    for kept in root.glob(f'*{IMAGE_ID}*'):
        kept.unlink()
