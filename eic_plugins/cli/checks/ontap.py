"""Checks of ONTAP: version, role, SVMs, shares, space, certificates, clocks."""

import datetime
import re
from collections.abc import Callable, Iterable, Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.backends import Backend
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import (
    Finding,
    NotSeenError,
    failure,
    not_seen,
    warning,
)

_SOON = datetime.timedelta(days=30)
_MOST_APART = 60.0
_PERCENT = 100
_COPIES = 'file_copy'
_LICENCES = {
    'nfs': frozenset({'nfs', 'flexclone'}),
    'iscsi': frozenset({'iscsi', 'flexclone'}),
    'fc': frozenset({'fcp', 'flexclone'}),
    'nvme': frozenset({'nvme_of', 'flexclone'}),
}


def ontap_reachable(facts: Facts) -> Iterator[Finding]:
    """The cluster of each backend answers its user, over a trusted certificate."""
    for backend in _each(facts):
        backend.endpoint()
        try:
            facts.greeting(backend)
            facts.survey(backend)
        except NotSeenError as err:
            yield failure(
                f'the cluster of [{backend.name}] cannot be used: {err.why}',
                remedy=f'see netapp_server_hostname, netapp_server_port, netapp_login, '
                f'netapp_password and netapp_ssl_cert_path in [{backend.name}]',
            )


def ontap_certificate(facts: Facts) -> Iterator[Finding]:
    """The certificate of each cluster is good for another thirty days."""
    for backend in _one_a_cluster(facts):
        expires = facts.greeting(backend).expires
        if expires is None:
            yield not_seen(
                f'the certificate of the cluster of [{backend.name}] is not verified',
                'see cinder-certificate-verified',
            )
            continue
        left = expires - facts.now()
        if left < _SOON:
            yield warning(
                f'the certificate of the cluster of [{backend.name}] ends on '
                f'{expires.date()}: after that, ONTAP is not asked any more',
                remedy='give the cluster a new one: security certificate create, '
                'security ssl modify',
            )


def ontap_clock(facts: Facts) -> Iterator[Finding]:
    """The clocks of each cluster and of this host agree to a minute."""
    for backend in _one_a_cluster(facts):
        ahead = facts.greeting(backend).ahead
        if ahead is None:
            yield not_seen(
                f'the cluster of [{backend.name}] does not tell the time',
                'compare "cluster date show" with date',
            )
        elif abs(ahead) > _MOST_APART:
            yield warning(
                f'the clock of the cluster of [{backend.name}] is {abs(ahead):.0f} s '
                f'{"before" if ahead > 0 else "behind"} that of this host: what is '
                'old and what is in use is judged by both',
                remedy='give both the same time server: cluster time-service ntp '
                'server create',
            )


def ontap_version(facts: Facts) -> Iterator[Finding]:
    """Each cluster runs ONTAP 9.11.1 or later."""
    for backend in _one_a_cluster(facts):
        found = facts.ask(backend, 'its release', lambda survey: survey.version())
        if found is None:
            yield not_seen(
                f'the user of [{backend.name}] may not read the release of ONTAP',
                'compare what "version" prints with 9.11.1',
            )
        elif found < product.OLDEST_ONTAP:
            yield failure(
                f'the cluster of [{backend.name}] runs ONTAP {product.written(found)}: '
                f'EIC needs {product.written(product.OLDEST_ONTAP)}',
                remedy='upgrade ONTAP',
            )
        elif found < product.TELLS_SHARED_DATA:
            yield warning(
                f'the cluster of [{backend.name}] runs ONTAP {product.written(found)}, '
                'which does not tell how much data clones share: clone_limit_percent '
                'is judged by what efficiency saves',
                remedy='compare "volume show -fields sis-space-saved" with 640 TB, or '
                'upgrade to 9.15.1',
            )


def ontap_licences(facts: Facts) -> Iterator[Finding]:
    """FlexClone and the protocol of each backend are licensed."""
    for backend in _each(facts):
        have = facts.ask(backend, 'licences', lambda survey: survey.licences())
        if have is None:
            yield not_seen(
                f'the user of [{backend.name}] may not read the licences',
                'look at "license show"',
            )
            continue
        for name in sorted(_LICENCES[str(backend.protocol)] - have):
            yield failure(
                f'the cluster of [{backend.name}] has no licence for {name}',
                remedy='add it: license add -license-code CODE',
            )


