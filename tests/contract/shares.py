"""EIC's NFS driver with one pool, and what else its cluster has.

``gold`` is the driver's own pool and ``store`` one of another backend, both in
svm_gold; ``images_vol`` is no pool, as a tenant's share of a shared file system
service would be; ``silver_vol`` is in another SVM.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.images import Glance, Image
from tests.contract.simulator import Simulator
from tests.contract.world import World

GOLD = '127.0.81.1:/gold'
STORE = '127.0.81.1:/store'
FLEXVOLS = {
    'gold': 'svm_gold',
    'store': 'svm_gold',
    'images_vol': 'svm_gold',
    'silver_vol': 'svm_silver',
}


class Shares(World):
    """The driver as it has just been started."""

    pools = (GOLD,)

    def root(self, pool: str = GOLD) -> Path:
        return self.directory('gold')

    def directory(self, name: str) -> Path:
        return self.simulator.directory(FLEXVOLS[name], name)

    def flexvol(self, name: str) -> Any:
        return next(
            found
            for found in self.eic.cluster.namespace.flexvols(['svm_gold', 'svm_silver'])
            if found.name == name
        )

    def deploy(self, *names: str) -> None:
        """Pools of other backends live on these FlexVols, says the scheduler."""
        self.eic.deployment.forget()
        self.eic.deployment.fetch = lambda: [
            {
                'name': f'other@{name}#share',
                'capabilities': {
                    'eic': {
                        'cluster': found.cluster,
                        'svm': found.svm,
                        'flexvol': found.uuid,
                    }
                },
            }
            for name in names
            for found in [self.flexvol(name)]
        ]

    def record(self, image: Image, name: str, bytes_there: bytes) -> bytes:
        """A true record of the image in that FlexVol."""
        from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415
        from eic_plugins.storage.file_records import format_record  # noqa: PLC0415
        from eic_plugins.storage.interface import Record  # noqa: PLC0415
        from eic_plugins.storage.seals import Place  # noqa: PLC0415

        model = image_from_meta(image.meta)
        return format_record(
            Place(self.flexvol(name).uuid, image.cached, image.id),
            Record(model.identity, len(bytes_there), model.signature),
            self.eic.clusters.seals,
        )

    def put(self, name: str, image: Image, content: bytes, record: bytes) -> None:
        """A file with a cached image's name, and a record beside it."""
        (self.directory(name) / image.cached).write_bytes(content)
        self.record_file(name, image).write_bytes(record)

    def record_file(self, name: str, image: Image) -> Path:
        return self.directory(name) / f'.eic-{image.id}.json'

    def copies(self, since: int) -> list[Mapping[str, Any]]:
        """The copies that ONTAP was asked for."""
        return [
            call
            for call in self.simulator.calls(since)['calls']
            if call['path'] == '/api/storage/file/copy'
        ]

    def last_call(self) -> int:
        return int(self.simulator.calls()['last'])


class TwoPools(World):
    """A driver whose pools are gold and store both."""

    pools = (GOLD, STORE)

    def root(self, pool: str) -> Path:
        return self.simulator.directory('svm_gold', pool.rpartition('/')[2])


def forged(image: Image, content: bytes, **fields: Any) -> bytes:
    """What whoever knows the image and the code would write."""
    from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415

    model = image_from_meta(image.meta)
    return json.dumps(
        {
            'image_id': image.id,
            'identity': model.identity,
            'virtual_size': len(content),
            'signature': model.signature,
            'signature_verified': True,
            'seal': 'A' * 32,
            **fields,
        }
    ).encode()


def configured(
    served: Simulator,
    state: Path,
    shares: Sequence[str] = (GOLD,),
    login: str = 'stock',
    **eic: object,
) -> Any:
    """The context of Cinder's configuration, with these shares as pools."""
    (state / 'shares').write_text(''.join(f'{share}\n' for share in shares))
    own = '\n'.join(f'{name} = {text}' for name, text in eic.items())
    return stock.configured(
        state,
        stock.config(
            served,
            state,
            netapp_storage_protocol='nfs',
            volume_driver='eic_plugins.volume.nfs.EICNfsDriver',
            netapp_vserver='svm_gold',
            netapp_login=login,
            netapp_password=f'{login}-secret',
            nfs_shares_config=state / 'shares',
            nfs_mount_point_base=state / 'mnt',
            nas_secure_file_operations=True,
            nas_secure_file_permissions=True,
        )
        + f"""
[DEFAULT]
image_conversion_dir = {state}/conversion
[eic]
{own}
""",
    )


def started(admin: Any) -> Any:
    """The driver, once a module."""
    from eic_plugins.volume.nfs import EICNfsDriver  # noqa: PLC0415

    found = stock.new_driver(EICNfsDriver)
    stock.set_up(found, admin)
    return found


def as_just_started(
    driver: Any, admin: Any, simulator: Simulator, glance: Glance
) -> Shares:
    """With no other backend's pools."""
    found = Shares(driver, admin, simulator, glance)
    found.start_anew()
    found.deploy()
    return found


@pytest.fixture
def two_pools(
    nfs_driver: Any, admin: Any, simulator: Simulator, glance: Glance
) -> TwoPools:
    """To be imported as ``world``, with a configuration of both pools."""
    found = TwoPools(nfs_driver, admin, simulator, glance)
    found.start_anew()
    return found
