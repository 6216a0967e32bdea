"""The options of this bundle, group ``[eic]``, in cinder.conf and nova.conf.

The service's own credentials are the usual keystoneauth options
(``auth_type``, ``auth_url``, ``username``, …) in ``[eic]``; a service without
them uses those of ``[service_user]``. The drivers take everything about ONTAP
from their backend's ``netapp_*`` options: there is no second set.
"""

from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg

GROUP = 'eic'

FILTER_OPTS = [
    cfg.FloatOpt(
        'filter_budget',
        default=0.5,
        min=0.01,
        help='Seconds that a filter may spend on looking up an image. After '
        'that the request goes on as it came.',
    ),
    cfg.IntOpt(
        'filter_lookups',
        default=4,
        min=2,
        help='Image look-ups that one API worker may have under way at once. '
        'One project has half of them at most. Requests beyond that go '
        'on as they came.',
    ),
    cfg.FloatOpt(
        'locations_ttl',
        default=60.0,
        min=0,
        help='Seconds for which an API worker remembers where an image is and, '
        'in nova-api, what flavor and image a user boots from.',
    ),
    cfg.IntOpt(
        'breaker_failures',
        default=3,
        min=1,
        help='Number of look-ups for one project that must fail in a row '
        'before Glance is not asked for that project any more.',
    ),
    cfg.FloatOpt(
        'breaker_reset',
        default=15.0,
        min=0,
        help='Seconds for which Glance is then not asked.',
    ),
]

HOLD_OPTS = [
    cfg.StrOpt(
        'hold_requests',
        default='service',
        choices=[
            ('service', 'those with a valid service token, as Nova sends'),
            ('all', 'those of users too'),
            ('none', 'none'),
        ],
        help='Whose answers to "create a volume from an image" the Cinder '
        'filter holds until the volume is there.',
    ),
    cfg.FloatOpt(
        'hold_budget',
        default=15.0,
        min=0,
        help='Seconds for which an answer may be held.',
    ),
    cfg.IntOpt(
        'hold_limit',
        default=16,
        min=0,
        help='Answers that one API worker may hold at once; others are not '
        'held. Keep it below the number of threads of a worker.',
    ),
]

DELETION_OPTS = [
    cfg.BoolOpt(
        'postpone_deletions',
        default=True,
        help='A service (with a valid service token, as Nova sends) may ask '
        'Cinder to delete a volume that is still being made. Cinder '
        'refuses that, and Nova does not repeat it. With this option '
        'the volume is deleted as soon as it is made, unless it was '
        'attached, renamed or given away since then.',
    ),
]

NOVA_OPTS = [
    cfg.BoolOpt(
        'boot_from_volume',
        default=False,
        help='Whether the Nova filter turns an image boot into a boot from a '
        'new volume if neither flavor, image nor project says so.',
    ),
    cfg.ListOpt(
        'boot_from_volume_projects',
        default=[],
        help='IDs of projects whose image boots the Nova filter turns into '
        'boots from a new volume, if neither flavor nor image says '
        'otherwise.',
    ),
    cfg.StrOpt(
        'boot_volume_type',
        help='Volume type that the Nova filter asks for. Requests below '
        'microversion 2.67 cannot name one: they get that of the image '
        "(cinder_img_volume_type) or Cinder's default.",
    ),
]

GLANCE_OPTS = [
    cfg.StrOpt(
        'glance_endpoint',
        help='Glance endpoint to use instead of the one in the catalog.',
    ),
    cfg.StrOpt(
        'glance_interface', default='internal', help='Catalog interface of Glance.'
    ),
    cfg.StrOpt('region_name', help='Region of Glance in the catalog.'),
    cfg.FloatOpt(
        'glance_timeout',
        default=5.0,
        min=0.1,
        help='Seconds that one request to Glance or Keystone may take.',
    ),
]

SCHEDULER_OPTS = [
    cfg.FloatOpt(
        'locality_weight_multiplier',
        default=5.0,
        help='Multiplier of EICImageLocalityWeigher. It weighs a pool '
        'between 0 (the image is far) and 1 (the pool has the cached '
        'image, or its raw file), in steps of a quarter. '
        'CapacityWeigher always spans 1, however little pools differ; '
        'so with a multiplier below 4 it may overrule a step.',
    ),
    cfg.IntOpt(
        'locality_min_free_percent',
        default=15,
        min=0,
        max=100,
        help='Percent of free capacity that a pool must have to get a weight '
        'for an image that is near. So a popular image does not fill '
        'one FlexVol to its brim.',
    ),
    cfg.BoolOpt(
        'weigh_image_volume_cache',
        default=True,
        help="Whether EICImageLocalityWeigher looks into Cinder's own "
        'image-volume cache, if there is a pool whose driver is not '
        "EIC's. That is one query for each volume from an image.",
    ),
]