def ontap_role(facts: Facts) -> Iterator[Finding]:
    """The role of each backend's user allows all that EIC asks of ONTAP."""
    for backend in _each(facts):
        kinds = frozenset({backend.kind})
        user = str(backend.get('netapp_login') or '')

        def question(
            survey: product.Survey, user: str = user, kinds: frozenset[str] = kinds
        ) -> list[product.Forbidden]:
            return survey.forbidden(user, kinds)

        for lacking in facts.ask(backend, 'what its role allows', question):
            found = failure if lacking.needed else warning
            yield found(
                f'the role of the user of [{backend.name}] does not allow '
                f'{lacking.path} at the level {lacking.level}: see "A call that ONTAP '
                'refuses" in docs/operations.md for what that costs',
                remedy=lacking.command(backend.get('netapp_vserver')),
            )


def ontap_svm(facts: Facts) -> Iterator[Finding]:
    """netapp_vserver of each backend is an SVM that runs."""
    for backend in _each(facts):
        svms = facts.ask(backend, 'its SVMs', lambda survey: survey.svms())
        name = backend.get('netapp_vserver')
        if name not in svms:
            yield failure(
                f'netapp_vserver of [{backend.name}] is {name}, which its user does '
                'not see on the cluster',
                remedy=f'set netapp_vserver in [{backend.name}] to one of '
                f'{", ".join(sorted(svms)) or "the SVMs that vserver show lists"}',
            )
        elif svms[name].get('state', 'running') != 'running':
            yield failure(
                f'the SVM {name} of [{backend.name}] does not run',
                remedy=f'vserver start -vserver {name}',
            )


def ontap_lifs(facts: Facts) -> Iterator[Finding]:
    """The server of each share is a LIF of the backend's SVM, and is up."""
    for backend in _sound(facts, 'nfs'):
        lifs = facts.interfaces(backend)
        own = backend.get('netapp_vserver')
        for server in dict.fromkeys(_server(share) for share in backend.shares()):
            found = [lif for lif in lifs if lif.address in facts.addresses(server)]
            yield from _lif(backend, server, own, found, lifs)


def ontap_shares(facts: Facts) -> Iterator[Finding]:
    """The export of each share is a FlexVol's junction path, or below one."""
    for backend in _sound(facts, 'nfs'):
        own = backend.get('netapp_vserver')
        volumes = [v for v in facts.flexvols(backend) if v.svm == own]
        for share in backend.shares():
            export = share.rpartition(':')[2]
            volume = _holding(volumes, export)
            if volume is None:
                yield failure(
                    f'{share} of [{backend.name}] leads to no volume of {own}',
                    remedy='set it to a junction path that "volume show -fields '
                    'junction-path" lists, in nfs_shares_config',
                )
            elif volume.state != 'online':
                yield failure(
                    f'the volume {volume.name} of {share} is {volume.state}',
                    remedy=f'volume online -vserver {own} -volume {volume.name}',
                )
            elif volume.style == 'flexgroup':
                yield warning(
                    f'the volume {volume.name} of {share} is a FlexGroup: what EIC '
                    'can do there depends on the release of ONTAP',
                    remedy='use a FlexVol, see docs/facts.md',
                )


def ontap_block_pools(facts: Facts) -> Iterator[Finding]:
    """netapp_pool_name_search_pattern of each block backend finds a FlexVol."""
    for backend in _sound(facts, 'luns', 'namespaces'):
        own = backend.get('netapp_vserver')
        pattern = backend.get('netapp_pool_name_search_pattern').strip('^$ ')
        volumes = [v for v in facts.flexvols(backend) if v.svm == own]
        try:
            found = [v for v in volumes if re.fullmatch(pattern, v.name)]
        except re.error:
            found = []
        if not found:
            yield failure(
                f'netapp_pool_name_search_pattern of [{backend.name}] finds no FlexVol '
                f'of {own}',
                backend.section.change('netapp_pool_name_search_pattern', None),
            )


