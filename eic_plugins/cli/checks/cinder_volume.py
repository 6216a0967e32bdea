"""Checks of the backends in cinder.conf: driver, access, shares, thresholds."""

import re
from collections.abc import Iterator
from pathlib import Path

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.backends import Backend
from eic_plugins.cli.checks.configuration import likely
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, failure, passed, warning
from eic_plugins.cli.checks.options import NETAPP_NAMES

_OURS = 'eic_plugins.'
_SHARE = re.compile(r'(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/]+):(/\S*)')
_PERCENT = 100
_SHORTEST_EXPIRY = 10
"""Minutes: what was used in the last two is never evicted, block pools know a use
to ten.
"""


def cinder_backends(facts: Facts) -> Iterator[Finding]:
    """Each name in enabled_backends has a section."""
    cinder = facts.cinder
    names = cinder.get('enabled_backends') or []
    sections = cinder.sections()
    for name in names:
        if name not in sections:
            meant = likely(name, set(sections) - set(names))
            hint = f' (there is [{meant}])' if meant else ''
            yield failure(
                f'enabled_backends names {name}, which has no section{hint}',
                cinder.change(
                    'enabled_backends',
                    ','.join(
                        (meant or other) if other == name else other
                        for other in names
                        if meant or other != name
                    ),
                ),
            )
    if not names:
        yield failure(
            'enabled_backends is not set: cinder-volume has no backend',
            remedy='set enabled_backends in [DEFAULT] to the sections of the backends',
        )


def cinder_driver(facts: Facts) -> Iterator[Finding]:
    """The volume_driver of each NetApp backend is EIC's of its protocol."""
    for backend in facts.backends:
        yield from _driver(backend)
    if not any(backend.of_ontap for backend in facts.backends):
        yield warning(
            "no backend has EIC's driver, nor NetApp's stock one",
            remedy='set volume_driver in the section of an ONTAP backend, as README '
            'has it',
        )


def cinder_legacy_client(facts: Facts) -> Iterator[Finding]:
    """The drivers speak REST: netapp_use_legacy_client is False."""
    for backend in facts.eic_backends:
        if backend.get('netapp_use_legacy_client'):
            yield failure(
                f'[{backend.name}] uses the ZAPI client (the default), which EIC '
                'does not use and newer ONTAP does not have',
                backend.section.change('netapp_use_legacy_client', 'False'),
            )


def cinder_zapi_fallback(facts: Facts) -> Iterator[Finding]:
    """No call falls back to ZAPI: netapp_allow_zapi_fallback is not turned on."""
    for backend in facts.eic_backends:
        asked = backend.section.is_set('netapp_allow_zapi_fallback')
        if asked and backend.get('netapp_allow_zapi_fallback'):
            yield warning(
                f'[{backend.name}] lets the stock code fall back to ZAPI, which '
                'newer ONTAP does not have',
                backend.section.change('netapp_allow_zapi_fallback', 'False'),
            )


def cinder_access(facts: Facts) -> Iterator[Finding]:
    """Each backend of EIC's has its cluster, its SVM and a login."""
    for backend in facts.eic_backends:
        for option in backend.missing_access():
            yield failure(
                f'[{backend.name}] has no {option}: the driver does not start',
                remedy=f'set {option} in [{backend.name}]',
            )


def cinder_transport(facts: Facts) -> Iterator[Finding]:
    """ONTAP is asked over TLS: netapp_transport_type is https."""
    for backend in facts.eic_backends:
        if backend.get('netapp_transport_type') != 'https':
            yield failure(
                f'[{backend.name}] sends the password of its ONTAP user in clear',
                backend.section.change('netapp_transport_type', 'https'),
            )


def cinder_certificate_verified(facts: Facts) -> Iterator[Finding]:
    """ONTAP's certificate is verified: netapp_ssl_cert_verify is True."""
    for backend in facts.eic_backends:
        if not backend.get('netapp_ssl_cert_verify'):
            yield warning(
                f'[{backend.name}] sends its password to whoever answers: the '
                'certificate of ONTAP is not verified',
                backend.section.change('netapp_ssl_cert_verify', 'True'),
            )


