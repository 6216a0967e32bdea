"""Checks of Glance's stores: whether they tell where their images are, truly."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eic_plugins.cli.checks import product, stores
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import (
    Finding,
    NotSeenError,
    failure,
    not_seen,
    warning,
)
from eic_plugins.cli.checks.stores import FileStore
from eic_plugins.support.mounts import mount_of

_KEYS = ('id', 'share_location', 'mountpoint', 'type')
_FORM = (
    '{"id": "nfs-1", "type": "nfs", "share_location": "nfs://SERVER/EXPORT", '
    '"mountpoint": "DATADIR"}'
)
_GROUP_WRITES = 0o060
_FOR_GROUP = '660'


def glance_store(facts: Facts) -> Iterator[Finding]:
    """Glance's default store keeps images in files, which ONTAP can clone."""
    if not any(store.default for store in facts.stores):
        yield warning(
            "Glance's default store keeps no images in files: they are downloaded, "
            'once for a cluster',
            remedy='have a store of type file on an NFS export of the cluster, and '
            'name it as default_backend in [glance_store]',
        )


def glance_cinder_store(facts: Facts) -> Iterator[Finding]:
    """Where Glance keeps images in Cinder volumes, Cinder may clone them."""
    kinds = set((facts.glance.get('enabled_backends') or {}).values())
    schemes = facts.cinder.get('allowed_direct_url_schemes')
    if 'cinder' in kinds and 'cinder' not in schemes:
        yield warning(
            'Glance keeps images in Cinder volumes, and allowed_direct_url_schemes of '
            'cinder.conf does not have cinder: they are downloaded',
            facts.cinder.change(
                'allowed_direct_url_schemes', ','.join([*schemes, 'cinder'])
            ),
        )


def glance_metadata_file(facts: Facts) -> Iterator[Finding]:
    """The store on an NFS export has a filesystem_store_metadata_file, in JSON."""
    for store in facts.stores:
        path = store.metadata_file
        if path is None:
            if store.default:
                yield failure(
                    f'[{store.section}] has no filesystem_store_metadata_file: images '
                    'have no location that leads to the cluster',
                    remedy=f'write {_FORM} into a file, and name it as '
                    f'filesystem_store_metadata_file in [{store.section}]',
                )
            continue
        yield from _file(path)


def glance_metadata_readable(facts: Facts) -> Iterator[Finding]:
    """Glance's user may read the metadata file."""
    account = facts.account('glance')
    for store in facts.stores:
        path = store.metadata_file
        if path is not None and path.exists() and not account.may(path.stat(), 4):
            yield failure(
                f'the user {account.name} may not read {path}: glance-api does not '
                'start',
                remedy=f'chmod o+r {path}',
            )


def glance_metadata_keys(facts: Facts) -> Iterator[Finding]:
    """Each entry has id, share_location, mountpoint and type."""
    for store, number, entry in _entries(facts):
        for key in _KEYS:
            text = entry.get(key)
            if isinstance(text, str) and text:
                continue
            similar = {'mount_point': 'mountpoint', 'share': 'share_location'}
            wrong = next((k for k, v in similar.items() if v == key and k in entry), '')
            hint = f' (it has {wrong}, which Glance does not read)' if wrong else ''
            change = {
                'id': f'nfs-{number + 1}',
                'type': 'nfs',
                'mountpoint': store.datadirs[0],
            }.get(key)
            yield failure(
                f'an entry of {store.metadata_file} has no {key}{hint}: Glance '
                'refuses it, or the location is not understood',
                *([store.change_entry(number, key, change)] if change else ()),
                remedy='' if change else f'add "{key}": it is of the form {_FORM}',
            )


def glance_metadata_type(facts: Facts) -> Iterator[Finding]:
    """Each entry is of type nfs."""
    for store, number, entry in _entries(facts):
        kind = entry.get('type')
        if isinstance(kind, str) and kind and kind.lower() != 'nfs':
            yield failure(
                f'type in {store.metadata_file} is {kind}: such a location is not '
                'understood',
                store.change_entry(number, 'type', 'nfs'),
            )