def ontap_space(facts: Facts) -> Iterator[Finding]:
    """Each pool has room for cached images: more than thres_avl_size_perc_start."""
    for backend in _sound(facts, 'nfs', 'luns', 'namespaces'):
        start = backend.get('thres_avl_size_perc_start')
        if not 0 <= start < _PERCENT:
            raise NotSeenError('the threshold is none', 'see cinder-thresholds')
        for volume in _pools(facts, backend):
            if volume.size and volume.available * _PERCENT <= start * volume.size:
                yield warning(
                    f'{volume.name} of {volume.svm} has '
                    f'{volume.available * _PERCENT // volume.size} percent available, '
                    f'and [{backend.name}] caches an image where more than {start} '
                    'percent stay (thres_avl_size_perc_start)',
                    remedy=f'volume modify -vserver {volume.svm} -volume '
                    f'{volume.name} -size +SIZE',
                )


def ontap_deduplication(facts: Facts) -> Iterator[Finding]:
    """Deduplication is on for pools and for the volume with Glance's images."""
    volumes = {
        (backend.endpoint().host, volume): None
        for backend in _sound(facts, 'nfs', 'luns', 'namespaces')
        for volume in (*_pools(facts, backend), *_of_images(facts, backend))
    }
    if volumes and all(volume.deduplicated is None for _, volume in volumes):
        raise NotSeenError(
            'ONTAP does not tell what is deduplicated', 'volume efficiency show'
        )
    for _, volume in volumes:
        if volume.deduplicated is False:
            yield warning(
                f'{volume.name} of {volume.svm} is not deduplicated: blocks that '
                'images have in common are stored once for each image',
                remedy=f'volume efficiency on -vserver {volume.svm} -volume '
                f'{volume.name}',
            )


def ontap_images_export(facts: Facts) -> Iterator[Finding]:
    """Glance's store is on an export that the cluster of a backend knows."""
    clusters = list(_sound(facts, 'nfs'))
    if not clusters:
        return
    for share, server, export in _image_shares(facts):
        homes = [
            (backend, lif.svm)
            for backend in clusters
            for lif in facts.interfaces(backend)
            if lif.address in facts.addresses(server)
        ]
        if not homes:
            yield failure(
                f'{share}, where Glance has its images, is on no cluster of an NFS '
                'backend: each image is downloaded, once for a cluster',
                remedy="move Glance's store to the cluster of the backends, or correct "
                'share_location in filesystem_store_metadata_file',
            )
        elif all(
            _holding([v for v in facts.flexvols(b) if v.svm == svm], export) is None
            for b, svm in homes
        ):
            yield failure(
                f'{share}, where Glance has its images, leads to no volume of '
                f'{homes[0][1]}',
                remedy='correct share_location to what is mounted: findmnt -T DATADIR',
            )


def ontap_peering(facts: Facts) -> Iterator[Finding]:
    """The SVM with Glance's images is peered with the backend's for file_copy."""
    allowed = facts.cinder.get('create_svm_peering', product.EIC_SECTION)
    for backend in _sound(facts, 'nfs'):
        own = str(backend.get('netapp_vserver'))
        for svm in sorted(_image_svms(facts, backend) - {own}):
            peers = facts.ask(backend, 'SVM peers', lambda survey: survey.peers())
            if svm in allowed or any(
                ends == {own, svm} and state == 'peered' and _COPIES in applications
                for ends, state, applications in peers
            ):
                continue
            yield warning(
                f'Glance has its images in {svm}, and {own} of [{backend.name}] is not '
                'peered with it for file_copy: they are not copied, but downloaded',
                remedy=f'vserver peer create -vserver {own} -peer-vserver {svm} '
                '-applications file-copy (and vserver peer accept), or name it in '
                '[eic] create_svm_peering',
            )


def ontap_nfs(facts: Facts) -> Iterator[Finding]:
    """The SVM of each NFS backend serves NFS; no version of it is needed."""
    for backend in _sound(facts, 'nfs'):
        own = str(backend.get('netapp_vserver'))

        def question(survey: product.Survey, own: str = own) -> bool | None:
            return survey.nfs_enabled(own)

        found = facts.ask(backend, 'its NFS service', question)
        if found is None:
            yield not_seen(
                f'the user of [{backend.name}] may not read the NFS service',
                'vserver nfs show',
            )
        elif not found:
            yield failure(
                f'{own} of [{backend.name}] does not serve NFS',
                remedy=f'vserver nfs modify -vserver {own} -access true',
            )


