"""The format of a volume's file, as Cinder has recorded it.

It is in the admin metadata of the volume, which no user can change. What has one
recorded is never probed, whatever a guest writes.
"""

from typing import Any

from cinder import context, objects

_KEY = 'format'


def of(volume_id: str) -> str | None:
    """What is recorded of a volume.

    It is asked of the database: an object that came from a user's request says that
    there is no admin metadata.

    :raises cinder.exception.VolumeNotFound: there is no such volume
    """
    found = objects.Volume.get_by_id(context.get_admin_context(), volume_id)
    recorded: str | None = found.admin_metadata.get(_KEY)
    return recorded


def record(volume: Any, file_format: str) -> None:
    """Have Cinder know the format, and save what else has changed of the volume."""
    with volume.obj_as_admin():
        volume.admin_metadata[_KEY] = file_format
        volume.save()


def hand_down(source_id: str, volume: Any) -> None:
    """Record for a clone what is recorded of the volume that its bytes are of.

    :param source_id: of the volume, also if its snapshot is cloned
    :raises cinder.exception.VolumeNotFound: there is no such volume
    """
    if known := of(source_id):
        record(volume, known)
