"""The options of Cinder, Nova and Glance that checks read, as released.

Not imported from these services: a host has one of them, and its configuration
must be readable without it.
"""

from collections.abc import Mapping, Sequence

from oslo_config import cfg

from eic_plugins.cli.checks import product
from eic_plugins.support import compat

_AUTH: Sequence[cfg.Opt] = product.AUTH_OPTIONS
_KEYSTONE_AUTHTOKEN: Sequence[cfg.Opt] = (
    cfg.ListOpt('service_token_roles', default=['service']),
    cfg.BoolOpt('service_token_roles_required', default=True),
)
_SERVICE_USER: Sequence[cfg.Opt] = (
    *_AUTH,
    cfg.BoolOpt('send_service_user_token', default=False),
)
_NOTIFICATIONS: Sequence[cfg.Opt] = (
    cfg.MultiStrOpt('driver', default=[]),
    cfg.ListOpt('topics', default=['notifications']),
    cfg.IntOpt('retry', default=-1),
)

CINDER: Mapping[str, Sequence[cfg.Opt]] = {
    'DEFAULT': (
        cfg.StrOpt('state_path', default='/var/lib/cinder'),
        cfg.StrOpt('host', default=''),
        cfg.StrOpt('cluster'),
        cfg.ListOpt('enabled_backends'),
        cfg.StrOpt('auth_strategy', default='keystone'),
        cfg.StrOpt('api_paste_config', default='api-paste.ini'),
        cfg.ListOpt('scheduler_default_weighers', default=['CapacityWeigher']),
        cfg.FloatOpt('capacity_weight_multiplier', default=1.0),
        cfg.FloatOpt('allocated_capacity_weight_multiplier', default=-1.0),
        cfg.FloatOpt('volume_number_multiplier', default=-1.0),
        cfg.StrOpt('cinder_internal_tenant_project_id'),
        cfg.StrOpt('cinder_internal_tenant_user_id'),
        cfg.ListOpt('allowed_direct_url_schemes', default=[]),
        cfg.BoolOpt('image_conversion_disable', default=False),
        cfg.StrOpt('image_conversion_dir', default='$state_path/conversion'),
    ),
    'keystone_authtoken': _KEYSTONE_AUTHTOKEN,
    'service_user': _SERVICE_USER,
    'glance': _AUTH,
    'coordination': (cfg.StrOpt('backend_url', default='file://$state_path'),),
    'oslo_messaging_notifications': _NOTIFICATIONS,
    'database': (cfg.StrOpt('connection', secret=True),),
}

BACKEND: Sequence[cfg.Opt] = (
    cfg.StrOpt('volume_driver', default='cinder.volume.drivers.lvm.LVMVolumeDriver'),
    cfg.StrOpt('volume_backend_name'),
    cfg.StrOpt('backend_host'),
    cfg.BoolOpt('image_volume_cache_enabled', default=False),
    cfg.IntOpt('image_volume_cache_max_size_gb', default=0),
    cfg.IntOpt('image_volume_cache_max_count', default=0),
    cfg.StrOpt('netapp_storage_family', default='ontap_cluster'),
    cfg.StrOpt('netapp_storage_protocol', choices=['iscsi', 'fc', 'nfs', 'nvme']),
    cfg.StrOpt('netapp_server_hostname'),
    cfg.IntOpt('netapp_server_port'),
    cfg.BoolOpt('netapp_use_legacy_client', default=True),
    cfg.BoolOpt('netapp_allow_zapi_fallback', default=True),
    cfg.StrOpt(
        'netapp_transport_type',
        default=compat.netapp_transport(),
        choices=['http', 'https'],
    ),
    cfg.StrOpt('netapp_ssl_cert_path'),
    cfg.BoolOpt('netapp_ssl_cert_verify', default=True),
    cfg.StrOpt('netapp_login'),
    cfg.StrOpt('netapp_password', secret=True),
    cfg.StrOpt('netapp_private_key_file', secret=True),
    cfg.StrOpt('netapp_certificate_file', secret=True),
    cfg.StrOpt('netapp_ca_certificate_file', secret=True),
    cfg.StrOpt('netapp_vserver'),
    cfg.BoolOpt('netapp_disaggregated_platform', default=False),
    cfg.StrOpt('netapp_pool_name_search_pattern', default='(.+)'),
    cfg.StrOpt('netapp_lun_space_reservation', default='enabled'),
    cfg.IntOpt('netapp_nfs_image_cache_cleanup_interval', default=600, min=60),
    cfg.IntOpt('thres_avl_size_perc_start', default=20),
    cfg.IntOpt('thres_avl_size_perc_stop', default=60),
    cfg.IntOpt('expiry_thres_minutes', default=720),
    cfg.StrOpt('nfs_shares_config', default='/etc/cinder/nfs_shares'),
    cfg.StrOpt('nfs_mount_point_base', default='$state_path/mnt'),
    cfg.StrOpt('nfs_mount_options'),
    cfg.BoolOpt('nfs_qcow2_volumes', default=False),
    cfg.StrOpt('nas_secure_file_operations', default='auto'),
    cfg.StrOpt('nas_secure_file_permissions', default='auto'),
)

