"""What cached images cost the scheduler, through Cinder's own classes in process.

    python -m benchmarks.weigher_cost ['[[1000, 10000]]']

Needs no lab; prints JSON. Real: what a driver reports (``PoolCapabilities``), the
message as oslo.messaging sends it, ``FilterScheduler``, ``HostManager`` and its
filters and weighers. Ten pools are a backend. Not real: the database's table of
services. For each number of pools and of images in each pool there are two rows:
the report of release 0.1, with the newest 256 ids, and the one of today.
"""

import dataclasses
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cinder import context, objects
from cinder.common import config as _registers_options  # noqa: F401
from oslo_config import cfg
from oslo_messaging._drivers import common as wire

from benchmarks.arithmetic import median
from benchmarks.id_forms import image_ids
from benchmarks.real_scheduler import RealScheduler, report
from eic_plugins import config
from eic_plugins.scheduler import reported_images

POOLS = (10, 100, 1_000)
IMAGES = (10, 100, 1_000, 10_000)
POOLS_OF_A_BACKEND = 10
_REQUESTS = 9
_ASKED = 100
_STOCK = ['CapacityWeigher']
_EIC = ['EICImageLocalityWeigher']
_SIX_LIFS = [f'192.0.2.{number}' for number in range(11, 17)]

Facts = Mapping[str, Any]
Form = Callable[[Sequence[str]], dict[str, Any]]


def _released(ids: Sequence[str]) -> dict[str, Any]:
    return {'cached': list(ids[-256:])}


def _today(ids: Sequence[str]) -> dict[str, Any]:
    return {**reported_images.ids_field(ids), **reported_images.filter_field(ids)}


FORMS: dict[str, Form] = {'0.1': _released, 'today': _today}