def _each(facts: Facts) -> Iterator[Backend]:
    """EIC's backends."""
    yield from facts.eic_backends


def _one_a_cluster(facts: Facts) -> Iterable[Backend]:
    found: dict[tuple[str, int], Backend] = {}
    for backend in facts.eic_backends:
        endpoint = backend.endpoint()
        found.setdefault((endpoint.host, endpoint.port), backend)
    return found.values()


def _sound(facts: Facts, *kinds: str) -> Iterator[Backend]:
    """EIC's backends of these kinds whose SVM the cluster has."""
    for backend in facts.eic_backends:
        if backend.kind not in kinds:
            continue
        svms = facts.ask(backend, 'its SVMs', lambda survey: survey.svms())
        if backend.get('netapp_vserver') not in svms:
            raise NotSeenError(
                f'the cluster of [{backend.name}] has no such SVM', 'see ontap-svm'
            )
        yield backend


def _server(share: str) -> str:
    return share.rpartition(':')[0].strip('[]')


def _lif(
    backend: Backend,
    server: str,
    own: str,
    found: list[product.Interface],
    lifs: list[product.Interface],
) -> Iterator[Finding]:
    own_lifs = sorted(lif.address for lif in lifs if lif.svm == own)
    choose = f'take an address of {own}: {", ".join(own_lifs) or "it has none"}'
    if not found:
        yield failure(
            f'{server} in the shares of [{backend.name}] is no LIF of its cluster',
            remedy=choose,
        )
    elif not any(lif.svm == own for lif in found):
        yield failure(
            f'{server} in the shares of [{backend.name}] is a LIF of {found[0].svm}, '
            f'not of netapp_vserver {own}',
            remedy=choose,
        )
    elif not any(lif.up for lif in found if lif.svm == own):
        yield failure(
            f'the LIF {found[0].name} of {own}, {server}, is down',
            remedy=f'network interface modify -vserver {own} -lif {found[0].name} '
            '-status-admin up',
        )


def _holding(volumes: Iterable[product.Flexvol], path: str) -> product.Flexvol | None:
    above = [v for v in volumes if v.junction_path and _below(path, v.junction_path)]
    return max(above, key=lambda v: len(v.junction_path), default=None)


def _below(path: str, junction: str) -> bool:
    return path == junction or path.startswith(f'{junction.rstrip("/")}/')


def _pools(facts: Facts, backend: Backend) -> list[product.Flexvol]:
    own = backend.get('netapp_vserver')
    volumes = [v for v in facts.flexvols(backend) if v.svm == own]
    if backend.kind == 'nfs':
        exports = [share.rpartition(':')[2] for share in backend.shares()]
        found = [_holding(volumes, export) for export in exports]
        return [volume for volume in found if volume is not None]
    pattern = backend.get('netapp_pool_name_search_pattern').strip('^$ ')
    matches: Callable[[str], object] = re.compile(pattern).fullmatch
    return [volume for volume in volumes if matches(volume.name)]


def _image_shares(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for store in facts.stores:
        if store.metadata_file is None:
            continue
        for entry in store.entries():
            try:
                share = str(entry.get('share_location'))
                yield share, *product.share_of(share)
            except product.LocationError as err:
                raise NotSeenError(
                    'share_location is not understood', 'see glance-share-location'
                ) from err


def _image_svms(facts: Facts, backend: Backend) -> set[str]:
    return {
        lif.svm
        for _, server, _ in _image_shares(facts)
        for lif in facts.interfaces(backend)
        if lif.address in facts.addresses(server)
    }


def _of_images(facts: Facts, backend: Backend) -> list[product.Flexvol]:
    if backend.kind != 'nfs':
        return []
    found = []
    try:
        shares = list(_image_shares(facts))
    except NotSeenError:
        # Glance's files are on another host.
        return []
    svms = _image_svms(facts, backend)
    for _, _, export in shares:
        volumes = [v for v in facts.flexvols(backend) if v.svm in svms]
        volume = _holding(volumes, export)
        if volume is not None:
            found.append(volume)
    return found
