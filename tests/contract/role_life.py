"""All that a backend asks of ONTAP with its account: the released driver, and EIC.

Each step has a name, so that a call that is refused can be told from where it came.
"""

import contextlib
import dataclasses
import functools
import io
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from eic_plugins.cli import main
from eic_plugins.ontap import jobs
from eic_plugins.ontap.session import OntapError
from tests.contract import stock
from tests.contract.block import ONE, SVM, TWO, BlockWorld
from tests.contract.cache import Cache
from tests.contract.images import Image
from tests.contract.share_routes import CASES, IMAGES, Case, SufferingShares
from tests.contract.shares import GOLD
from tests.contract.simulator import file_copies_allowed
from tests.contract.stock import MIB, new_snapshot

SECONDS = 10
COPIED = 'copy_offload'
OTHER_SVM = Case('copy_offload', located=True, other_svm=True)
CONNECTOR = {'host': 'compute', 'ip': '127.0.0.1'}
QOS = {'spec': {'policy_name': 'openstack-role', 'max_throughput': '500iops'}}
CHECKS = ('version', 'licences', 'role', 'svm', 'lifs', 'space', 'deduplication')
Steps = Mapping[str, Callable[[], Any]]


@contextlib.contextmanager
def luns_of_files() -> Iterator[None]:
    """The experiment is on."""
    from oslo_config import cfg  # noqa: PLC0415

    from eic_plugins.config import GROUP  # noqa: PLC0415

    option = 'experimental_lun_from_file'
    cfg.CONF.set_override(option, True, group=GROUP)
    try:
        yield
    finally:
        cfg.CONF.clear_override(option, group=GROUP)


