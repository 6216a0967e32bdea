"""EIC's block drivers in this process, with a Glance that is an object.

As cinder-volume would run it, on the simulator's SVM ``svm_san`` with its two
pools. Hosts reach a LUN as the file that it is, as in the lab.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.glance import ListedImage, Location, image_from_meta
from tests.contract import stock
from tests.contract.conftest import Simulator
from tests.contract.stock import BACKEND, MIB

SVM = 'svm_san'
POOLS = ('san_one', 'san_two')
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason='a host attaches LUNs as root')


@contextlib.contextmanager
def configured(served: Simulator, state: Path, protocol: str = 'iscsi',
               **eic: object) -> Iterator[Any]:
    """Cinder's configuration, and the context of the administrator."""
    import os_brick.privileged  # noqa: PLC0415 - only when these tests run
    with stock.configured(state, _config(served, state, protocol, eic)):
        os_brick.privileged.default.set_client_mode(False)
        yield stock.admin_context()
        os_brick.privileged.default.set_client_mode(True)


def _config(served: Simulator, state: Path, protocol: str,
            eic: Mapping[str, object]) -> str:
    """A cinder.conf with one backend; ``eic`` are options of ``[eic]``."""
    own = '\n'.join(f'{name} = {text}' for name, text in eic.items())
    return stock.config(
        served, state, netapp_storage_protocol=protocol, netapp_vserver=SVM,
        lab_flexvols=served.directory(SVM, '.')) + f'''
[DEFAULT]
image_conversion_dir = {state}/conversion
[eic]
{own}
'''


def new_driver() -> Any:
    """EIC's iSCSI driver, as the volume manager makes it, not yet set up."""
    from lab.fabric import EICISCSIDriver  # noqa: PLC0415
    return _made(EICISCSIDriver)


def new_nvme_driver() -> Any:
    """EIC's NVMe driver; a host that connects is told the namespace's file."""
    from eic_plugins.volume.nvme import EICNVMeDriver  # noqa: PLC0415

    class LocalNVMeDriver(EICNVMeDriver):
        def initialize_connection(self, volume: Any, connector: Any) -> Any:
            super().initialize_connection(volume, _HOST)
            return {'driver_volume_type': 'local',
                    'data': {'device_path': str(self._file(volume))}}

        def terminate_connection(self, volume: Any, connector: Any,
                                 **kwargs: Any) -> Any:
            # qemu-img cuts a file off where what it writes ends; a disk it
            # could not.
            os.truncate(self._file(volume), int(
                self.library._get_namespace_attr(volume['name'], 'size')))
            return super().terminate_connection(volume, _HOST, **kwargs)

        def _file(self, volume: Any) -> Path:
            path = self.library._get_namespace_attr(
                volume['name'], 'metadata')['Path']
            return (Path(self.configuration.lab_flexvols)
                    / str(path).removeprefix('/vol/'))

    return _made(LocalNVMeDriver)


def _made(driver_class: type) -> Any:
    import cinder.db  # noqa: PLC0415 - only when these tests run
    from cinder.volume import configuration  # noqa: PLC0415
    from cinder.volume import driver as base  # noqa: PLC0415

    from lab.fabric import _OPTIONS  # noqa: PLC0415
    options = configuration.Configuration(base.volume_opts,
                                          config_group=BACKEND)
    options.append_config_values(_OPTIONS)
    found = driver_class(
        configuration=options,
        host=f'contract@{BACKEND}', db=cinder.db, is_vol_db_empty=True)
    # Tests do at once what its timers would do at some time.
    found.library.loopingcalls.start_tasks = lambda: None
    return found


def set_up(driver: Any, admin: Any) -> None:
    """As the volume manager sets a driver up, once or again."""
    driver.do_setup(admin)
    driver.check_for_setup_error()
    driver.set_initialized()