@dataclasses.dataclass(frozen=True)
class Case:
    """So many pools, with so many images each."""

    pools: int
    images: int
    form: str

    @property
    def backends(self) -> list[str]:
        """As Cinder calls them."""
        count = max(self.pools // POOLS_OF_A_BACKEND, 1)
        return [f'host@backend{number}' for number in range(count)]

    def ids(self, pool: int) -> list[str]:
        """The images of a pool; the first ten pools have different ones."""
        return image_ids(pool % POOLS_OF_A_BACKEND * self.images, self.images)


def row(case: Case) -> dict[str, Any]:
    """One row of the benchmark."""
    messages = _messages(case)
    scheduler = RealScheduler(_STOCK, '', case.backends)
    memory = _memory(lambda: _hear(scheduler, messages))
    chooser = _filter_scheduler(scheduler)
    first, stranger = case.ids(0)[0], image_ids(10**9, 1)[0]
    return {
        'pools': case.pools,
        'images': case.images,
        'form': case.form,
        'report_bytes': max(map(len, messages.values())) / _of_a_backend(case),
        'answer_bytes': len(_wired({'result': scheduler.manager.get_pools(_admin())})),
        'memory_bytes': memory / case.pools,
        'hear_ms': _cpu_ms(lambda: _hear(scheduler, messages)) / len(messages),
        'overlooked': _overlooked(scheduler, case),
        'wrong_in_1000': _wrong(scheduler) * 1000,
        'weigher_ms': _cpu_ms(lambda: _weigh(scheduler, stranger)),
        'weigher_hit_ms': _cpu_ms(lambda: _weigh(scheduler, first)),
        'choice_ms': _cpu_ms(lambda: chooser(stranger)),
    }


def _messages(case: Case) -> dict[str, str]:
    """What each backend sends, by its name."""
    size = _of_a_backend(case)
    facts = [FORMS[case.form](case.ids(pool)) for pool in range(size)]
    return {
        host: _wired(
            {
                'method': 'update_service_capabilities',
                'version': '3.3',
                'args': {
                    'service_name': 'volume',
                    'host': host,
                    'capabilities': report(
                        [
                            _pool(f'{host}-{number}', facts[number])
                            for number in range(size)
                        ]
                    ),
                    'cluster_name': None,
                },
            }
        )
        for host in case.backends
    }


def _of_a_backend(case: Case) -> int:
    return min(case.pools, POOLS_OF_A_BACKEND)


def _pool(name: str, cached: Facts) -> dict[str, Any]:
    """What the stock NFS driver reports of a pool, and what EIC adds."""
    return {
        'pool_name': f'192.0.2.11:/{name}',
        'QoS_support': True,
        'online_extend_support': True,
        'multiattach': True,
        'total_capacity_gb': 10240.0,
        'free_capacity_gb': 5120.0,
        'allocated_capacity_gb': 2048,
        'provisioned_capacity_gb': 4096.0,
        'reserved_percentage': 0,
        'max_over_subscription_ratio': '20.0',
        'thin_provisioning_support': True,
        'thick_provisioning_support': False,
        'consistencygroup_support': True,
        'consistent_group_snapshot_enabled': True,
        'replication_enabled': False,
        'utilization': 30.0,
        'filter_function': None,
        'goodness_function': None,
        'netapp_aggregate': ['aggr1'],
        'netapp_aggregate_used_percent': [50],
        'netapp_compression': 'true',
        'netapp_dedup': 'true',
        'netapp_dedupe_used_percent': 0.0,
        'netapp_disk_type': ['SSD'],
        'netapp_flexvol_encryption': 'false',
        'netapp_hybrid_aggregate': ['false'],
        'netapp_is_flexgroup': 'false',
        'netapp_mirrored': 'false',
        'netapp_qos_min_support': 'true',
        'netapp_raid_type': ['raid_dp'],
        'netapp_snaplock_type': 'non_snaplock',
        'netapp_thin_provisioned': 'true',
        'netapp_unmirrored': 'true',
        'eic': {
            'cluster': image_ids(0, 1)[0],
            'svm': 'svm_of_' + name,
            'flexvol': image_ids(0, 1)[0],
            'directory': '',
            'junction_path': f'/{name}',
            'servers': _SIX_LIFS,
            'kind': 'files',
            **cached,
        },
    }


def _wired(message: Any) -> str:
    """As it goes over the message bus."""
    sent: str = json.dumps(wire.serialize_msg(message))
    return sent


def _hear(scheduler: RealScheduler, messages: Mapping[str, str]) -> None:
    for host, message in messages.items():
        heard = wire.deserialize_msg(json.loads(message))
        scheduler.hear(heard['args']['capabilities']['pools'], host)


def _memory(hear: Callable[[], None]) -> int:
    """Bytes that stay of what is heard."""
    gc.collect()
    tracemalloc.start()
    hear()
    gc.collect()
    stays, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return stays


def _states(scheduler: RealScheduler) -> list[Any]:
    return list(scheduler.manager.get_all_backend_states(scheduler.context))


def _weigh(scheduler: RealScheduler, image_id: str, states: Any = None) -> list[float]:
    """The weights as Cinder's handler has them."""
    weighed = scheduler.manager.get_weighed_backends(
        states or _states_known(scheduler),
        {'request_spec': {'image_id': image_id}, 'scheduler_hints': {}},
        _EIC,
    )
    return [each.weight for each in weighed]


def _states_known(scheduler: RealScheduler) -> list[Any]:
    """Without the look at the table of services, which is Cinder's own."""
    return [
        pool
        for state in scheduler.manager.backend_state_map.values()
        for pool in state.pools.values()
    ]


def _overlooked(scheduler: RealScheduler, case: Case) -> float:
    """The percentage of one pool's images that the weigher does not find there."""
    _states(scheduler)
    pool = _states_known(scheduler)[:1]
    ids = case.ids(0)
    asked = ids[:: max(len(ids) // _ASKED, 1)]
    return (
        100 * sum(not any(_weigh(scheduler, each, pool)) for each in asked) / len(asked)
    )


def _wrong(scheduler: RealScheduler) -> float:
    """The share of pools that are preferred for an image that nobody has."""
    pools = _states_known(scheduler)[:POOLS_OF_A_BACKEND]
    asked = image_ids(10**8, 20 * _ASKED)
    found = [weight for each in asked for weight in _weigh(scheduler, each, pools)]
    return sum(map(bool, found)) / len(found)


def _filter_scheduler(scheduler: RealScheduler) -> Callable[[str], Any]:
    """The whole choice, with the weighers of the sample configuration."""
    from cinder.scheduler import filter_scheduler  # noqa: PLC0415 - wants objects

    cfg.CONF.set_override('scheduler_default_weighers', [*_STOCK, *_EIC])
    # It asks no cinder-volume here.
    filter_scheduler.driver.volume_rpcapi.VolumeAPI = lambda: None
    found = filter_scheduler.FilterScheduler()
    found.host_manager = scheduler.manager

    def choose(image_id: str) -> Any:
        properties = {'size': 1, 'availability_zone': None, 'volume_type_id': None}
        return found._get_weighted_candidates(
            scheduler.context,
            {
                'image_id': image_id,
                'volume_properties': properties,
                'volume_type': {},
                'resource_type': {},
            },
            {'size': 1, 'availability_zone': None, 'scheduler_hints': {}},
        )

    return choose


def _cpu_ms(what: Callable[[], Any]) -> float:
    """Milliseconds of CPU, the median of some."""
    times = []
    for _ in range(_REQUESTS):
        began = time.process_time_ns()
        what()
        times.append((time.process_time_ns() - began) / 1e6)
    return median(times)


def _admin() -> Any:
    return context.get_admin_context()


def configure() -> None:
    """Cinder's configuration without a file."""
    cfg.CONF([], project='cinder', default_config_files=[])
    config.register(cfg.CONF)
    cfg.CONF.set_override('weigh_image_volume_cache', False, config.GROUP)
    objects.register_all()


def main(argv: list[str]) -> int:
    """Print the rows as JSON."""
    configure()
    sizes: Iterable[tuple[int, int]] = (
        [(pools, images) for pools, images in json.loads(argv[1])]
        if argv[1:]
        else [(pools, images) for pools in POOLS for images in IMAGES]
    )
    print(json.dumps([row(Case(*size, form=form)) for size in sizes for form in FORMS]))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