@dataclasses.dataclass(frozen=True)
class Life:
    """What is done with a backend, by who does it."""

    world: Any
    conf: Path
    """Its cinder.conf."""

    def of_the_released_driver(self) -> Steps:
        """What it does by itself, and for volumes."""
        driver = self.world.driver
        return {
            'statistics': lambda: driver.get_volume_stats(refresh=True),
            'tasks': self._tasks,
            'a volume': self._volume,
            'a snapshot': self._snapshot,
            'a clone': self._clone,
            'quality of service': self._quality,
        }

    def routes(self) -> Steps:
        raise NotImplementedError

    def background(self) -> Steps:
        """What EIC does when nobody waits for it."""
        return {
            'precaching': self._precache,
            'eviction': self._evict,
            'sweep': self.world.sweep,
            'limits': self.limits,
            'a job that is given up': self.give_up,
        }

    def commands(self) -> Steps:
        """The commands that take no more than EIC itself."""
        return {
            'eic plan': self._plan,
            'eic cache verify': self._verify_cache,
            'eic efficiency show': lambda: self._eic('efficiency', 'show', self._conf),
        }

    def options(self) -> Steps:
        """What takes lines of its own, by the name that these have in the manual."""
        checks = [f'ontap-{name}' for name in self.checks()]
        return {
            'eic check': lambda: self._eic(
                'check', f'--config-file=cinder={self.conf}', *checks
            ),
            'eic efficiency start': self._deduplicate,
        }

    def checks(self) -> tuple[str, ...]:
        return CHECKS

    def flexvol(self) -> str:
        raise NotImplementedError

    def verified(self) -> tuple[str, ...]:
        """The arguments of ``eic verify``."""
        raise NotImplementedError

    @property
    def _conf(self) -> str:
        return f'--config-file={self.conf}'

    @property
    def _library(self) -> Any:
        return getattr(self.world.driver, 'library', self.world.driver)

    def _tasks(self) -> None:
        for task in self._library.loopingcalls.tasks:
            if not task.looping_call.f.__module__.startswith('eic_plugins'):
                task.looping_call.f()

    def _volume(self) -> None:
        driver, volume = self.world.driver, self.world.new_volume()
        self.world.create_empty(volume)
        self._save(volume, driver.create_export(self.world.admin, volume, {}))
        driver.extend_volume(volume, 2)
        volume.size = 2
        self._attach(volume)
        driver.delete_volume(volume)

    @staticmethod
    def _save(volume: Any, update: Any) -> None:
        volume.update(update or {})
        volume.save()

    def _attach(self, volume: Any) -> None:
        """As a compute host has it attached, and then no more."""
        connector = self.world.driver.initialize_connection(volume, CONNECTOR)
        assert connector['data']
        self.world.driver.terminate_connection(volume, CONNECTOR)

    def _snapshot(self) -> None:
        driver, admin = self.world.driver, self.world.admin
        volume, other = self.world.new_volume(), self.world.new_volume()
        self.world.create_empty(volume)
        snapshot = new_snapshot(admin, volume)
        driver.create_snapshot(snapshot)
        self._save(other, driver.create_volume_from_snapshot(other, snapshot))
        driver.revert_to_snapshot(admin, volume, snapshot)
        driver.delete_snapshot(snapshot)
        for each in (volume, other):
            driver.delete_volume(each)

    def _clone(self) -> None:
        volume, other = self.world.new_volume(), self.world.new_volume()
        self.world.create_empty(volume)
        self._save(other, self.world.driver.create_cloned_volume(other, volume))
        for each in (other, volume):
            self.world.driver.delete_volume(each)

    def _quality(self) -> None:
        """As for a volume type with QoS specs."""

    def _precache(self) -> None:
        image = self.world.glance.add(os.urandom(MIB), eic_precache='all')
        precacher = self.world.eic.background.precacher
        precacher.reconcile()
        while precacher.waiting:
            precacher.fill_next()
        for pool in self.world.pools:
            assert image.cached in self.world.names(pool)

    def _evict(self) -> None:
        for cache in self.world.eic.cluster.pools.caches():
            assert all(cache.evict(usage) for usage in list(cache.storage.usages()))

    def limits(self) -> None:
        """How near ONTAP's limits the FlexVols are is read anew."""
        self.world.eic.cluster.clone_limits.forget()
        self.world.eic.statistics.watch_limits()

    def give_up(self) -> None:
        """Its job is asked to end, and that is not refused."""
        world, volume = self.world, self.world.new_volume()
        world.create_empty(volume)
        pool = world.cache_of(world.pools[0]).pool
        ends = pool.stored(volume.name), pool.stored(f'{volume.name}-2')
        world.simulator.fault('job_stalls')
        with mock.patch.object(jobs.LOG, 'warning', wraps=jobs.LOG.warning) as warned:
            try:
                world.eic.cluster.toolbox.copier.clone(*ends, 0.5)
            except OntapError:
                assert not warned.called
            else:
                raise AssertionError('its job ended')
        world.simulator.control('DELETE', '/faults')
        world.driver.delete_volume(volume)

    def _deduplicate(self) -> None:
        for command in ('on', 'start'):
            self._eic('efficiency', command, self.flexvol(), '--yes', self._conf)

    def _verify(self) -> None:
        self._eic('verify', *self.verified(), '--yes', self._conf)

    def _plan(self) -> None:
        from eic_plugins.cli import named_images, plan  # noqa: PLC0415

        image = self.image()
        found = named_images.find(self.world.glance, image.id).image
        stats = self.world.driver.get_volume_stats(refresh=True)
        reported = [
            {
                'name': f'contract@{stock.BACKEND}#{each["pool_name"]}',
                'capabilities': {**stats, **each},
            }
            for each in stats['pools']
        ]
        assert plan.foresee(found, None, self.world.pools, None, reported)

    def _verify_cache(self) -> None:
        image, pool = self.image(), self.world.pools[0]
        self.world.cache(image, pool)
        result, well, why = Cache(self.world).verify(image, pool)
        assert well, (result, why)

    def first_image(self) -> Image:
        """One that nobody has a volume of."""
        return self.image()

    def image(self) -> Image:
        return self.world.glance.add(os.urandom(MIB))

    def made(self, image: Image, pool: str, route: str) -> None:
        """A volume of it, by that route."""
        volume, found = self.world.make(image, pool)
        assert found == route
        assert self.world.is_right(volume, image)
        self.world.driver.delete_volume(volume)

    def _eic(self, *arguments: str) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            status = main.main([*arguments])
        # With other checks than ONTAP's, this cloud has not much that is right.
        assert status == 0 or arguments[0] == 'check', said.getvalue()