class Glance:
    """Images for Cinder's image service, and for the comparison."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.metas: dict[str, Mapping[str, Any]] = {}
        self.locations: dict[str, str] = {}
        self.downloads: list[str] = []
        # Where Cinder's image utilities remember what they have fetched.
        self.temp_images: Any = None

    @classmethod
    def served(cls, monkeypatch: pytest.MonkeyPatch) -> 'Glance':
        """One that the driver finds wherever it looks for Glance."""
        from eic_plugins.volume import base, precaching  # noqa: PLC0415
        from eic_plugins.volume.precache import Precacher  # noqa: PLC0415
        found = cls()
        monkeypatch.setattr(base, 'ImageLocations', lambda _conf: Locations(
            found))
        monkeypatch.setattr(precaching, 'Images', lambda _conf: found)
        monkeypatch.setattr(precaching, 'ServiceImageService',
                            lambda _conf: found)
        # Tests do at once what its threads would do at some time.
        monkeypatch.setattr(Precacher, 'start', lambda *_: None)
        return found

    def add(self, content: bytes, **properties: str) -> str:
        """A public raw image of that content; its id."""
        image_id = str(uuid.uuid4())
        self.content[image_id] = content
        self.metas[image_id] = {
            'id': image_id, 'status': 'active', 'disk_format': 'raw',
            'container_format': 'bare', 'size': len(content), 'min_disk': 0,
            'virtual_size': len(content), 'os_hash_algo': 'sha256',
            'os_hash_value': hashlib.sha256(content).hexdigest(),
            'properties': properties}
        return image_id

    def all(self) -> Iterator[ListedImage]:
        return iter([ListedImage(image_from_meta(meta), visibility='public')
                     for meta in self.metas.values()])

    def find(self, image_id: str) -> ListedImage | None:
        return next((each for each in self.all()
                     if each.image.id == image_id), None)

    def is_gone(self, image_id: str) -> bool:
        return image_id not in self.metas

    def context(self) -> Any:
        """Of the service itself: no user asks."""
        return service_context()

    def show(self, context: Any, image_id: str) -> Mapping[str, Any]:
        return self.metas[image_id]

    def download(self, context: Any, image_id: str, data: Any) -> None:
        self.downloads.append(image_id)
        data.write(self.content[image_id])

    def get_location(self, context: Any, image_id: str) -> Any:
        return self.locations.get(image_id), []


@dataclasses.dataclass(frozen=True)
class Locations:
    """What the service's own credentials find."""

    glance: Glance

    def find(self, image_id: str) -> Sequence[Location]:
        url = self.glance.locations.get(image_id)
        return [Location(url, {})] if url else []


def service_context() -> Any:
    from cinder import context  # noqa: PLC0415
    return context.get_admin_context()


class Cloud:
    """A user of the driver, and what became of it on the simulator."""

    def __init__(self, driver: Any, admin: Any, glance: Glance,
                 simulator: Simulator) -> None:
        self.driver, self.admin, self.glance = driver, admin, glance
        self.simulator = simulator

    def create(self, image_id: str, pool: str = POOLS[0]) -> Any:
        """A volume as the volume manager has it made."""
        volume = self.try_to_create(image_id, pool)
        assert volume is not None, f'left to Cinder: {self.refused}'
        return volume

    def try_to_create(self, image_id: str, pool: str = POOLS[0]) -> Any | None:
        """The volume, or None if that is left to Cinder."""
        volume = stock.new_volume(self.admin, pool)
        update, cloned = self.driver.clone_image(
            self.admin, volume, self.glance.get_location(None, image_id),
            self.glance.show(None, image_id), self.glance)
        volume.update(update or {})
        volume.save()
        volume.refresh()
        self.outcome = volume.metadata['eic_route']
        self.refused = volume.metadata.get('eic_refused')
        return volume if cloned else None

    def root(self, pool: str) -> Path:
        return self.simulator.directory(SVM, pool)

    def names(self, pool: str) -> list[str]:
        """The files of a FlexVol, LUNs or not."""
        return sorted(path.name for path in self.root(pool).iterdir())

    def luns(self, pool: str) -> Mapping[str, Mapping[str, Any]]:
        records = self.simulator.session.get(
            f'{self.simulator.origin}/api/storage/luns', timeout=30, params={
                'name': f'/vol/{pool}/*', 'fields': '**'}).json()['records']
        return {record['name'].rpartition('/')[2]: record for record in records}

    def is_right(self, volume: Any, image_id: str) -> bool:
        """The volume has the image's bytes and its own size."""
        content = self.glance.content[image_id]
        pool = volume.host.partition('#')[2]
        with (self.root(pool) / volume.name).open('rb') as file:
            found = file.read(len(content))
            return (found == content
                    and os.fstat(file.fileno()).st_size == stock.GIB)

    def counters(self) -> Mapping[str, Any]:
        return self.simulator.control('GET', '/counters')


_HOST = {'nqn': 'nqn.2014-08.org.nvmexpress:uuid:host-1', 'host': 'host1'}
_SEEDS = itertools.count()


def disk(size: int = MIB) -> bytes:
    """A raw disk unlike all others."""
    return os.urandom(size - 8) + next(_SEEDS).to_bytes(8, 'big')
