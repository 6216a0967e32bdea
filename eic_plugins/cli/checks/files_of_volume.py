"""Checks of directories that cinder-volume writes to, and of what is left there."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, NotSeenError, failure, warning

_WRITE = 7
_DAY = 86400.0
_METRICS = 'metrics_directory'
_CONVERSION = 'image_conversion_dir'


def metrics_directory(facts: Facts) -> Iterator[Finding]:
    """cinder-volume's user may write to metrics_directory."""
    text = facts.cinder.get(_METRICS, product.EIC_SECTION)
    if text:
        yield from _writable(facts, f'[eic] {_METRICS}', Path(text))


def conversion_directory(facts: Facts) -> Iterator[Finding]:
    """cinder-volume's user may write to image_conversion_dir."""
    path = Path(facts.cinder.get(_CONVERSION))
    if not path.exists():
        # Cinder makes it when it starts.
        return
    yield from _writable(facts, _CONVERSION, path)


def leftovers(facts: Facts) -> Iterator[Finding]:
    """No share has fills that are older than a day."""
    seen = False
    for backend in facts.nfs_backends:
        base = backend.get('nfs_mount_point_base')
        for mount in facts.mounts:
            if mount.point.startswith(f'{base}/'):
                seen = True
                yield from _old_fills(mount.point, mount.source)
    if not seen and facts.nfs_backends:
        raise NotSeenError(
            'no share of a backend is mounted here',
            'run eic check on the host of cinder-volume, in its container perhaps',
        )


def unrecorded(facts: Facts) -> Iterator[Finding]:
    """Each img-cache-* of a share has its record; others are the stock driver's."""
    for backend in facts.nfs_backends:
        base = backend.get('nfs_mount_point_base')
        for mount in facts.mounts:
            if mount.point.startswith(f'{base}/'):
                names = _names(mount.point)
                lonely = [
                    name
                    for name in names
                    if name.startswith(product.CACHED_IMAGE)
                    and f'{product.RECORD}{name}.json' not in names
                ]
                if lonely:
                    yield warning(
                        f'{mount.source} has {len(lonely)} files img-cache-* of the '
                        "stock driver's: EIC adopts one when its image is asked for, "
                        'and never removes the others',
                        remedy='delete those of images that are gone',
                    )


def _writable(facts: Facts, name: str, path: Path) -> Iterator[Finding]:
    try:
        status = path.stat()
    except PermissionError as err:
        raise NotSeenError(f'{path} cannot be seen by this user') from err
    except OSError as err:
        yield failure(
            f'{name} is {path}, which cannot be used: {err.strerror}',
            remedy=f'mkdir -p {path}, and give it to the user of cinder-volume',
        )
        return
    account = facts.account('cinder')
    if not account.may(status, _WRITE):
        yield failure(
            f'the user {account.name} may not write to {path} ({name})',
            remedy=f'chown {account.name} {path}',
        )


def _old_fills(point: str, source: str) -> Iterator[Finding]:
    old = [name for name in _names(point, _DAY) if name.startswith(product.FILL)]
    if old:
        yield warning(
            f'{source} has {len(old)} files eic-fill-* that nobody has written to for '
            'a day: its cinder-volume does not clean',
            remedy='see that cinder-volume runs; the files can be deleted by hand',
        )


def _names(directory: str, age: float = 0.0) -> set[str]:
    try:
        with os.scandir(directory) as found:
            latest = time.time() - age
            return {
                each.name
                for each in found
                if not age or each.stat(follow_symlinks=False).st_mtime < latest
            }
    except OSError as err:
        raise NotSeenError(f'{directory} cannot be read: {err.strerror}') from err