NETAPP_NAMES = frozenset(
    {
        *(option.name for option in BACKEND if option.name.startswith('netapp_')),
        'netapp_api_trace_pattern',
        'netapp_async_rest_timeout',
        'netapp_certificate_host_validation',
        'netapp_consistent_replication',
        'netapp_copyoffload_tool_path',
        'netapp_dedupe_cache_expiry_duration',
        'netapp_driver_reports_provisioned_capacity',
        'netapp_host_type',
        'netapp_lun_clone_busy_interval',
        'netapp_lun_clone_busy_timeout',
        'netapp_lun_copy_timeout',
        'netapp_lun_ostype',
        'netapp_migrate_volume_timeout',
        'netapp_namespace_ostype',
        'netapp_performance_cache_expiry_duration',
        'netapp_proximal_nodes',
        'netapp_replication_aggregate_map',
        'netapp_replication_policy',
        'netapp_replication_volume_online_timeout',
        'netapp_size_multiplier',
        'netapp_snapmirror_quiesce_timeout',
        'netapp_storage_pools',
        'netapp_volume_list',
    }
)
"""The options ``netapp_*`` that the stock driver has, the renamed two too."""

NOVA: Mapping[str, Sequence[cfg.Opt]] = {
    'DEFAULT': (
        cfg.IntOpt('block_device_allocate_retries', default=60),
        cfg.IntOpt('block_device_allocate_retries_interval', default=3),
        cfg.StrOpt('api_paste_config'),
    ),
    'wsgi': (cfg.StrOpt('api_paste_config', default='api-paste.ini'),),
    'api': (cfg.StrOpt('auth_strategy', default='keystone'),),
    'cinder': (*_AUTH, cfg.IntOpt('timeout')),
    'keystone_authtoken': _KEYSTONE_AUTHTOKEN,
    'service_user': _SERVICE_USER,
}

GLANCE: Mapping[str, Sequence[cfg.Opt]] = {
    'DEFAULT': (
        cfg.DictOpt('enabled_backends', default={}),
        cfg.BoolOpt('show_image_direct_url', default=False),
        cfg.BoolOpt('show_multiple_locations', default=False),
    ),
    'glance_store': (
        cfg.ListOpt('stores', default=['file', 'http']),
        cfg.StrOpt('default_store', default='file'),
        cfg.StrOpt('default_backend'),
    ),
    'keystone_authtoken': _KEYSTONE_AUTHTOKEN,
    'oslo_messaging_notifications': _NOTIFICATIONS,
}

FILE_STORE: Sequence[cfg.Opt] = (
    cfg.StrOpt('filesystem_store_datadir'),
    cfg.MultiStrOpt('filesystem_store_datadirs', default=[]),
    cfg.StrOpt('filesystem_store_metadata_file'),
    cfg.IntOpt('filesystem_store_file_perm', default=0),
)
DATADIR = '/var/lib/glance/images'
"""Glance's own default of ``filesystem_store_datadir``."""


def for_cinder() -> Mapping[str, Sequence[cfg.Opt]]:
    """What is read of cinder.conf, but the backends' sections."""
    return {**CINDER, product.EIC_SECTION: (*product.EIC_OPTIONS, *_AUTH)}


def for_nova() -> Mapping[str, Sequence[cfg.Opt]]:
    """What is read of nova.conf."""
    return {**NOVA, product.EIC_SECTION: (*product.EIC_OPTIONS, *_AUTH)}
