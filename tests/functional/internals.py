"""What EIC uses of Cinder that Cinder promises to nobody, and how it is called.

``internals.json`` beside this file has, for each name, what it takes in each
release. Where a name takes something else than in the release before, the
table in docs/compatibility.md says so. Run as a program with the Python of a release,
it writes what is installed there::

    .venv-2025.1/bin/python -m tests.functional.internals
"""

import importlib
import importlib.metadata
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name('internals.json')
RELEASES = {26: '2025.1', 27: '2025.2', 28: '2026.1', 29: '2026.2'}
"""What is supported in full, by the major version of Cinder."""
BEST_EFFORT = {24: '2024.1', 25: '2024.2'}
"""What is tried with a part of the tests, as docs/compatibility.md says."""
RECORDED_RELEASES = tuple({**BEST_EFFORT, **RELEASES}.values())
DRIVERS = (
    'nfs.EICNfsDriver',
    'iscsi.EICISCSIDriver',
    'fc.EICFibreChannelDriver',
    'nvme.EICNVMeDriver',
)
MISSING = 'missing'
_NETAPP = 'cinder.volume.drivers.netapp'
_ONTAP = f'{_NETAPP}.dataontap'
_LUNS = f'{_ONTAP}.block_cmode:NetAppBlockStorageCmodeLibrary'
_NAMESPACES = f'{_ONTAP}.nvme_library:NetAppNVMeStorageLibrary'
_SHARES = f'{_ONTAP}.nfs_cmode:NetAppCmodeNfsDriver'
_CLIENT = f'{_ONTAP}.client.client_cmode_rest:RestClient'
USED = {
    'volume/stock/block.py': (
        f'{_LUNS}._update_ssc',
        f'{_LUNS}._get_volume_model_update',
        f'{_LUNS}._setup_qos_for_volume',
        f'{_LUNS}._find_mapped_lun_igroup',
        f'{_LUNS}._delete_lun_from_table',
        f'{_LUNS}._get_lun_from_table',
        f'{_NAMESPACES}._update_ssc',
        f'{_NAMESPACES}._get_namespace_from_table',
        f'{_CLIENT}.get_lun_map',
        f'{_CLIENT}.get_ontap_version',
        f'{_CLIENT}._validate_qos_policy_group',
        f'{_NETAPP}.utils:get_volume_extra_specs',
        f'{_NETAPP}.utils:get_qos_policy_group_name_from_info',
        f'{_NETAPP}.utils:is_qos_policy_group_spec_adaptive',
        f'{_ONTAP}.utils.loopingcalls:LoopingCalls.add_task',
        'cinder.volume.driver:BaseVD._connect_device',
    ),
    'volume/stock/nfs.py': (
        f'{_SHARES}._update_ssc',
        f'{_SHARES}._is_flexgroup',
        f'{_SHARES}._is_flexgroup_clone_file_supported',
        f'{_SHARES}._do_qos_for_volume',
        f'{_SHARES}._get_volume_model_update',
        f'{_SHARES}._get_mount_point_for_share',
        f'{_SHARES}._ensure_share_mounted',
    ),
    'volume/stock/waits.py': (f'{_ONTAP}.client.api:RestNaServer._build_session',),
    'volume/stock/enabled_backends.py': (
        f'{_ONTAP}.utils.utils:get_backend_configuration',
    ),
    'volume/backing/attachment.py': (
        'cinder.utils:temporary_chown',
        'cinder.volume.volume_utils:brick_get_connector',
    ),
    'volume/from_image/fetch.py': (
        'cinder.image.image_utils:check_available_space',
        'cinder.image.image_utils:TemporaryImages.fetch',
        'cinder.image.image_utils:temporary_file',
        'cinder.image.image_utils:qemu_img_info',
        'cinder.image.image_utils:fetch_to_raw',
        'cinder.image.image_utils:verify_glance_image_signature',
        'cinder.image.accelerator:is_gzip_compressed',
    ),
    'volume/locks.py': (
        'cinder.coordination:Coordinator.get_lock',
        'cinder.coordination:Coordinator.remove_lock',
    ),
    'volume/pools': (
        'cinder.scheduler.rpcapi:SchedulerAPI.get_pools',
        'cinder.volume.rpcapi:VolumeAPI.publish_service_capabilities',
    ),
    'scheduler/weigher.py': (
        'cinder.db.api:image_volume_cache_get_all',
        'cinder.scheduler.weights:BaseHostWeigher._weigh_object',
    ),
    'middleware/cinder_internals.py': (
        'cinder.volume.api:API.delete',
        'cinder.objects.volume:Volume.get_by_id',
    ),
    'cinder_cache/seeds.py': (
        'cinder.volume.api:API.create',
        'cinder.scheduler.rpcapi:SchedulerAPI.create_volume',
        'cinder.volume.volume_types:is_encrypted',
        'cinder.objects.volume:VolumeList.get_all_by_project',
    ),
}
COLUMNS = {
    'middleware/cinder_internals.py': {
        'Volume': ('status', 'service_uuid', 'host'),
        'VolumeAttachment': ('volume_id', 'attach_status'),
        'VolumeAdminMetadata': ('volume_id', 'key', 'value'),
    },
    'precache/demand.py': {
        'Volume': ('host', 'cluster_name', 'created_at', 'deleted'),
        'VolumeGlanceMetadata': ('volume_id', 'key', 'value'),
    },
    'scheduler/weigher.py': {
        'ImageVolumeCacheEntry': (
            'host',
            'cluster_name',
            'image_id',
            'image_updated_at',
            'last_used',
        )
    },
}
"""Of Cinder's tables, by the room that asks for them."""