def glance_share_location(facts: Facts) -> Iterator[Finding]:
    """Each share_location is nfs://SERVER/EXPORT."""
    for store, number, entry in _entries(facts):
        share = entry.get('share_location')
        if not isinstance(share, str) or not share:
            continue
        try:
            product.share_of(share)
        except product.LocationError as err:
            repaired = _repaired(share)
            yield failure(
                f'share_location in {store.metadata_file} is not of the form '
                f'nfs://SERVER/EXPORT: {err}',
                *(
                    [store.change_entry(number, 'share_location', repaired)]
                    if repaired
                    else ()
                ),
                remedy=''
                if repaired
                else 'write the server and the export that '
                'findmnt shows for the data directory',
            )


def glance_mountpoint(facts: Facts) -> Iterator[Finding]:
    """Each data directory is below the mountpoint of an entry."""
    for store in facts.stores:
        if store.metadata_file is None:
            continue
        entries = store.entries()
        points = [str(entry.get('mountpoint') or '') for entry in entries]
        if not all(points):
            continue
        for datadir in store.datadirs:
            if not any(_below(datadir, point) for point in points):
                yield failure(
                    f'no mountpoint in {store.metadata_file} is at or above '
                    f'{datadir}, where [{store.section}] has its images: they get '
                    'no location that leads to the cluster',
                    store.change_entry(len(entries) - 1, 'mountpoint', datadir),
                )


def glance_mount_order(facts: Facts) -> Iterator[Finding]:
    """Of mountpoints inside each other the inner one stands first."""
    for store in facts.stores:
        if store.metadata_file is None:
            continue
        points = [str(entry.get('mountpoint') or '') for entry in store.entries()]
        for number, point in enumerate(points):
            for earlier in points[:number]:
                if earlier and point.rstrip('/').startswith(earlier):
                    yield failure(
                        f'{store.metadata_file} lists {earlier} before {point}: '
                        'Glance gives an image the first entry whose mountpoint its '
                        'path begins with, letter by letter',
                        remedy=f'list {point} before {earlier}, each with a slash at '
                        'its end',
                    )


def glance_mount_true(facts: Facts) -> Iterator[Finding]:
    """What is mounted at each mountpoint is what share_location says."""
    for store, number, entry in _entries(facts):
        point, share = entry.get('mountpoint'), entry.get('share_location')
        if not isinstance(point, str) or not isinstance(share, str):
            continue
        yield from _mounted(facts, store, number, point, share)


def glance_legacy_locations(facts: Facts) -> Iterator[Finding]:
    """Glance shows users no locations: show_multiple_locations is off."""
    return _shown(facts, 'show_multiple_locations')


def glance_direct_url(facts: Facts) -> Iterator[Finding]:
    """Glance shows users no direct URL: show_image_direct_url is off."""
    return _shown(facts, 'show_image_direct_url')


def glance_file_perm(facts: Facts) -> Iterator[Finding]:
    """New image files may be read and written by the group that Cinder shares."""
    secure = [
        backend.name
        for backend in facts.nfs_backends
        if str(backend.get('nas_secure_file_operations')).lower() == 'true'
    ]
    if not secure:
        return
    for store in facts.stores:
        found = facts.glance.get('filesystem_store_file_perm', store.section)
        mode = int(str(found), 8)
        if store.metadata_file is not None and mode & _GROUP_WRITES != _GROUP_WRITES:
            yield failure(
                f'[{secure[0]}] works as a user that is not root '
                '(nas_secure_file_operations), and filesystem_store_file_perm of '
                f'[{store.section}] gives the group no right to read and write: each '
                'image is downloaded',
                store.change('filesystem_store_file_perm', _FOR_GROUP),
            )


def glance_datadirs(facts: Facts) -> Iterator[Finding]:
    """A store with filesystem_store_datadirs has an empty filesystem_store_datadir."""
    for store in facts.stores:
        option = 'filesystem_store_datadir'
        glance = facts.glance
        several = glance.get('filesystem_store_datadirs', store.section)
        if not several:
            continue
        if (
            store.section != 'glance_store'
            and glance.get(option, store.section) is None
        ):
            yield failure(
                f'[{store.section}] has filesystem_store_datadirs, and Glance takes '
                'the default of filesystem_store_datadir for a second setting: it '
                'does not start',
                store.change(option, '', safe=True),
            )


