"""The routes to a volume on a share, and what makes a volume take each.

``gold`` and ``images_vol`` are the driver's pools; ``silver_vol`` is in another SVM.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.contract import shares
from tests.contract.fault_table import SufferingWorld
from tests.contract.images import Image
from tests.contract.shares import GOLD
from tests.contract.simulator import Simulator
from tests.contract.stock import GIB

IMAGES = '127.0.81.1:/images'
FLEXVOLS = {GOLD: 'gold', IMAGES: 'images_vol'}
_IMAGES_VOL = ('svm_gold', 'images_vol')
_LOCATIONS = ('nfs://127.0.81.2/images', 'nfs://127.0.82.1/tenants/silver')


def configured(
    served: Simulator, state: Path, login: str = 'stock', **eic: object
) -> Any:
    """The context of Cinder's configuration."""
    return shares.configured(served, state, (IMAGES, GOLD), login, **eic)


@dataclasses.dataclass(frozen=True)
class Case:
    """A route, and what makes a volume take it."""

    route: str
    share: str = GOLD
    disk_format: str = 'raw'
    located: bool = False
    other_svm: bool = False
    """Glance's file is in svm_silver."""
    as_link: bool = False
    """Glance's location is a symbolic link to the file."""
    stock_file: bool = False
    cached_in: str | None = None
    reimage: bool = False


CASES = {
    'cached': Case('cached', located=True, cached_in=GOLD),
    'flexclone': Case('flexclone', IMAGES, located=True),
    'copy_offload': Case('copy_offload', located=True),
    'adopt': Case('adopt', stock_file=True),
    'download of raw': Case('download'),
    'download of qcow2': Case('download', disk_format='qcow2'),
    'reimage': Case('download', reimage=True),
    'reimage of a cached image': Case(
        'cached', located=True, cached_in=GOLD, reimage=True
    ),
}


class SufferingShares(SufferingWorld):
    """Shares are the FlexVols gold and images_vol."""

    pools = (GOLD, IMAGES)

    def root(self, pool: str) -> Path:
        return self.simulator.directory('svm_gold', FLEXVOLS[pool])

    def pool_for(self, case: Case) -> str:
        return case.share

    def flexvol(self, case: Case) -> Mapping[str, str]:
        return {'svm': 'svm_gold', 'volume': FLEXVOLS[case.share]}

    def has_job(self, method: str, path: str) -> bool:
        plain = path.replace('\\', '')
        return method == 'POST' and ('/file/clone' in plain or '/file/copy' in plain)

    takes_space = has_job

    def store(self, case: Case, image: Image) -> None:
        if case.located:
            image.location = f'{_LOCATIONS[case.other_svm]}/{image.id}'
            self._put_image(case, image)
        if case.stock_file:
            self._put(self.root(GOLD) / image.cached, image.raw, GIB)

    def _put_image(self, case: Case, image: Image) -> None:
        root = self.source_root(case)
        if case.as_link:
            self._put(root / f'real-{image.id}', image.stored)
            (root / image.id).symlink_to(f'real-{image.id}')
        else:
            self._put(root / image.id, image.stored)

    def source_root(self, case: Case) -> Path:
        """The directory that has Glance's file."""
        return self.simulator.directory(
            *(('svm_silver', 'silver_vol') if case.other_svm else _IMAGES_VOL)
        )

    @staticmethod
    def _put(path: Path, content: bytes, size: int = 0) -> None:
        path.write_bytes(content)
        os.truncate(path, size or len(content))
        path.chmod(0o666)

    def volume_before(self, case: Case) -> Any | None:
        if not case.reimage:
            return None
        volume = self.new_volume(case.share)
        self.create_empty(volume)
        self._finish(volume)
        return volume

    def attempt(self, case: Case, image: Image, before: Any | None) -> tuple[Any, bool]:
        if before is None:
            return self.make(image, case.share)[0], True
        self.copy_image(before, image)
        return before, True

    def own_names(self, image: Image) -> set[str]:
        return {
            image.id,
            f'real-{image.id}',
            image.cached,
            f'.eic-{image.id}.json',
        }
