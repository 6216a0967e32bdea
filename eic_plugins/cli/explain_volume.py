"""What ``eic explain`` tells of a volume: the route by which it got its image.

If the request brought metadata of its own, the outcome is in the volume's
``volume_image_metadata``. The volume's owner can edit both. What cinder-volume has
written into its log is sure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from eic_plugins.cli import terminal
from eic_plugins.engine import remedies
from eic_plugins.model import CINDER_DOWNLOAD, NOTE_KEY, Reason, read_note

_ROUTES = {
    'cached': 'it is a clone of the cached image that its pool had',
    'flexclone': "its pool's cached image was cloned from Glance's file in the "
    'same FlexVol, and the volume from that',
    'copy_offload': "its pool's cached image was copied inside the cluster, and "
    'the volume cloned from that',
    'adopt': "a file that the stock driver left became its pool's cached image, "
    'and the volume was cloned from that',
    'download': "its pool's cached image was downloaded, once for the cluster, "
    'and the volume cloned from that',
    CINDER_DOWNLOAD: 'Cinder downloaded the image into the volume itself',
}
_NO_OUTCOME = (
    'It has no outcome of EIC. Either it is not from an image, or its type is '
    'encrypted (Cinder then asks no driver), or [eic] record_outcome is never, '
    "or the volume_driver of its backend is not EIC's. The log of "
    'cinder-volume tells the outcome even if the metadata does not. With another '
    "driver, Cinder's own image-volume cache may have served it."
)


def explain_volume(volume: Mapping[str, Any]) -> Iterator[str]:
    """The sentences about one volume, as Cinder shows it."""
    metadata = {key: terminal.plain(value) for key, value in outcome_of(volume).items()}
    yield terminal.plain(f'Volume {volume["id"]} is {volume["status"]}.')
    route = metadata.get('eic_route')
    if route is None:
        yield _NO_OUTCOME
        return
    yield f'Route {route}: {_ROUTES.get(route, "a plugin of somebody else")}.'
    yield (
        f'EIC took {metadata.get("eic_seconds", "?")} s for it and kept '
        f'{metadata.get("eic_bytes_kept_off_host", "?")} bytes off the host.'
    )
    refused = metadata.get('eic_refused')
    yield ('No faster route was refused.' if not refused else 'Why not faster:')
    yield from map(_refusal, filter(None, (refused or '').split(',')))


def outcome_of(volume: Mapping[str, Any]) -> Mapping[str, Any]:
    """What EIC has noted of a volume; empty if it has not."""
    metadata: Mapping[str, Any] = volume.get('metadata') or {}
    if 'eic_route' in metadata:
        return metadata
    of_image = volume.get('volume_image_metadata') or {}
    return read_note(of_image.get(NOTE_KEY), str(volume['id']))


def _refusal(word: str) -> str:
    route, _, code = word.partition('=')
    name = 'all routes' if route == 'all' else route
    try:
        reason = Reason(code)
    except ValueError:
        # Cinder's limit of a value may have cut it off.
        return f'- {name}: {code or "?"}, which `eic reasons` does not know.'
    return (
        f'- {name}: {reason.message} ({code}). What to do: '
        f'{remedies.remedy(reason)}. More: {remedies.anchor(reason)}'
    )