def installed() -> dict[str, str]:
    """What each name takes in the Cinder that is installed."""
    importlib.import_module('cinder.common.config')
    importlib.import_module('cinder.objects').register_all()
    return dict(sorted((*_functions(), *_columns(), *_overridden())))


def recorded() -> Mapping[str, Mapping[str, str]]:
    """The same, by release."""
    found: Mapping[str, Mapping[str, str]] = json.loads(RECORDED.read_text())
    return found


def release() -> str | None:
    """That of the installed Cinder, None for one that is not tested."""
    major = int(importlib.metadata.version('cinder').partition('.')[0])
    return {**BEST_EFFORT, **RELEASES}.get(major)


def changes() -> Iterator[tuple[str, str, str, str]]:
    """Name, release, what it took before and what it takes from then on."""
    for name, by_release in recorded().items():
        before = None
        for each in RECORDED_RELEASES:
            taken = by_release[each]
            if before is not None and taken != before:
                yield name, each, before, taken
            before = taken


def _functions() -> Iterator[tuple[str, str]]:
    for names in USED.values():
        for name in names:
            yield name, _taken(_find(name))


def _columns() -> Iterator[tuple[str, str]]:
    compat = importlib.import_module('eic_plugins.support.compat')
    models = compat.cinder_models()
    for tables in COLUMNS.values():
        for table, columns in tables.items():
            there = getattr(models, table).__table__.columns
            for each in columns:
                kind = type(there[each].type).__name__ if each in there else MISSING
                yield f'{table}.{each}', kind


def _overridden() -> Iterator[tuple[str, str]]:
    """What EIC's drivers put in the place of a method of the stock drivers."""
    for path in DRIVERS:
        module, _, name = path.partition('.')
        driver = getattr(importlib.import_module(f'eic_plugins.volume.{module}'), name)
        stock = [cls for cls in driver.__mro__ if cls.__module__.startswith('cinder.')]
        ours = [cls for cls in driver.__mro__ if cls.__module__.startswith('eic_')]
        for method in {each for cls in ours for each in vars(cls)}:
            of = next((cls for cls in stock if method in vars(cls)), None)
            if of is not None and callable(getattr(of, method)):
                yield f'{module}: {method}', _taken(getattr(of, method))


def _find(path: str) -> Any:
    module, _, names = path.partition(':')
    found: Any = importlib.import_module(module)
    for name in names.split('.'):
        found = getattr(found, name, None)
    return found


def _taken(function: Any) -> str:
    """Its parameters, without types and values."""
    if function is None:
        return MISSING
    return ', '.join(
        {each.VAR_POSITIONAL: '*', each.VAR_KEYWORD: '**'}.get(each.kind, '')
        + each.name
        + ('' if each.default is each.empty else '=')
        for each in inspect.signature(function).parameters.values()
    )


def main() -> None:
    """Record what is installed."""
    name = release()
    assert name is not None, 'Name the release in RELEASES first.'
    known = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    found = installed()
    for each in {*known, *found}:
        known.setdefault(each, {})[name] = found.get(each, MISSING)
    RECORDED.write_text(json.dumps(known, indent=1, sort_keys=True) + '\n')


if __name__ == '__main__':
    main()