def glance_image_files(facts: Facts) -> Iterator[Finding]:
    """cinder-volume's user may read and change image files, or works as root."""
    secure = [
        backend.name
        for backend in facts.nfs_backends
        if str(backend.get('nas_secure_file_operations')).lower() != 'false'
    ]
    if not secure:
        return
    account = facts.account('cinder')
    for store in facts.stores:
        if store.metadata_file is None:
            continue
        for datadir in store.datadirs:
            statuses = _files(datadir)
            bad = [s for s in statuses if not account.may_read_and_write(s)]
            if bad:
                yield failure(
                    f'the user {account.name} may not read and change {len(bad)} of '
                    f"{len(statuses)} image files in {datadir}: ONTAP's clone of a "
                    'file has its owner and mode, and is not readable',
                    remedy=f'chmod g+rw {datadir}/*, with a group that {account.name} '
                    f'is in (chgrp), or set nas_secure_file_operations = False in '
                    f'[{secure[0]}]',
                )


def _files(datadir: str) -> list[os.stat_result]:
    try:
        with os.scandir(datadir) as found:
            return [
                entry.stat(follow_symlinks=False)
                for entry, _ in zip(found, range(_MOST_FILES), strict=False)
                if entry.is_file(follow_symlinks=False)
            ]
    except OSError as err:
        raise NotSeenError(
            f'{datadir} cannot be looked into: {err.strerror}',
            'run eic check where it is mounted, as a user that may read it',
        ) from err


_MOST_FILES = 1000


def _file(path: Path) -> Iterator[Finding]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        yield failure(
            f'{path} is not there: glance-api does not start',
            remedy=f'write {_FORM} into {path}',
        )
        return
    except (OSError, UnicodeDecodeError) as err:
        raise NotSeenError(
            f'{path} cannot be read: {type(err).__name__}',
            'run eic check as a user that may read it',
        ) from err
    if stores.parse(text) is None:
        yield failure(
            f'{path} is no JSON object or list of objects: glance-api does not start',
            remedy=f'write it in the form {_FORM}',
        )


def _entries(facts: Facts) -> Iterator[tuple[FileStore, int, Mapping[str, Any]]]:
    for store in facts.stores:
        if store.metadata_file is not None:
            for number, entry in enumerate(store.entries()):
                yield store, number, entry


def _below(path: str, point: str) -> bool:
    """As Glance compares them: letter by letter."""
    return f'{path.rstrip("/")}/'.startswith(point)


def _repaired(share: str) -> str | None:
    """What was probably meant by the server and the export as mount has them."""
    rest = share.partition('://')[2] or share
    server, _, path = rest.partition(':/')
    if path and '/' not in server:
        return f'nfs://{server}/{path}'
    server, _, path = rest.partition('/')
    return f'nfs://{server}/{path}' if server and path and ':' not in server else None


def _mounted(
    facts: Facts, store: FileStore, number: int, point: str, share: str
) -> Iterator[Finding]:
    found = mount_of(facts.mounts, point.rstrip('/') or '/')
    if found is None or not found.is_nfs:
        yield not_seen(
            f'no NFS mount is at {point} here',
            "run eic check where Glance's store is mounted, in its container perhaps",
        )
        return
    try:
        server, export = product.share_of(share)
    except product.LocationError:
        return
    mounted_server, _, mounted_export = found.source.rpartition(':')
    if found.point != (point.rstrip('/') or '/'):
        yield failure(
            f'mountpoint in {store.metadata_file} is {point}, and {found.source} is '
            f'mounted at {found.point}: paths are taken from the wrong place on',
            store.change_entry(number, 'mountpoint', found.point),
        )
    elif export.rstrip('/') != mounted_export.rstrip('/'):
        yield failure(
            f'share_location in {store.metadata_file} names the export {export}, and '
            f'{mounted_export} is mounted at {point}',
            store.change_entry(
                number,
                'share_location',
                f'nfs://{mounted_server}{mounted_export}',
            ),
        )
    elif server != mounted_server.strip('[]').lower():
        yield warning(
            f'share_location in {store.metadata_file} names the server {server}, and '
            f'{mounted_server} is mounted at {point}: is that the same SVM?',
            store.change_entry(
                number, 'share_location', f'nfs://{mounted_server}{mounted_export}'
            ),
        )


def _shown(facts: Facts, option: str) -> Iterator[Finding]:
    if facts.glance.get(option):
        yield warning(
            f'{option} is on: users see where images are (OSSN-0065), and EIC does '
            'not need it, for it uses the Locations API',
            facts.glance.change(option, 'False'),
        )