VOLUME_OPTS = [
    cfg.IntOpt(
        'clone_timeout',
        default=60,
        min=1,
        help='Seconds that one FlexClone of a file, LUN or namespace may take.',
    ),
    cfg.IntOpt(
        'copy_offload_max_throughput',
        default=0,
        min=0,
        help='Bytes per second that one copy inside the cluster may move; 0 '
        'for no cap. ONTAP takes whole MB/s.',
    ),
    cfg.IntOpt(
        'copy_offload_timeout',
        default=3600,
        min=1,
        help='Seconds that one copy inside the cluster may take. The wait '
        "for one of the cluster's places for copies is a part of it. "
        'After that the copy is cancelled, and the image is downloaded.',
    ),
    cfg.BoolOpt(
        'experimental_lun_from_file',
        default=False,
        help='EXPERIMENTAL, not for production. If the file of a raw image '
        'is in a FlexVol of the cluster, the iSCSI and Fibre Channel '
        'drivers make a LUN of it instead of downloading the image. One '
        "of the calls for that is ONTAP's lun create through "
        '/private/cli. NetApp documents neither this path nor its '
        'parameters, and nobody has tried it on a real system. If ONTAP '
        'refuses it, the image is downloaded.',
    ),
    cfg.BoolOpt(
        'extend_attached_files',
        default=False,
        help='Whether a volume on NFS may be extended while a server has it. The '
        'stock driver refuses that, since qemu-img cannot grow a file that QEMU '
        'has locked. With this option EIC grows it without qemu-img, if Cinder '
        'has recorded that it is raw, as it is of each volume that EIC has made. '
        'The guest sees the new size if its server is one of the libvirt driver.',
    ),
    cfg.ListOpt(
        'create_svm_peering',
        default=[],
        help='Names of SVMs from which images may be copied into the '
        "backend's SVM by a peering (application file_copy) that EIC "
        'makes itself. With any other SVM an operator makes the '
        'peering, or the image is downloaded. Do not name an SVM that '
        'is not yours.',
    ),
    cfg.ListOpt(
        'record_secret',
        default=[],
        secret=True,
        help='Secrets that the records of cached images are sealed with. '
        'They must be the same on all hosts that run cinder-volume: a '
        'record that is not sealed with one of them is not believed. '
        'The first one seals, all of them verify. If not set, the '
        'password in [database] connection is used.',
    ),
    cfg.IntOpt(
        'fill_wait_timeout',
        default=120,
        min=0,
        help='If two volumes need the same cached image, one of them makes '
        'it and the other one waits. After that many seconds Cinder '
        'downloads the image for the one that waits. Nova looks for a '
        'volume for three minutes by default '
        '(block_device_allocate_retries and '
        'block_device_allocate_retries_interval in nova.conf); the '
        'default here leaves a minute of them for the download. If your '
        'images take longer, raise both.',
    ),
    cfg.StrOpt(
        'record_outcome',
        default='auto',
        choices=[
            (
                'auto',
                'in its metadata (keys eic_*), unless the request brought '
                'metadata of its own: then in its volume_image_metadata '
                '(key eic_outcome)',
            ),
            ('always', 'in its metadata'),
            ('never', 'nowhere'),
        ],
        help='Where a volume itself tells the route, the reasons and the '
        'seconds. Tools that manage metadata take keys that they did not '
        'set for drift.',
    ),
    cfg.BoolOpt(
        'notify_outcome',
        default=True,
        help='Send the route, the reasons and the seconds as a notification, '
        'eic.volume.created_from_image or eic.volume.reimaged. It needs '
        'a driver in [oslo_messaging_notifications].',
    ),
    cfg.StrOpt(
        'metrics_directory',
        help='Directory into which each backend writes its Prometheus metrics '
        'as eic-<backend>.prom, for "eic metrics serve" or the textfile '
        'collector of node_exporter. The user of cinder-volume must be '
        'able to write there. The filters of cinder-api and nova-api, and '
        'the weigher, write theirs as eic-<service>@<worker>.prom. If not '
        'set, there are no metrics.',
    ),
    cfg.IntOpt(
        'cache_max_size_gb',
        default=0,
        min=0,
        help='GiB of cached images that a pool may hold, counted as raw '
        'disks; 0 for no cap. Like image_volume_cache_max_size_gb of '
        'Cinder: for a new cached image, those that were used least '
        'recently are removed.',
    ),
    cfg.IntOpt(
        'cache_max_count',
        default=0,
        min=0,
        help='Number of cached images that a pool may hold, like '
        'image_volume_cache_max_count of Cinder. 0 for no cap.',
    ),
    cfg.IntOpt(
        'clone_limit_percent',
        default=95,
        min=0,
        max=100,
        help='ONTAP limits the shared data of a FlexVol, and the split load '
        'of its node. When that many percent of a limit are used, '
        'volumes are downloaded instead of cloned. With 0 the use is '
        'not read, and volumes are cloned until ONTAP refuses.',
    ),
]

