"""Single deliberate mistakes, the check that names each, and how it is mended.

``docs/checks.md`` has this table, with the advice that each got;
``python -m tests.functional.checked.manual`` makes it anew.
"""

import dataclasses
import datetime
import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from eic_plugins.cli.checks import product, versions
from eic_plugins.cli.checks.finding import Finding
from tests.functional.checked.cloud import SECRETS, Cloud

FAILURE, WARNING = 'failure', 'warning'
Do = Callable[[Cloud], None]
Mend = Callable[[Cloud, list[Finding]], None]


def advised(cloud: Cloud, findings: list[Finding]) -> None:
    """Make the very changes that are advised."""
    assert any(finding.changes for finding in findings), findings
    cloud.mend(findings)


def by_hand(do: Do) -> Mend:
    """What the remedy says is done by a person, or on ONTAP."""

    def mend(cloud: Cloud, findings: list[Finding]) -> None:
        assert all(finding.advice for finding in findings)
        do(cloud)

    return mend


@dataclasses.dataclass(frozen=True)
class Misconfiguration:
    """One mistake.

    ``says`` is a part of what the check says; ``patch`` are attributes of
    modules that are replaced meanwhile, as ``(target, name): value``.
    """

    mistake: str
    check: str
    status: str
    do: Do
    says: str
    mend: Mend = advised
    patch: Mapping[tuple[Any, str], Any] = dataclasses.field(default_factory=dict)


def setting(
    service: str, option: str, value: str | None, section: str = 'DEFAULT'
) -> Do:
    """Sets an option, or takes it away."""
    return lambda cloud: cloud.set(service, option, value, section)


def cinder(option: str, value: str | None, section: str = 'DEFAULT') -> Do:
    return setting('cinder', option, value, section)


def nova(option: str, value: str | None, section: str = 'DEFAULT') -> Do:
    return setting('nova', option, value, section)


def glance(option: str, value: str | None, section: str = 'DEFAULT') -> Do:
    return setting('glance', option, value, section)


def paste(service: str, old: str, new: str) -> Do:
    return lambda cloud: cloud.replace(cloud.etc / service / 'api-paste.ini', old, new)


def uwsgi(service: str, old: str, new: str) -> Do:
    return lambda cloud: cloud.replace(
        cloud.etc / service / f'{service}-api-uwsgi.ini', old, new
    )


def metadata(**changes: Any) -> Do:
    return lambda cloud: cloud.write_metadata(**changes)


def shares(text: str) -> Do:
    return lambda cloud: none((cloud.etc / 'cinder/shares').write_text(text))


def answers(path: str, value: Any) -> Do:
    return lambda cloud: none(cloud.answers.update({f'/api{path}': value}))


def answered_by_the_cluster(path: str) -> Do:
    """As before :func:`answers`."""
    return lambda cloud: none(cloud.answers.pop(f'/api{path}'))


def login_with(path: str, access: str) -> Do:
    """There is a user ``narrow``, who may do everything, and this at a path."""

    def do(cloud: Cloud) -> None:
        privileges = [
            {'path': '/api', 'access': 'all'},
            {'path': f'/api/{path}', 'access': access},
        ]
        role = {'name': 'narrow', 'privileges': privileges}
        cloud.request('POST', '/security/roles', json=role)
        account = {
            'name': 'narrow',
            'password': SECRETS['ontap'],
            'role': {'name': 'narrow'},
            'applications': [{'application': 'http'}],
        }
        cloud.request('POST', '/security/accounts', json=account)

    return do


def login_may(path: str, access: str) -> Do:
    """The user's role is mended."""

    def do(cloud: Cloud) -> None:
        (role,) = cloud.request('GET', '/security/roles?name=narrow')['records']
        at = f'/security/roles/{role["owner"]["uuid"]}/narrow/privileges'
        path_in_url = quote(f'/api/{path}', safe='')
        cloud.request('PATCH', f'{at}/{path_in_url}', json={'access': access})

    return do


def nfs_served(enabled: bool) -> Do:
    """Whether the SVM of the shares serves NFS."""

    def do(cloud: Cloud) -> None:
        path = '/protocols/nfs/services'
        (found,) = cloud.request('GET', f'{path}?svm.name=svm_gold')['records']
        cloud.request(
            'PATCH', f'{path}/{found["svm"]["uuid"]}', json={'enabled': enabled}
        )

    return do


def forbidden(path: str) -> Do:
    """The role of cinder's ONTAP user lacks a path."""
    return lambda cloud: none(
        cloud.simulator.fault(
            'error',
            match={'path': f'^/api{path}$', 'user': 'cinder'},
            count=None,
            status=403,
            code='6',
            message='not authorized for that command',
        )
    )


def volume(name: str, **body: Any) -> Do:
    return lambda cloud: cloud.patch_volume(cloud.volumes()[name], body)


def locations(*found: dict[str, Any]) -> Do:
    return lambda cloud: none(setattr(cloud.services, 'locations', list(found)))


def service(name: str, value: Any) -> Do:
    return lambda cloud: none(setattr(cloud.services, name, value))


def all_of(*each: Do) -> Do:
    def do(cloud: Cloud) -> None:
        for one in each:
            one(cloud)

    return do


def none(_: Any) -> None:
    """For a lambda that is to return nothing."""


def no_faults(cloud: Cloud) -> None:
    cloud.simulator.control('DELETE', '/faults')