def cinder_certificate_files(facts: Facts) -> Iterator[Finding]:
    """The certificates and keys that backends name are there and readable."""
    names = ('netapp_ssl_cert_path', 'netapp_ca_certificate_file')
    private = ('netapp_certificate_file', 'netapp_private_key_file')
    for backend in facts.eic_backends:
        for option in (*names, *private):
            text = backend.get(option)
            wrong = _unreadable(facts.cinder.resolve(text)) if text else None
            if wrong:
                yield failure(
                    f'{option} of [{backend.name}] {wrong}',
                    remedy=f'put the file there, or correct {option}',
                )


def cinder_shares(facts: Facts) -> Iterator[Finding]:
    """nfs_shares_config of each NFS backend names shares, each once."""
    for backend in facts.nfs_backends:
        path = backend.shares_file()
        wrong = _unreadable(path)
        if wrong:
            yield failure(
                f'nfs_shares_config of [{backend.name}], {path}, {wrong}',
                remedy='put a share in each line of that file: SERVER:/EXPORT',
            )
            continue
        yield from _shares(path, backend.shares())


def cinder_thresholds(facts: Facts) -> Iterator[Finding]:
    """The cleaner's thresholds leave room for cached images, and it can end."""
    for backend in facts.eic_backends:
        start = backend.get('thres_avl_size_perc_start')
        stop = backend.get('thres_avl_size_perc_stop')
        if not 0 <= start < _PERCENT:
            yield failure(
                f'thres_avl_size_perc_start of [{backend.name}] is {start}: with '
                'that no pool ever has room for a cached image',
                backend.section.change('thres_avl_size_perc_start', '20'),
            )
        elif not start < stop <= _PERCENT:
            yield warning(
                f'thres_avl_size_perc_stop of [{backend.name}] is {stop}, which is '
                f'not above thres_avl_size_perc_start ({start}): the cleaner takes '
                'one image after the other',
                backend.section.change(
                    'thres_avl_size_perc_stop', str(min(start + 40, _PERCENT)), True
                ),
            )


def cinder_expiry(facts: Facts) -> Iterator[Finding]:
    """Cached images live long enough to be of use: expiry_thres_minutes."""
    for backend in facts.eic_backends:
        minutes = backend.get('expiry_thres_minutes')
        if minutes < _SHORTEST_EXPIRY:
            yield warning(
                f'expiry_thres_minutes of [{backend.name}] is {minutes}: in a pool '
                'that is nearly full, cached images go right after their use',
                backend.section.change('expiry_thres_minutes', '720', safe=True),
            )


def cinder_backend_options(facts: Facts) -> Iterator[Finding]:
    """Each option netapp_* of a backend of EIC's is one that the driver has."""
    cinder = facts.cinder
    for backend in facts.eic_backends:
        for option in cinder.options_of(backend.name):
            unknown = option.startswith('netapp_') and option not in NETAPP_NAMES
            if unknown and option not in _FAMILIES:
                meant = likely(option, NETAPP_NAMES)
                yield warning(
                    f'[{backend.name}] sets {option}, which no driver reads'
                    + (f'; is {meant} meant?' if meant else ''),
                    cinder.change(option, None, backend.name),
                    remedy=f'write {meant}, with that value, in its place'
                    if meant
                    else '',
                )


def cinder_qcow2_volumes(facts: Facts) -> Iterator[Finding]:
    """Volumes are raw: nfs_qcow2_volumes is off."""
    for backend in facts.nfs_backends:
        if backend.get('nfs_qcow2_volumes'):
            yield failure(
                f'[{backend.name}] makes QCOW2 volumes; a clone of a cached image '
                'is raw, and so must the others be',
                backend.section.change('nfs_qcow2_volumes', 'False'),
            )


def cinder_nas_secure(facts: Facts) -> Iterator[Finding]:
    """nas_secure_file_operations and -permissions are said, and fit each other."""
    for backend in facts.nfs_backends:
        operations = str(backend.get('nas_secure_file_operations')).lower()
        permissions = str(backend.get('nas_secure_file_permissions')).lower()
        if operations == 'auto':
            yield warning(
                f'nas_secure_file_operations of [{backend.name}] is auto: whether '
                'cinder-volume works as root depends on whether the share was empty '
                'when it was first used',
                remedy=f'set nas_secure_file_operations in [{backend.name}]: to False '
                "where root of this host may change files, to True where Glance's "
                "and Cinder's users share a group",
            )
        elif operations == 'true' and permissions == 'false':
            yield warning(
                f'[{backend.name}] works as a user that is not root, and gives the '
                'files of volumes to everybody',
                backend.section.change('nas_secure_file_permissions', 'True'),
            )