@dataclasses.dataclass(frozen=True)
class SharesLife(Life):
    """Of a backend of shares; ``gold`` and ``images_vol`` are its pools."""

    world: SufferingShares

    def routes(self) -> Steps:
        return {
            **{
                name: functools.partial(self._route, case)
                for name, case in CASES.items()
            },
            'copy_offload between SVMs': self._peered,
        }

    def options(self) -> Steps:
        between = functools.partial(self._route, OTHER_SVM)
        return {
            **super().options(),
            'eic verify': self._verify,
            'create_svm_peering': between,
        }

    def _peered(self) -> None:
        with file_copies_allowed(self.world.simulator, 'svm_gold', 'svm_silver'):
            self._route(OTHER_SVM)

    def _route(self, case: Case) -> None:
        world = self.world
        image, before = world.new_image(case), world.volume_before(case)
        world.start_anew()
        volume, made = world.attempt(case, image, before)
        volume.refresh()
        assert made
        assert volume.metadata['eic_route'] == case.route
        assert world.is_right(volume, image)
        world.driver.delete_volume(volume)

    def first_image(self) -> Image:
        return self.world.new_image(CASES['copy_offload'])

    def checks(self) -> tuple[str, ...]:
        return (*CHECKS, 'shares', 'images-export', 'peering', 'nfs')

    def flexvol(self) -> str:
        return GOLD

    def verified(self) -> tuple[str, ...]:
        return (
            GOLD,
            f'--to={IMAGES}',
            *(f'--mount={pool}={self.world.root(pool)}' for pool in (GOLD, IMAGES)),
            '--no-measures',
        )

    def _quality(self) -> None:
        driver, volume = self.world.driver, self.world.new_volume()
        self.world.create_empty(volume)
        driver.zapi_client.provision_qos_policy_group(QOS, True)
        driver._set_qos_policy_group_on_volume(volume, QOS, False)
        driver.zapi_client.mark_qos_policy_group_for_deletion(QOS)
        driver.delete_volume(volume)


@dataclasses.dataclass(frozen=True)
class BlockLife(Life):
    """Of a backend of LUNs or namespaces."""

    world: BlockWorld

    def routes(self) -> Steps:
        image, copied = self.image(), self.world.protocol != 'nvme'
        other = 'copy_offload' if copied else 'download'
        return {
            'download': lambda: self.made(image, ONE, 'download'),
            'cached': lambda: self.made(image, ONE, 'cached'),
            'the other pool': lambda: self.made(image, TWO, other),
        }

    def options(self) -> Steps:
        found = dict(super().options())
        if self.world.protocol != 'nvme':
            found['experimental_lun_from_file'] = self._of_a_file
        return found

    def _of_a_file(self) -> None:
        """A first volume of a file in another SVM, and a LUN of one in the FlexVol."""
        world = self.world
        image = self.image()
        path = world.simulator.directory('svm_gold', 'images_vol') / image.id
        path.write_bytes(image.raw)
        image.location = f'nfs://127.0.81.1/images/{image.id}'
        with file_copies_allowed(world.simulator, SVM, 'svm_gold'), luns_of_files():
            other = BlockWorld(
                world.admin, world.simulator, world.protocol, world.glance
            )
            Life.made(dataclasses.replace(self, world=other), image, ONE, COPIED)
            (world.root(ONE) / 'file').write_bytes(image.raw)
            pool = other.cache_of(ONE).pool
            other.eic.cluster.toolbox.image_copier.clone(
                pool.stored('file'), pool.stored('eic-fill-role'), SECONDS
            )

    def _attach(self, volume: Any) -> None:
        from tests.contract import fabric  # noqa: PLC0415 - imports Cinder

        host: Any = super(fabric.LocalFabric, self.world.driver)
        connector = {**CONNECTOR, **fabric.HOST}
        assert host.initialize_connection(volume, connector)['data']
        host.terminate_connection(volume, connector)

    def _snapshot(self) -> None:
        if self.world.protocol != 'nvme':
            super()._snapshot()

    def checks(self) -> tuple[str, ...]:
        return (*CHECKS, 'block-pools')

    def flexvol(self) -> str:
        return ONE

    def verified(self) -> tuple[str, ...]:
        return (ONE, f'--to={TWO}', '--no-measures')
