"""The options of the tempest plugin: how the cloud under test is configured."""

from oslo_config import cfg

GROUP = cfg.OptGroup('eic', title='Enhanced Instance Creation')

SERVICE_OPTS = [
    cfg.BoolOpt(
        'eic',
        default=True,
        help='Whether Enhanced Instance Creation is expected to be there. If not, its '
        'tests are skipped.',
    ),
]

EIC_OPTS = [
    cfg.StrOpt(
        'volume_type',
        default='',
        help='A volume type that leads to exactly one pool of a backend with a driver '
        'of EIC. Without it, tests that need two volumes of an image in one pool '
        'are skipped.',
    ),
    cfg.StrOpt(
        'record_outcome',
        default='auto',
        choices=['auto', 'always', 'never'],
        help='What [eic] record_outcome of cinder.conf says.',
    ),
    cfg.StrOpt(
        'hold_requests',
        default='service',
        choices=['service', 'all', 'none'],
        help='What [eic] hold_requests of cinder.conf says.',
    ),
    cfg.BoolOpt(
        'nova_filter',
        default=True,
        help='Whether nova-api has the filter of EIC.',
    ),
    cfg.IntOpt(
        'image_size',
        default=16,
        min=1,
        max=1023,
        help='MiB of the images that the tests upload: random bytes.',
    ),
]