_LISTENER = socket.create_server(('127.0.0.1', 0))
PORT: int = _LISTENER.getsockname()[1]
"""Where somebody listens, as long as the tests run: a server that is up."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return int(found.getsockname()[1])


def two_mounts(outer_first: bool) -> Do:
    """Glance's store has two mounts, one inside the other."""

    def do(cloud: Cloud) -> None:
        outer = {
            'id': 'outer',
            'type': 'nfs',
            'share_location': 'nfs://127.0.91.2/images',
            'mountpoint': f'{cloud.store}',
        }
        inner = {**outer, 'id': 'inner', 'mountpoint': f'{cloud.store}/inner'}
        inner['share_location'] = 'nfs://127.0.91.1/tenants/gold'
        entries = [outer, inner] if outer_first else [inner, outer]
        cloud.metadata.write_text(json.dumps(entries))
        lines = (cloud.root / 'mountinfo').read_text()
        mount = f'9 1 0:59 / {cloud.store}/inner rw - nfs4 127.0.91.1:/tenants/gold rw'
        (cloud.root / 'mountinfo').write_text(f'{lines}{mount}\n')

    return do


def images_in_silver(cloud: Cloud) -> None:
    """Glance's store is in an SVM that is not peered."""
    cloud.write_metadata(share_location='nfs://127.0.92.1/silver')
    cloud.mount('127.0.92.1:/silver')


def peer(cloud: Cloud) -> None:
    cloud.request(
        'POST',
        '/svm/peers?return_timeout=10',
        json={
            'svm': {'name': 'svm_gold'},
            'peer': {'svm': {'name': 'svm_silver'}},
            'applications': ['file_copy'],
        },
    )


def old_fill(cloud: Cloud) -> None:
    path = cloud.share / 'eic-fill-0123'
    path.touch()
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC).timestamp()
    os.utime(path, (long_ago, long_ago))


def greeting(**changes: Any) -> dict[tuple[Any, str], Any]:
    """The cluster tells something else of itself."""
    late = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)
    told = product.Greeting(**{'expires': late, 'ahead': 0.0, **changes})
    return {(product, 'greet'): lambda _: told}


_KEYSTONE = 'keystonecontext eic apiv3\nkeystone_nolimit'
_CA = 'netapp_ssl_cert_path'
_SOON = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
_NFS_ENTRY = {'share_location': 'nfs://127.0.91.2/images', 'type': 'nfs'}