PRECACHE_OPTS = [
    cfg.IntOpt(
        'precache_interval',
        default=600,
        min=0,
        help='Seconds between two comparisons of the pools with the images '
        'in Glance. A comparison makes cached images that are asked for '
        'and missing, and removes cached images of deleted images. 0 '
        'for no comparison.',
    ),
    cfg.IntOpt(
        'precache_workers',
        default=1,
        min=1,
        help='Images that a backend may precache at once.',
    ),
    cfg.MultiStrOpt(
        'precache_images',
        default=[],
        help='An image that is to be cached in pools: its id, or its name '
        '(of public images and of those of precache_projects). For some '
        'pools only, add "|" and the pools as in the image property '
        'eic_precache. May be given several times.',
    ),
    cfg.MultiStrOpt(
        'precache_families',
        default=[],
        help='A family of images: properties, separated by commas, "|", and how '
        'many of the newest images that say the same in them are to be cached, '
        'for example "os_distro, os_version | 2". For some pools only, add "|" '
        'and the pools. Older images of the family go from these pools when '
        'nobody has used them for expiry_thres_minutes. Only public images and '
        'those of precache_projects count. May be given several times.',
    ),
    cfg.ListOpt(
        'precache_projects',
        default=[],
        help='Ids of the projects whose images may ask to be precached '
        '(property eic_precache). Public images always may. Images of '
        'other projects never may, or any user could fill the '
        "operator's pools.",
    ),
    cfg.BoolOpt(
        'precache_notifications',
        default=False,
        help='Listen to notifications of Glance, so that a pool follows a '
        'change of an image immediately instead of after '
        'precache_interval. Each backend has a queue of its own for '
        'them, eic-<host>; delete the queue when the backend is gone '
        'for good.',
    ),
    cfg.StrOpt(
        'notification_transport_url',
        secret=True,
        help='transport_url of the message bus that Glance notifies on. If '
        "not set, the one for Cinder's own notifications is used.",
    ),
    cfg.ListOpt(
        'notification_topics',
        default=['notifications'],
        help="Topics of Glance's notifications: topics in "
        '[oslo_messaging_notifications] of glance-api.conf.',
    ),
    cfg.StrOpt(
        'notification_exchange',
        default='glance',
        help='Exchange of these topics: control_exchange in glance-api.conf.',
    ),
]

SPREAD_OPTS = [
    cfg.IntOpt(
        'spread_volumes',
        default=8,
        min=0,
        help='When an image has that many volumes in pools of a cluster, it '
        'is copied, inside the cluster, into one pool more, and so on '
        'for each further so many volumes. So its volumes do not gather '
        'in one FlexVol. 0 for never.',
    ),
    cfg.IntOpt(
        'spread_window',
        default=604800,
        min=1,
        help='Only volumes that were asked for within that many seconds '
        'count for spread_volumes.',
    ),
    cfg.IntOpt(
        'spread_interval',
        default=60,
        min=1,
        help='Seconds between two looks at how many volumes images have. If '
        'a volume is made of an image that a pool of the backend lacks, '
        'the next look comes earlier.',
    ),
    cfg.IntOpt(
        'spread_copies',
        default=4,
        min=1,
        help='Copies for spread_volumes that a backend may have under way at '
        'once. All backends of a cluster together take half of the 50 '
        'copies that ONTAP runs at once, or one each.',
    ),
]

CINDER_FILTER_OPTS = [*FILTER_OPTS, *HOLD_OPTS, *DELETION_OPTS]
NOVA_FILTER_OPTS = [*FILTER_OPTS, *NOVA_OPTS]
ALL_OPTS = [
    *FILTER_OPTS,
    *HOLD_OPTS,
    *DELETION_OPTS,
    *NOVA_OPTS,
    *GLANCE_OPTS,
    *SCHEDULER_OPTS,
    *VOLUME_OPTS,
    *PRECACHE_OPTS,
    *SPREAD_OPTS,
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register ``[eic]``, with keystoneauth's options, on ``conf``."""
    conf.register_opts(ALL_OPTS, group=GROUP)
    loading.register_auth_conf_options(conf, GROUP)
    loading.register_session_conf_options(conf, GROUP)


def list_opts() -> list[tuple[str, list[Any]]]:
    """The entry point ``oslo.config.opts``, for oslo-config-generator."""
    auth = loading.get_auth_common_conf_options()
    session = loading.get_session_conf_options()
    password = loading.get_auth_plugin_conf_options('password')
    return [(GROUP, [*ALL_OPTS, *auth, *session, *password])]
