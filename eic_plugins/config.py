"""The options of this bundle, group ``[eic]``, in cinder.conf.

The service's own credentials are the usual keystoneauth options
(``auth_type``, ``auth_url``, ``username``, …) in ``[eic]``; a service without
them uses those of ``[service_user]``. The drivers take everything about ONTAP
from their backend's ``netapp_*`` options: there is no second set.
"""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg

GROUP = 'eic'

FILTER_OPTS = [
    cfg.FloatOpt(
        'filter_budget', default=0.5, min=0.01,
        help='Seconds that the Cinder filter may spend on looking up an '
             'image before it lets the request go on without the hint.'),
    cfg.IntOpt(
        'filter_lookups', default=4, min=1,
        help='Image look-ups that one API worker may have under way at once; '
             'requests beyond that go on without the hint.'),
    cfg.FloatOpt(
        'locations_ttl', default=60.0, min=0,
        help='Seconds for which an API worker remembers where an image is.'),
    cfg.IntOpt(
        'breaker_failures', default=3, min=1,
        help='Failed look-ups in a row after which Glance is left alone.'),
    cfg.FloatOpt(
        'breaker_reset', default=15.0, min=0,
        help='Seconds for which Glance is then left alone.'),
]

GLANCE_OPTS = [
    cfg.StrOpt(
        'glance_endpoint',
        help='Glance endpoint to use instead of the one in the catalog.'),
    cfg.StrOpt(
        'glance_interface', default='internal',
        help='Catalog interface of Glance.'),
    cfg.StrOpt('region_name', help='Region of Glance in the catalog.'),
    cfg.FloatOpt(
        'glance_timeout', default=5.0, min=0.1,
        help='Seconds that one request to Glance or Keystone may take.'),
]

SCHEDULER_OPTS = [
    cfg.FloatOpt(
        'locality_weight_multiplier', default=5.0,
        help='Multiplier of EICImageLocalityWeigher, which weighs a pool '
             'between 0 (the image is far) and 1 (the pool has the cached '
             'image) in steps of a quarter. CapacityWeigher spans 1 however '
             'little pools differ, so below 4 it may overrule a step.'),
    cfg.IntOpt(
        'locality_min_free_percent', default=15, min=0, max=100,
        help='A pool with less free capacity than that gets no weight for '
             'having an image near, so that a popular image does not fill '
             'one FlexVol to its brim.'),
]

VOLUME_OPTS = [
    cfg.IntOpt(
        'clone_timeout', default=60, min=1,
        help='Seconds that one FlexClone of a file may take.'),
    cfg.IntOpt(
        'copy_offload_max_throughput', default=0, min=0,
        help='Bytes per second that one copy inside the cluster may move, 0 '
             'for no cap. ONTAP takes whole MB/s.'),
    cfg.IntOpt(
        'copy_offload_timeout', default=3600, min=1,
        help='Seconds that one copy inside the cluster may take, and wait for '
             "one of the cluster's places for copies, before it is given up "
             'and Cinder downloads the image.'),
    cfg.BoolOpt(
        'create_svm_peering', default=False,
        help='Peer two SVMs of a cluster for file_copy when an image is to be '
             'copied from the one to the other. If not set, an operator peers '
             'them, or the image is downloaded.'),
    cfg.IntOpt(
        'fill_wait_timeout', default=3600, min=0,
        help='Seconds that a volume waits for another one to make the cached '
             'image that both need.'),
    cfg.BoolOpt(
        'record_outcome', default=True,
        help='Write the route, the reasons and the seconds into the metadata '
             'of the volume (keys eic_*).'),
    cfg.BoolOpt(
        'notify_outcome', default=True,
        help='Send the route, the reasons and the seconds as a notification, '
             'eic.volume.created_from_image or eic.volume.reimaged, where '
             '[oslo_messaging_notifications] has a driver.'),
    cfg.StrOpt(
        'metrics_directory',
        help='Directory into which each backend writes its Prometheus metrics '
             'as eic-<backend>.prom, for the textfile collector of '
             'node_exporter. The user of cinder-volume must be able to write '
             'there. If not set, there are no metrics.'),
    cfg.IntOpt(
        'clone_limit_percent', default=95, min=0, max=100,
        help="Percent of ONTAP's limits (shared data of a FlexVol, and the "
             'split load of its node) from which on volumes are downloaded '
             'instead of cloned. 0 to clone until ONTAP refuses, and not to '
             'read what is used.'),
]

ALL_OPTS = [*FILTER_OPTS, *GLANCE_OPTS, *SCHEDULER_OPTS, *VOLUME_OPTS]


def register(conf: cfg.ConfigOpts) -> None:
    """Register ``[eic]``, with keystoneauth's options, on ``conf``."""
    conf.register_opts(ALL_OPTS, group=GROUP)
    loading.register_auth_conf_options(conf, GROUP)
    loading.register_session_conf_options(conf, GROUP)


def with_overrides(conf: cfg.ConfigOpts,
                   overrides: Mapping[str, str]) -> dict[str, Any]:
    """The filter's options: ``[eic]``, with those of the paste section on top.

    :raises ValueError: a paste option is unknown or not of its type
    """
    options = {opt.dest: conf[GROUP][opt.dest] for opt in FILTER_OPTS}
    known = {opt.dest: opt for opt in FILTER_OPTS}
    for name, text in overrides.items():
        if name not in known:
            raise ValueError(
                f'api-paste.ini: the filter eic has no option {name!r}; it '
                f'takes {", ".join(sorted(known))}')
        try:
            options[name] = known[name].type(text)
        except ValueError as err:
            raise ValueError(f'api-paste.ini: {name} = {text}: {err}') from err
    return options


def list_opts() -> list[tuple[str, list[Any]]]:
    """The entry point ``oslo.config.opts``, for oslo-config-generator."""
    auth = loading.get_auth_common_conf_options()
    session = loading.get_session_conf_options()
    password = loading.get_auth_plugin_conf_options('password')
    return [(GROUP, [*ALL_OPTS, *auth, *session, *password])]
