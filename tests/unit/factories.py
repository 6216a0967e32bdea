"""Small makers of model objects, so that a test names only what matters."""

from typing import Any

from eic_plugins.model import (
    CachedImage,
    FlexVol,
    Image,
    Pool,
    Situation,
    StoredObject,
)
from eic_plugins.storage.seals import Seals

GIB = 1024**3
SIGNATURE = {
    'img_signature': 'x',
    'img_signature_hash_method': 'SHA-256',
    'img_signature_key_type': 'RSA-PSS',
    'img_signature_certificate_uuid': 'y',
}
SEALS = Seals(['the secret of this deployment'])
IMAGE_ID = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'


def flexvol(name: str = 'gold_vol', **fields: Any) -> FlexVol:
    """A FlexVol whose junction path is unlike its name."""
    values = {
        'cluster': 'cluster-a',
        'svm': 'svm_gold',
        'name': name,
        'junction_path': f'/mnt/{name}',
        **fields,
    }
    values.setdefault(
        'uuid', '-'.join((values['cluster'], values['svm'], values['name']))
    )
    return FlexVol(**values)


def pool(name: str = 'gold_vol', **fields: Any) -> Pool:
    """A pool whose share exports the junction itself."""
    volume = flexvol(name, **fields)
    return Pool(f'127.0.11.1:{volume.junction_path}', volume)


def image(**fields: Any) -> Image:
    """An active raw image of one GiB that fits into any volume."""
    values = {
        'id': IMAGE_ID,
        'status': 'active',
        'disk_format': 'raw',
        'container_format': 'bare',
        'size': GIB,
        'os_hash_value': 'abc123',
    }
    return Image(**{**values, **fields})


def stored(
    name: str = 'images_vol', path: str = IMAGE_ID, **fields: Any
) -> StoredObject:
    """A file on a FlexVol."""
    return StoredObject(flexvol(name, **fields), path)


def cached(where: Pool, of: Image | None = None) -> CachedImage:
    """A cached image in a pool."""
    source = of or image()
    return CachedImage(where.stored(source.cached_name), source.identity, source.size)


def situation(**fields: Any) -> Situation:
    """A 1 GiB volume in the pool of gold_vol, of an image without copies."""
    values = {'image': image(), 'pool': pool(), 'volume_size': 1}
    return Situation(**{**values, **fields})