M = Misconfiguration
TABLE: tuple[Misconfiguration, ...] = (
    # The paste files.
    M(
        'the filter is in one of the two pipelines of cinder-api',
        'cinder-filter',
        FAILURE,
        paste('cinder', _KEYSTONE, 'keystonecontext apiv3\nkeystone_nolimit'),
        'lacks the filter',
    ),
    M(
        "the released paste file is Cinder's own",
        'cinder-filter',
        FAILURE,
        paste('cinder', 'keystonecontext eic apiv3', 'keystonecontext apiv3'),
        'no pipeline',
    ),
    M(
        'the filter stands before keystonecontext',
        'cinder-filter-place',
        FAILURE,
        paste(
            'cinder', 'authtoken keystonecontext eic', 'eic authtoken keystonecontext'
        ),
        'does not stand right before the application',
    ),
    M(
        'the filter stands twice in a pipeline',
        'cinder-filter-place',
        FAILURE,
        paste('cinder', _KEYSTONE, f'keystonecontext eic eic {_KEYSTONE[20:]}'),
        'more than once',
    ),
    M(
        "cinder-api's filter is made by Nova's factory",
        'cinder-filter-factory',
        FAILURE,
        paste('cinder', 'middleware.cinder:filter', 'middleware.nova:filter'),
        'of the other service',
    ),
    M(
        'the section [filter:eic] was forgotten',
        'cinder-filter-factory',
        FAILURE,
        paste(
            'cinder',
            '[filter:eic]\npaste.filter_factory = eic_plugins',
            '[other]\nx = y',
        ),
        'missing',
    ),
    M(
        "the filter's section has an option that it does not have",
        'cinder-filter-options',
        FAILURE,
        paste('cinder', '[filter:eic]\n', '[filter:eic]\nfilter_bugdet = 1\n'),
        'is no option of the filter',
    ),
    M(
        "the filter's section has a value of another type",
        'cinder-filter-options',
        FAILURE,
        paste('cinder', '[filter:eic]\n', '[filter:eic]\nhold_limit = many\n'),
        'has no valid value',
    ),
    M(
        'auth_strategy of Cinder is noauth',
        'cinder-auth',
        FAILURE,
        cinder('auth_strategy', 'noauth'),
        'auth_strategy is noauth',
    ),
    M(
        'the filter is in one of the two pipelines of nova-api',
        'nova-filter',
        FAILURE,
        paste('nova', 'legacy_v2_compatible eic osapi', 'legacy_v2_compatible osapi'),
        'lacks the filter',
    ),
    M(
        'nova-api has no filter',
        'nova-filter',
        WARNING,
        paste('nova', ' eic osapi_compute_app_v21', ' osapi_compute_app_v21'),
        'no pipeline',
    ),
    M(
        "nova-api's filter stands before sizelimit",
        'nova-filter-place',
        FAILURE,
        all_of(
            paste('nova', ' eic osapi_compute_app_v21', ' osapi_compute_app_v21'),
            paste('nova', ' sizelimit', ' eic sizelimit'),
        ),
        'behind sizelimit',
    ),
    M(
        "nova-api's filter is made by Cinder's factory",
        'nova-filter-factory',
        FAILURE,
        paste('nova', 'middleware.nova:filter', 'middleware.cinder:filter'),
        'of the other service',
    ),
    M(
        "the section of nova-api's filter has an option of cinder-api's",
        'nova-filter-options',
        FAILURE,
        paste('nova', '[filter:eic]\n', '[filter:eic]\nhold_limit = 1\n'),
        'is no option of the filter',
    ),
    M(
        'auth_strategy of Nova is noauth2',
        'nova-auth',
        FAILURE,
        nova('auth_strategy', 'noauth2', 'api'),
        'noauth2',
    ),
    M(
        'uWSGI gives cinder-api no threads',
        'cinder-wsgi-threads',
        FAILURE,
        all_of(
            uwsgi('cinder', 'enable-threads = true\n', ''),
            uwsgi('cinder', 'threads = 32', 'threads = 1'),
            cinder('hold_requests', 'none', 'eic'),
        ),
        'does not enable threads',
    ),
    M(
        'uWSGI gives nova-api no threads',
        'nova-wsgi-threads',
        FAILURE,
        all_of(
            uwsgi('nova', 'enable-threads = true\n', ''),
            uwsgi('nova', 'threads = 32\n', ''),
        ),
        'does not enable threads',
    ),
    M(
        'a worker of cinder-api has a single thread',
        'cinder-hold-threads',
        WARNING,
        uwsgi('cinder', 'threads = 32', 'threads = 1'),
        'one thread',
        by_hand(uwsgi('cinder', 'threads = 1', 'threads = 32')),
    ),
    M(
        'a worker may hold as many answers as it has threads',
        'cinder-hold-threads',
        WARNING,
        cinder('hold_limit', '32', 'eic'),
        'none is left',
    ),
    M(
        'boots become boots from a volume, and nova-api has no filter',
        'nova-filter',
        FAILURE,
        all_of(
            paste('nova', ' eic osapi_compute_app_v21', ' osapi_compute_app_v21'),
            nova('boot_from_volume', 'True', 'eic'),
        ),
        'nothing reads [eic] boot_from_volume',
    ),
    # The backends.
    M(
        'ONTAP is asked without TLS',
        'cinder-transport',
        FAILURE,
        cinder('netapp_transport_type', 'http', 'gold'),
        'in clear',
    ),
    M(
        "the file with the CA of ONTAP's certificate is missing",
        'cinder-certificate-files',
        FAILURE,
        cinder(_CA, '/nowhere/ca.pem', 'gold'),
        'cannot be read',
        by_hand(
            lambda cloud: cloud.set('cinder', _CA, str(cloud.simulator.ca), 'gold')
        ),
    ),
    M(
        'a name in enabled_backends is misspelt',
        'cinder-backends',
        FAILURE,
        cinder('enabled_backends', 'gold,san,lvmm'),
        'has no section (there is [lvm])',
    ),
    M(
        'a backend has the stock driver',
        'cinder-driver',
        WARNING,
        cinder('volume_driver', product.STOCK_DRIVER, 'san'),
        'stock driver',
    ),
    M(
        'the class of the driver is misspelt',
        'cinder-driver',
        FAILURE,
        cinder('volume_driver', 'eic_plugins.volume.iscsi.EICIscsiDriver', 'san'),
        'does not have',
    ),
    M(
        'the protocol is not that of the driver',
        'cinder-driver',
        FAILURE,
        cinder('netapp_storage_protocol', 'fc', 'san'),
        'is for iscsi',
    ),
    M(
        'netapp_storage_protocol was forgotten',
        'cinder-driver',
        FAILURE,
        cinder('netapp_storage_protocol', None, 'san'),
        'has no netapp_storage_protocol',
    ),
    M(
        'netapp_use_legacy_client was left at its default',
        'cinder-legacy-client',
        FAILURE,
        cinder('netapp_use_legacy_client', None, 'gold'),
        'ZAPI',
    ),
    M(
        'netapp_allow_zapi_fallback is on',
        'cinder-zapi-fallback',
        WARNING,
        cinder('netapp_allow_zapi_fallback', 'True', 'gold'),
        'fall back to ZAPI',
    ),
    M(
        'netapp_vserver was forgotten',
        'cinder-access',
        FAILURE,
        cinder('netapp_vserver', None, 'san'),
        'has no netapp_vserver',
        by_hand(cinder('netapp_vserver', 'svm_san', 'san')),
    ),
    M(
        'the password of the ONTAP user was forgotten',
        'cinder-access',
        FAILURE,
        cinder('netapp_password', None, 'gold'),
        'has no netapp_password',
        by_hand(cinder('netapp_password', 'ontap-password-4711', 'gold')),
    ),
    M(
        "ONTAP's certificate is not verified",
        'cinder-certificate-verified',
        WARNING,
        cinder('netapp_ssl_cert_verify', 'False', 'gold'),
        'not verified',
    ),
    M(
        'a file with shares does not exist',
        'cinder-shares',
        FAILURE,
        cinder('nfs_shares_config', '/nowhere/nfs', 'gold'),
        'cannot be read',
        by_hand(
            lambda cloud: cloud.set(
                'cinder', 'nfs_shares_config', f'{cloud.etc}/cinder/shares', 'gold'
            )
        ),
    ),
    M(
        'a share is named twice',
        'cinder-shares',
        WARNING,
        shares('127.0.91.1:/tenants/gold\n127.0.91.1:/tenants/gold\n'),
        'more than once',
        by_hand(shares('127.0.91.1:/tenants/gold\n')),
    ),
    M(
        'thres_avl_size_perc_start is 100',
        'cinder-thresholds',
        FAILURE,
        cinder('thres_avl_size_perc_start', '100', 'gold'),
        'ever has room',
    ),
    M(
        'thres_avl_size_perc_stop is below thres_avl_size_perc_start',
        'cinder-thresholds',
        WARNING,
        cinder('thres_avl_size_perc_stop', '10', 'gold'),
        'not above',
    ),
    M(
        'cached images expire after a minute',
        'cinder-expiry',
        WARNING,
        cinder('expiry_thres_minutes', '1', 'gold'),
        'right after their use',
    ),
    M(
        'an option of the backend is misspelt',
        'cinder-backend-options',
        WARNING,
        cinder('netapp_lun_space_reservaton', 'disabled', 'san'),
        'netapp_lun_space_reservation meant',
    ),
    M(
        'volumes are QCOW2 files',
        'cinder-qcow2-volumes',
        FAILURE,
        cinder('nfs_qcow2_volumes', 'True', 'gold'),
        'QCOW2',
    ),
    M(
        'nas_secure_file_operations was left at auto',
        'cinder-nas-secure',
        WARNING,
        cinder('nas_secure_file_operations', None, 'gold'),
        'is auto',
        by_hand(cinder('nas_secure_file_operations', 'True', 'gold')),
    ),
    M(
        'nas_secure_file_permissions is off without root',
        'cinder-nas-secure',
        WARNING,
        cinder('nas_secure_file_permissions', 'False', 'gold'),
        'to everybody',
    ),
    M(
        'netapp_copyoffload_tool_path names the tool of old',
        'cinder-copyoffload-tool',
        WARNING,
        cinder('netapp_copyoffload_tool_path', '/etc/cinder/na_copyoffload_64', 'gold'),
        'does not offer',
    ),
    M(
        'an option of 7-Mode is left',
        'cinder-retired-families',
        WARNING,
        cinder('netapp_vfiler', 'vfiler1', 'gold'),
        '7-Mode',
    ),
    M(
        'glance_api_version is left',
        'cinder-glance-api-version',
        WARNING,
        cinder('glance_api_version', '2'),
        'of the past',
    ),
    M(
        'an IntOpt has text',
        'cinder-values',
        FAILURE,
        cinder('fill_wait_timeout', 'two minutes', 'eic'),
        '[eic] fill_wait_timeout has no valid value',
    ),
    M(
        'a value of [eic] is outside its range',
        'cinder-values',
        FAILURE,
        cinder('clone_limit_percent', '120', 'eic'),
        'clone_limit_percent',
    ),
    M(
        'an option of [eic] is misspelt',
        'cinder-eic-options',
        WARNING,
        cinder('precache_image', 'ubuntu', 'eic'),
        'precache_images meant',
    ),
    M(
        'a line of precache_images names pools and no image',
        'precache-images',
        FAILURE,
        cinder('precache_images', '| gold', 'eic'),
        'it takes the id or the name',
        by_hand(cinder('precache_images', 'ubuntu | gold', 'eic')),
    ),
    M(
        'a family does not say how many of its images',
        'precache-families',
        FAILURE,
        cinder('precache_families', 'os_distro, os_version', 'eic'),
        'how many of the newest',
        by_hand(cinder('precache_families', 'os_distro, os_version | 2', 'eic')),
    ),
    M(
        'a family that nothing follows',
        'precache-families',
        WARNING,
        lambda cloud: none(
            [
                cinder(option, value, 'eic')(cloud)
                for option, value in (
                    ('precache_families', 'os_distro | 1'),
                    ('precache_interval', '0'),
                    ('precache_notifications', 'False'),
                )
            ]
        ),
        'nothing follows',
    ),
    M(
        'cache_max_size_gb is smaller than an image',
        'cinder-cache-cap',
        WARNING,
        cinder('cache_max_size_gb', '2', 'eic'),
        'not cached',
    ),
    M(
        'images are not converted',
        'cinder-conversion',
        WARNING,
        cinder('image_conversion_disable', 'True'),
        'not raw',
    ),
    M(
        'metrics_directory does not exist',
        'metrics-directory',
        FAILURE,
        cinder('metrics_directory', '/nowhere/metrics', 'eic'),
        'cannot be used',
        by_hand(
            lambda cloud: cloud.set(
                'cinder', 'metrics_directory', f'{cloud.state}/metrics', 'eic'
            )
        ),
    ),
    M(
        'cinder-volume may not write to metrics_directory',
        'metrics-directory',
        FAILURE,
        lambda cloud: (cloud.state / 'metrics').chmod(0o755),
        'may not write',
        by_hand(lambda cloud: (cloud.state / 'metrics').chmod(0o777)),
    ),
    M(
        'cinder-volume may not write to image_conversion_dir',
        'conversion-directory',
        FAILURE,
        lambda cloud: (cloud.state / 'conversion').chmod(0o755),
        'may not write',
        by_hand(lambda cloud: (cloud.state / 'conversion').chmod(0o777)),
    ),
    M(
        'a fill was left a day ago',
        'leftovers',
        WARNING,
        old_fill,
        'eic-fill-*',
        by_hand(lambda cloud: (cloud.share / 'eic-fill-0123').unlink()),
    ),
    M(
        'the stock driver left cached files',
        'unrecorded',
        WARNING,
        lambda cloud: (cloud.share / 'img-cache-2').touch(),
        'img-cache-*',
        by_hand(lambda cloud: (cloud.share / 'img-cache-2').unlink()),
    ),
    M(
        'the services are older than what is tested',
        'openstack-versions',
        FAILURE,
        none,
        'is older than',
        by_hand(none),
        {
            (versions, 'SUPPORTED'): {'cinder': (9999, 9999)},
            (versions, 'BEST_EFFORT'): {'cinder': 9998},
        },
    ),
    M(
        'the services are tested in part',
        'openstack-versions',
        WARNING,
        none,
        'in part',
        by_hand(none),
        {(versions, 'SUPPORTED'): {'cinder': (9999, 9999)}},
    ),
    M(
        'the services are newer than what is tested',
        'openstack-versions',
        WARNING,
        none,
        'is newer than',
        by_hand(none),
        {(versions, 'SUPPORTED'): {'cinder': (1, 2)}},
    ),
    M(
        'the package is of another Python',
        'plugins-installed',
        FAILURE,
        none,
        'is missing',
        by_hand(none),
        {(versions, 'PLUGINS'): {'cinder.scheduler.weights': 'EICNoSuchWeigher'}},
    ),
    # Credentials and tokens.
    M(
        'neither [eic] nor [service_user] has credentials',
        'cinder-credentials',
        FAILURE,
        all_of(
            cinder('auth_type', None, 'eic'),
            cinder('auth_type', None, 'service_user'),
            cinder('auth_section', 'keystone_authtoken', 'service_user'),
        ),
        'neither [eic] nor [service_user]',
        by_hand(
            all_of(
                cinder('auth_type', 'password', 'eic'),
                cinder('auth_type', 'password', 'service_user'),
                cinder('auth_section', None, 'service_user'),
            )
        ),
    ),
    M(
        '[eic] of nova.conf lacks the user name',
        'nova-credentials',
        FAILURE,
        nova('username', None, 'eic'),
        'has no username',
        by_hand(nova('username', 'eic', 'eic')),
    ),
    M(
        '[glance] asks for a token for each volume',
        'cinder-glance-auth',
        WARNING,
        cinder('auth_type', 'password', 'glance'),
        'a new token',
    ),
    M(
        '[glance] has no credentials',
        'cinder-glance-auth',
        WARNING,
        cinder('auth_type', None, 'glance'),
        'no credentials',
        by_hand(cinder('auth_type', 'eic_shared_password', 'glance')),
    ),
    M(
        'record_secret is short',
        'cinder-record-secret',
        WARNING,
        cinder('record_secret', 'short', 'eic'),
        'can guess',
        by_hand(cinder('record_secret', 'record-secret-0123456789abcdef', 'eic')),
    ),
    M(
        'Nova sends no service tokens',
        'nova-sends-service-tokens',
        FAILURE,
        nova('send_service_user_token', None, 'service_user'),
        'does not send',
    ),
    M(
        'Cinder sends no service tokens',
        'cinder-sends-service-tokens',
        FAILURE,
        cinder('send_service_user_token', 'False', 'service_user'),
        'does not send',
    ),
    M(
        "cinder-api takes any user's token for a service's",
        'cinder-requires-service-role',
        FAILURE,
        cinder('service_token_roles_required', 'False', 'keystone_authtoken'),
        'any token',
    ),
    M(
        'cinder-api wants another role of services',
        'cinder-requires-service-role',
        WARNING,
        cinder('service_token_roles', 'operator', 'keystone_authtoken'),
        'the role service',
    ),
    M(
        "nova-api takes any user's token for a service's",
        'nova-requires-service-role',
        FAILURE,
        nova('service_token_roles_required', 'False', 'keystone_authtoken'),
        'any token',
    ),
    M(
        "glance-api takes any user's token for a service's",
        'glance-requires-service-role',
        FAILURE,
        glance('service_token_roles_required', 'False', 'keystone_authtoken'),
        'any token',
    ),
    # The scheduler.
    M(
        'the weigher is not listed',
        'scheduler-weigher',
        FAILURE,
        cinder('scheduler_default_weighers', 'CapacityWeigher'),
        'lacks EICImageLocalityWeigher',
    ),
    M(
        'the weigher is misspelt',
        'scheduler-weighers-known',
        FAILURE,
        cinder('scheduler_default_weighers', 'CapacityWeigher,EICImageLocalityWeiger'),
        'not installed',
    ),
    M(
        'the weigher is the only one',
        'scheduler-other-weighers',
        WARNING,
        cinder('scheduler_default_weighers', 'EICImageLocalityWeigher'),
        'the only weigher',
    ),
    M(
        'the multiplier is 0',
        'scheduler-multiplier',
        FAILURE,
        cinder('locality_weight_multiplier', '0', 'eic'),
        'does not count',
    ),
    M(
        'another weigher overrules the weigher',
        'scheduler-multiplier',
        WARNING,
        cinder('capacity_weight_multiplier', '10'),
        'may overrule',
    ),
    M(
        'the weigher drowns all others',
        'scheduler-multiplier',
        WARNING,
        cinder('locality_weight_multiplier', '100000', 'eic'),
        'no other weigher',
    ),
    M(
        'locality_min_free_percent is 90',
        'scheduler-free-percent',
        WARNING,
        cinder('locality_min_free_percent', '90', 'eic'),
        'half full',
    ),
    # The image-volume cache of other drivers.
    M(
        'there is no internal tenant',
        'cache-internal-tenant',
        FAILURE,
        cinder('cinder_internal_tenant_user_id', None),
        'cinder_internal_tenant_user_id is not set',
        by_hand(cinder('cinder_internal_tenant_user_id', 'x')),
    ),
    M(
        'the backend of another driver has no image-volume cache',
        'cache-other-drivers',
        WARNING,
        cinder('image_volume_cache_enabled', None, 'lvm'),
        'each volume from an image is a download',
    ),
    M(
        "a backend of EIC's has an image-volume cache, too",
        'cache-of-eic',
        WARNING,
        cinder('image_volume_cache_enabled', 'True', 'gold'),
        'second copy',
    ),
    M(
        'an image-volume cache is smaller than an image',
        'cache-caps',
        WARNING,
        cinder('image_volume_cache_max_size_gb', '3', 'lvm'),
        'larger images',
    ),
    # Coordination.
    M(
        'tooz has no such backend',
        'coordination-backend',
        FAILURE,
        cinder('backend_url', 'etcd://127.0.0.1:2379', 'coordination'),
        'does not have',
        by_hand(
            lambda cloud: cloud.set(
                'cinder', 'backend_url', f'file://{cloud.state}/locks', 'coordination'
            )
        ),
    ),
    M(
        'a lock that is lost unnoticed',
        'coordination-backend',
        WARNING,
        lambda cloud: cloud.set(
            'cinder', 'backend_url', f'mysql://127.0.0.1:{PORT}/tooz', 'coordination'
        ),
        'lost unnoticed',
        by_hand(
            lambda cloud: cloud.set(
                'cinder', 'backend_url', f'file://{cloud.state}/locks', 'coordination'
            )
        ),
    ),
    M(
        'a busy host loses its locks',
        'coordination-backend',
        WARNING,
        lambda cloud: cloud.set(
            'cinder',
            'backend_url',
            f'etcd3+http://127.0.0.1:{PORT}?timeout=5',
            'coordination',
        ),
        'locks end after 5 s',
        by_hand(
            lambda cloud: cloud.set(
                'cinder', 'backend_url', f'file://{cloud.state}/locks', 'coordination'
            )
        ),
    ),
    M(
        'hosts that share a backend lock on files',
        'coordination-reaches-all',
        FAILURE,
        cinder('backend_host', 'shared', 'gold'),
        'of this host alone',
        by_hand(cinder('backend_host', None, 'gold')),
    ),
    M(
        'two hosts have the same backend, and lock on files',
        'coordination-reaches-all',
        FAILURE,
        service('volume_hosts', ['one@gold', 'two@gold', 'one@san']),
        '[gold] is on one and two',
        by_hand(service('volume_hosts', ['one@gold', 'one@san'])),
    ),
    M(
        'etcd is down',
        'coordination-reachable',
        FAILURE,
        lambda cloud: cloud.set(
            'cinder',
            'backend_url',
            f'etcd3+http://127.0.0.1:{free_port()}',
            'coordination',
        ),
        'cannot be reached',
        by_hand(
            lambda cloud: cloud.set(
                'cinder', 'backend_url', f'file://{cloud.state}/locks', 'coordination'
            )
        ),
    ),
    M(
        'the directory of the locks does not exist',
        'coordination-reachable',
        FAILURE,
        lambda cloud: (cloud.state / 'locks').rmdir(),
        'cannot be used',
        by_hand(lambda cloud: make_writable(cloud.state / 'locks')),
    ),
    # Nova.
    M(
        'Nova waits less than EIC',
        'nova-patience',
        WARNING,
        nova('block_device_allocate_retries', '10'),
        'Nova waits 30 s',
    ),
    M(
        'EIC waits longer than Nova',
        'nova-patience',
        WARNING,
        cinder('fill_wait_timeout', '600', 'eic'),
        'up to 600 s',
    ),
    M(
        "answers are held for longer than Nova's timeout",
        'nova-hold-timeout',
        FAILURE,
        all_of(nova('timeout', '30', 'cinder'), cinder('hold_budget', '60', 'eic')),
        'gives up',
    ),
    M(
        'an IntOpt of nova.conf has text',
        'nova-values',
        FAILURE,
        nova('block_device_allocate_retries_interval', '3s'),
        'no valid value',
    ),
    M(
        'an option of [eic] in nova.conf is misspelt',
        'nova-eic-options',
        WARNING,
        nova('boot_from_volumes', 'True', 'eic'),
        'boot_from_volume meant',
    ),
    # Glance's configuration.
    M(
        "Glance's default store is not of files",
        'glance-store',
        WARNING,
        glance('default_backend', 'web', 'glance_store'),
        'no images in files',
        by_hand(glance('default_backend', 'images', 'glance_store')),
    ),
    M(
        'images are in Cinder volumes that may not be cloned',
        'glance-cinder-store',
        WARNING,
        glance('enabled_backends', 'images:file,volumes:cinder'),
        'allowed_direct_url_schemes',
    ),
    M(
        'the store has no metadata file',
        'glance-metadata-file',
        FAILURE,
        glance('filesystem_store_metadata_file', None, 'images'),
        'no filesystem_store_metadata_file',
        by_hand(
            lambda cloud: cloud.set(
                'glance',
                'filesystem_store_metadata_file',
                str(cloud.metadata),
                'images',
            )
        ),
    ),
    M(
        'the metadata file does not exist',
        'glance-metadata-file',
        FAILURE,
        lambda cloud: cloud.metadata.unlink(),
        'is not there',
        by_hand(metadata()),
    ),
    M(
        'the metadata file is no JSON',
        'glance-metadata-file',
        FAILURE,
        lambda cloud: none(cloud.metadata.write_text('{"id": "nfs-1",}')),
        'is no JSON',
        by_hand(metadata()),
    ),
    M(
        "Glance's user may not read the metadata file",
        'glance-metadata-readable',
        FAILURE,
        lambda cloud: cloud.metadata.chmod(0o600),
        'may not read',
        by_hand(lambda cloud: cloud.metadata.chmod(0o644)),
    ),
    M(
        'the metadata file has no id',
        'glance-metadata-keys',
        FAILURE,
        metadata(id=None),
        'has no id',
    ),
    M(
        'the metadata file has mount_point, as some guides write it',
        'glance-metadata-keys',
        FAILURE,
        lambda cloud: cloud.write_metadata(
            mountpoint=None, mount_point=str(cloud.store)
        ),
        'it has mount_point',
    ),
    M(
        'the metadata file has no share_location',
        'glance-metadata-keys',
        FAILURE,
        metadata(share_location=None),
        'has no share_location',
        by_hand(metadata()),
    ),
    M(
        'the type in the metadata file is nfs4',
        'glance-metadata-type',
        FAILURE,
        metadata(type='nfs4'),
        'type in',
    ),
    M(
        'share_location is written as mount has it',
        'glance-share-location',
        FAILURE,
        metadata(share_location='127.0.91.2:/images'),
        'not of the form',
    ),
    M(
        'share_location has a colon behind the server',
        'glance-share-location',
        FAILURE,
        metadata(share_location='nfs://127.0.91.2:/images?x'),
        'not of the form',
        by_hand(metadata()),
    ),
    M(
        'the mountpoint is not above the data directory',
        'glance-mountpoint',
        FAILURE,
        all_of(
            metadata(mountpoint='/srv/images'),
            lambda cloud: cloud.mount('127.0.91.2:/images', Path('/srv/images')),
        ),
        'no mountpoint',
        by_hand(all_of(metadata(), lambda cloud: cloud.mount('127.0.91.2:/images'))),
    ),
    M(
        'of two mounts the outer one stands first',
        'glance-mount-order',
        FAILURE,
        two_mounts(outer_first=True),
        'the first entry',
        by_hand(two_mounts(outer_first=False)),
    ),
    M(
        'another export is mounted than share_location says',
        'glance-mount-true',
        FAILURE,
        metadata(share_location='nfs://127.0.91.2/tenants/gold'),
        '/images is mounted',
    ),
    M(
        'another server is mounted than share_location says',
        'glance-mount-true',
        WARNING,
        metadata(share_location='nfs://127.0.91.1/images'),
        'is that the same SVM',
    ),
    M(
        'show_multiple_locations is on',
        'glance-legacy-locations',
        WARNING,
        glance('show_multiple_locations', 'True'),
        'OSSN-0065',
    ),
    M(
        'show_image_direct_url is on',
        'glance-direct-url',
        WARNING,
        glance('show_image_direct_url', 'True'),
        'OSSN-0065',
    ),
    M(
        "image files are their owner's alone",
        'glance-file-perm',
        FAILURE,
        glance('filesystem_store_file_perm', '640', 'images'),
        'no right to read and write',
    ),
    M(
        'a store with several directories has the default one, too',
        'glance-datadirs',
        FAILURE,
        all_of(
            glance('filesystem_store_datadir', None, 'images'),
            lambda cloud: cloud.set(
                'glance', 'filesystem_store_datadirs', f'{cloud.store}:100', 'images'
            ),
        ),
        'does not start',
    ),
    M(
        'Cinder may not read an image file',
        'glance-image-files',
        FAILURE,
        lambda cloud: cloud.image.chmod(0o640),
        'may not read and change 1 of 1',
        by_hand(lambda cloud: cloud.image.chmod(0o666)),
    ),
    M(
        'a BoolOpt of glance-api.conf has text',
        'glance-values',
        FAILURE,
        glance('filesystem_store_file_perm', 'rw', 'images'),
        'no valid value',
        by_hand(glance('filesystem_store_file_perm', '660', 'images')),
    ),
    M(
        'Glance sends no notifications',
        'notifications-sent',
        FAILURE,
        glance('driver', 'noop', 'oslo_messaging_notifications'),
        'sends no',
    ),
    M(
        'Glance notifies on a topic that nobody hears',
        'notifications-topics',
        FAILURE,
        glance('topics', 'images', 'oslo_messaging_notifications'),
        'Glance notifies on images',
    ),
    M(
        'Glance waits for its message bus for ever',
        'notifications-retry',
        WARNING,
        glance('retry', None, 'oslo_messaging_notifications'),
        'for ever',
    ),
    # Glance's API.
    M(
        'Glance is down',
        'glance-api',
        FAILURE,
        service('refusing', True),
        'does not answer',
        by_hand(service('refusing', False)),
    ),
    M(
        'the service user lacks the role service',
        'glance-roles',
        FAILURE,
        service('roles', ['admin']),
        'lacks the role service',
        by_hand(service('roles', ['admin', 'service'])),
    ),
    M(
        'the service user lacks the role admin',
        'glance-roles',
        WARNING,
        service('roles', ['service']),
        'lacks the role admin',
        by_hand(service('roles', ['admin', 'service'])),
    ),
    M(
        'a policy forbids the Locations API',
        'glance-locations-api',
        FAILURE,
        service('locations_status', 403),
        'refuses',
        by_hand(service('locations_status', 200)),
    ),
    M(
        'images were stored before the metadata file was set',
        'glance-images',
        WARNING,
        locations({'url': 'file:///var/lib/glance/images/x', 'metadata': {}}),
        'no share_location',
        by_hand(
            locations(
                {
                    'url': 'file:///images/x',
                    'metadata': {**_NFS_ENTRY, 'mountpoint': '/images'},
                }
            )
        ),
    ),
    M(
        'images are in another store',
        'glance-images',
        WARNING,
        locations({'url': 'rbd://f/images/x/snap', 'metadata': {'store': 'rbd'}}),
        'another kind (rbd)',
        by_hand(locations({'url': 'nfs://127.0.91.2/images/x', 'metadata': {}})),
    ),
    # ONTAP.
    M(
        'the password of the ONTAP user is wrong',
        'ontap-reachable',
        FAILURE,
        cinder('netapp_password', 'wrong', 'gold'),
        'cannot be used',
        by_hand(cinder('netapp_password', 'ontap-password-4711', 'gold')),
    ),
    M(
        'the port of ONTAP is wrong',
        'ontap-reachable',
        FAILURE,
        lambda cloud: cloud.set(
            'cinder', 'netapp_server_port', str(free_port()), 'gold'
        ),
        'cannot be used',
        by_hand(
            lambda cloud: cloud.set(
                'cinder', 'netapp_server_port', str(cloud.simulator.port), 'gold'
            )
        ),
    ),
    M(
        "the CA of ONTAP's certificate is not given",
        'ontap-reachable',
        FAILURE,
        cinder(_CA, None, 'gold'),
        'certificate is not trusted',
        by_hand(
            lambda cloud: cloud.set('cinder', _CA, str(cloud.simulator.ca), 'gold')
        ),
    ),
    M(
        "ONTAP's certificate ends soon",
        'ontap-certificate',
        WARNING,
        none,
        'ends on',
        by_hand(none),
        greeting(expires=_SOON),
    ),
    M(
        "ONTAP's clock is an hour ahead",
        'ontap-clock',
        WARNING,
        none,
        '3600 s before',
        by_hand(none),
        greeting(ahead=3600.0),
    ),
    M(
        'ONTAP is older than 9.11.1',
        'ontap-version',
        FAILURE,
        answers('/cluster', {'version': {'generation': 9, 'major': 10, 'minor': 1}}),
        'runs ONTAP 9.10.1',
        by_hand(answered_by_the_cluster('/cluster')),
    ),
    M(
        'ONTAP does not tell how much data clones share',
        'ontap-version',
        WARNING,
        answers('/cluster', {'version': {'generation': 9, 'major': 13, 'minor': 1}}),
        'runs ONTAP 9.13.1',
        by_hand(answered_by_the_cluster('/cluster')),
    ),
    M(
        'FlexClone is not licensed',
        'ontap-licences',
        FAILURE,
        answers(
            '/cluster/licensing/licenses',
            {'records': [{'name': name} for name in ('nfs', 'iscsi')]},
        ),
        'no licence for flexclone',
        by_hand(answered_by_the_cluster('/cluster/licensing/licenses')),
    ),
    M(
        'the role may not read SVM peers',
        'ontap-role',
        FAILURE,
        forbidden('/svm/peers'),
        'does not allow',
        by_hand(no_faults),
    ),
    M(
        'the role may not read the split load',
        'ontap-role',
        WARNING,
        forbidden('/storage/file/clone/split-loads'),
        'split-loads at the level readonly',
        by_hand(no_faults),
    ),
    M(
        'the role may clone, and not copy files',
        'ontap-role',
        FAILURE,
        all_of(
            login_with('storage/file/copy', 'readonly'),
            cinder('netapp_login', 'narrow', 'gold'),
            cinder('netapp_password', SECRETS['ontap'], 'gold'),
        ),
        'file/copy at the level read_create',
        by_hand(login_may('storage/file/copy', 'read_create')),
    ),
    M(
        'netapp_vserver names no SVM',
        'ontap-svm',
        FAILURE,
        cinder('netapp_vserver', 'svm_god', 'gold'),
        'svm_god',
        by_hand(cinder('netapp_vserver', 'svm_gold', 'gold')),
    ),
    M(
        'a share is at an address of another SVM',
        'ontap-lifs',
        FAILURE,
        shares('127.0.92.1:/tenants/gold\n'),
        'LIF of svm_silver',
        by_hand(shares('127.0.91.1:/tenants/gold\n')),
    ),
    M(
        'a share is at an address of nobody',
        'ontap-lifs',
        FAILURE,
        shares('127.0.99.9:/tenants/gold\n'),
        'no LIF',
        by_hand(shares('127.0.91.1:/tenants/gold\n')),
    ),
    M(
        'a share has the name of the volume for its junction path',
        'ontap-shares',
        FAILURE,
        shares('127.0.91.1:/gold_vol\n'),
        'leads to no volume',
        by_hand(shares('127.0.91.1:/tenants/gold\n')),
    ),
    M(
        'the pattern of the pools finds none',
        'ontap-block-pools',
        FAILURE,
        cinder('netapp_pool_name_search_pattern', 'gold_.*', 'san'),
        'finds no FlexVol',
    ),
    M(
        'a pool has less room than the threshold',
        'ontap-space',
        WARNING,
        all_of(
            cinder('thres_avl_size_perc_start', '99', 'gold'),
            cinder('thres_avl_size_perc_stop', '100', 'gold'),
            lambda cloud: fill(cloud, 'svm_gold', 'gold_vol', 2 << 30),
        ),
        'percent available',
        by_hand(cinder('thres_avl_size_perc_start', '20', 'gold')),
    ),
    M(
        "the volume with Glance's images is not deduplicated",
        'ontap-deduplication',
        WARNING,
        volume('images_vol', efficiency={'dedupe': 'none'}),
        'images_vol',
        by_hand(volume('images_vol', efficiency={'dedupe': 'background'})),
    ),
    M(
        "Glance's store is on another cluster",
        'ontap-images-export',
        FAILURE,
        all_of(
            metadata(share_location='nfs://127.0.77.7/images'),
            lambda cloud: cloud.mount('127.0.77.7:/images'),
        ),
        'on no cluster',
        by_hand(all_of(metadata(), lambda cloud: cloud.mount('127.0.91.2:/images'))),
    ),
    M(
        "Glance's store is on an export that ONTAP does not know",
        'ontap-images-export',
        FAILURE,
        all_of(
            metadata(share_location='nfs://127.0.91.2/pictures'),
            lambda cloud: cloud.mount('127.0.91.2:/pictures'),
        ),
        'leads to no volume',
        by_hand(all_of(metadata(), lambda cloud: cloud.mount('127.0.91.2:/images'))),
    ),
    M(
        "the SVM with Glance's images is not peered",
        'ontap-peering',
        WARNING,
        images_in_silver,
        'not peered',
        by_hand(peer),
    ),
    M(
        'the SVM does not serve NFS',
        'ontap-nfs',
        FAILURE,
        nfs_served(False),
        'does not serve NFS',
        by_hand(nfs_served(True)),
    ),
)


def make_writable(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def fill(cloud: Cloud, svm: str, name: str, size: int) -> None:
    """Have so many bytes of a volume used, whatever the file system makes of it."""
    path = cloud.simulator.directory(svm, name) / 'full'
    with path.open('wb') as stream:
        os.posix_fallocate(stream.fileno(), 0, size)
