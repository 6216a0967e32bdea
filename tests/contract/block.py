"""EIC's block drivers in this process, as cinder-volume would run them."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract import stock
from tests.contract.conftest import Simulator
from tests.contract.images import Glance
from tests.contract.stock import BACKEND

SVM = 'svm_san'
POOLS = ('san_one', 'san_two')
ONE, TWO = POOLS
IDLE_SECONDS = 3600
"""More than a sweep wants of what it removes."""
SETTLE_SECONDS = 20
RESOURCES = {'iscsi': 'storage/luns', 'fc': 'storage/luns',
             'nvme': 'storage/namespaces'}


def config(served: Simulator, state: Path, protocol: str) -> str:
    """A cinder.conf with one backend, and short patience."""
    return stock.config(
        served, state, netapp_storage_protocol=protocol, netapp_vserver=SVM,
    ) + f'''
[DEFAULT]
image_conversion_dir = {state}/conversion
[eic]
clone_timeout = 2
copy_offload_timeout = 4
fill_wait_timeout = 20
'''


@contextlib.contextmanager
def configured(served: Simulator, state: Path, protocol: str) -> Iterator[Any]:
    """Cinder's configuration and database; privilege separation is off."""
    import os_brick.privileged  # noqa: PLC0415 - only when these tests run
    with stock.configured(state, config(served, state, protocol)) as found:
        os_brick.privileged.default.set_client_mode(False)
        yield found
        os_brick.privileged.default.set_client_mode(True)


def start_driver(admin: Any, served: Simulator, protocol: str) -> Any:
    """The driver, set up as the volume manager sets it up."""
    import cinder.db  # noqa: PLC0415
    from cinder.volume import configuration, driver  # noqa: PLC0415

    from tests.contract import fabric  # noqa: PLC0415 - imports Cinder
    found = fabric.DRIVERS[protocol](
        configuration=configuration.Configuration(
            driver.volume_opts, config_group=BACKEND),
        host=f'contract@{BACKEND}', db=cinder.db, is_vol_db_empty=True)
    found.flexvols = served.data_dir / 'volumes' / SVM
    # Its timers would make calls that belong to no volume.
    found.library.loopingcalls.start_tasks = lambda: None
    found.do_setup(admin)
    found.check_for_setup_error()
    found.set_initialized()
    return found


class BlockWorld:
    """A driver and its cluster, for one volume after the other."""

    def __init__(self, driver: Any, admin: Any, simulator: Simulator,
                 protocol: str) -> None:
        self.driver, self.admin, self.simulator = driver, admin, simulator
        self.protocol = protocol

    def new_volume(self, pool: str = ONE, size: int = 1) -> Any:
        return stock.new_volume(self.admin, pool, size)

    def clone(self, volume: Any, image: Glance) -> bool:
        """As the volume manager asks for it, and then for the export."""
        cloned = self.clone_image(volume, image)
        if cloned:
            self._save(volume, self.driver.create_export(
                self.admin, volume, {}))
        return cloned

    def clone_image(self, volume: Any, image: Glance) -> bool:
        """What the driver says of it, as the volume manager takes it."""
        update, cloned = self.driver.clone_image(
            self.admin, volume, image.get_location(None, ''), image.meta, image)
        assert (update is not None) == cloned
        if cloned:
            self._save(volume, update)
        return cloned

    def download(self, volume: Any, image: Glance) -> None:
        """What the volume manager does when the driver did not."""
        assert volume.name not in self.names(self.pool_of(volume))
        self._save(volume, self.driver.create_volume(volume))
        self.driver.copy_image_to_volume(
            self.admin, volume, image, image.meta['id'])

    @staticmethod
    def _save(volume: Any, update: Any) -> None:
        volume.update(update or {})
        volume.save()

    def make(self, image: Glance, pool: str = ONE, size: int = 1,
             ) -> tuple[Any, str]:
        """A volume of the image, and by which route it came."""
        volume = self.new_volume(pool, size)
        if not self.clone(volume, image):
            self.simulator.control('DELETE', '/faults')
            self.download(volume, image)
        volume.refresh()
        return volume, volume.metadata.get('eic_route', 'none')

    def pool_of(self, volume: Any) -> str:
        return str(volume.host.partition('#')[2])

    def file(self, volume: Any) -> Path:
        return self.root(self.pool_of(volume)) / volume.name

    def head(self, volume: Any, size: int) -> bytes:
        with self.file(volume).open('rb') as file:
            return file.read(size)

    def root(self, pool: str) -> Path:
        return self.simulator.directory(SVM, pool)

    def is_right(self, volume: Any, image: Glance) -> bool:
        """The image's bytes, nothing behind them, and the volume's size."""
        with self.file(volume).open('rb') as file:
            found = file.read(len(image.raw))
            rest = file.read(len(image.raw))
            size = os.fstat(file.fileno()).st_size
        return (found == image.raw and not any(rest)
                and size == volume.size << 30)

    def records(self) -> dict[str, Any]:
        """The SVM's LUNs or namespaces by path."""
        answer = self.simulator.session.get(
            f'{self.simulator.origin}/api/{RESOURCES[self.protocol]}',
            params={'fields': 'name,comment,space.size,status'}, timeout=30)
        answer.raise_for_status()
        return {found['name']: found for found in answer.json()['records']}

    def names(self, pool: str) -> list[str]:
        """What a pool has, by its REST records, which are its files."""
        found = sorted(path.rpartition('/')[2] for path in self.records()
                       if path.startswith(f'/vol/{pool}/'))
        assert found == sorted(file.name for file in self.root(pool).iterdir())
        return found

    def start_anew(self) -> None:
        """As after a restart: nothing is known of the cluster yet."""
        self.forget()
        self.driver._connect(BACKEND)

    def forget(self) -> None:
        """What the stock driver remembers of devices that are gone."""
        library = self.driver.library
        for table in ('lun_table', 'namespace_table'):
            getattr(library, table, {}).clear()
        self.driver.connections.clear()

    def sweep(self) -> None:
        """As the periodic task does, when what is left has been idle."""
        for cache in self.driver._caches_but(None):
            cache.sweep(time.time() + IDLE_SECONDS)

    def settle(self) -> None:
        """The cluster's copies end, also those nobody waits for any more."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.simulator.control(
                'GET', '/counters')['lun_copies']['running']:
            assert time.monotonic() < deadline, 'waited for copies to end'
            time.sleep(0.05)

    def left_over(self, image: Glance, *volumes: Any) -> list[str]:
        """What is no cached image and no volume."""
        known = {f"img-cache-{image.meta['id']}",
                 *(volume.name for volume in volumes)}
        return sorted(name for pool in POOLS for name in self.names(pool)
                      if name not in known)