_TOOL = 'netapp_copyoffload_tool_path'
_FAMILIES = (
    'netapp_vfiler',
    'netapp_partner_backend_name',
    'netapp_controller_ips',
    'netapp_sa_password',
    'netapp_webservice_path',
    'netapp_eseries_host_type',
    'netapp_enable_multiattach',
)


def cinder_copyoffload_tool(facts: Facts) -> Iterator[Finding]:
    """netapp_copyoffload_tool_path does not name the tool that is gone."""
    cinder = facts.cinder
    for section in cinder.sections():
        for path in cinder.raw(_TOOL, section):
            if Path(path).name != product.COPY_PROGRAM:
                yield warning(
                    f'[{section}] {_TOOL} names a tool that NetApp does not offer any '
                    "more, and that EIC's drivers never run",
                    cinder.change(_TOOL, None, section, safe=True),
                    remedy=f'with a stock driver, name {product.COPY_PROGRAM} there',
                )


def cinder_retired_families(facts: Facts) -> Iterator[Finding]:
    """Options of Data ONTAP 7-Mode and of E-Series are gone."""
    return _retired(
        facts, _FAMILIES, 'Data ONTAP 7-Mode or E-Series, whose drivers are gone'
    )


def cinder_glance_api_version(facts: Facts) -> Iterator[Finding]:
    """glance_api_version, which Cinder does not read any more, is gone."""
    if facts.cinder.is_set('glance_api_version'):
        yield warning(
            'glance_api_version is of the past: there is one version of the Image API',
            facts.cinder.change('glance_api_version', None, safe=True),
        )


def _retired(facts: Facts, options: tuple[str, ...], of_what: str) -> Iterator[Finding]:
    for section in facts.cinder.sections():
        for option in options:
            if facts.cinder.is_set(option, section):
                yield warning(
                    f'[{section}] {option} is of {of_what}',
                    facts.cinder.change(option, None, section, safe=True),
                )


def _driver(backend: Backend) -> Iterator[Finding]:
    protocol = backend.get('netapp_storage_protocol')
    if backend.driver == product.STOCK_DRIVER and protocol in product.DRIVERS:
        yield warning(
            f"[{backend.name}] has NetApp's stock driver: volumes of images that are "
            'elsewhere are downloaded',
            backend.section.change('volume_driver', product.DRIVERS[protocol]),
        )
    elif backend.driver.startswith(_OURS) and backend.protocol is None:
        wanted = product.DRIVERS.get(str(protocol), product.DRIVERS['nfs'])
        yield failure(
            f'[{backend.name}] names a driver that EIC does not have: {backend.driver}',
            backend.section.change('volume_driver', wanted),
        )
    elif backend.protocol and protocol and protocol != backend.protocol:
        yield failure(
            f'the driver of [{backend.name}] is for {backend.protocol}, and its '
            f'netapp_storage_protocol is {protocol}',
            backend.section.change('volume_driver', product.DRIVERS[protocol]),
        )
    elif backend.protocol and not protocol:
        yield failure(
            f'[{backend.name}] has no netapp_storage_protocol: the driver does not '
            'start',
            backend.section.change('netapp_storage_protocol', backend.protocol),
        )
    elif backend.protocol:
        yield passed(f'[{backend.name}] has the driver for {protocol}')


def _shares(path: Path, shares: list[str]) -> Iterator[Finding]:
    if not shares:
        yield failure(
            f'{path} names no share', remedy='put a share in each line: SERVER:/EXPORT'
        )
    for share in shares:
        if not _SHARE.fullmatch(share):
            yield failure(
                f'{path} has a line that is no share: {share}',
                remedy='write it as SERVER:/EXPORT, an IPv6 address in brackets',
            )
    for share in dict.fromkeys(shares):
        if shares.count(share) > 1:
            yield warning(
                f'{path} names {share} more than once',
                remedy='leave one of these lines',
            )


def _unreadable(path: Path) -> str | None:
    """What is wrong with a file, None if it can be read."""
    try:
        with path.open('rb'):
            return None
    except PermissionError:
        return 'may not be read by this user' if _exists(path) else 'cannot be seen'
    except OSError as err:
        return f'cannot be read: {err.strerror}'


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
