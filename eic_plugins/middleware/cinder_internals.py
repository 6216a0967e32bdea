"""Cinder's database and volume API, in the process of cinder-api.

The one module of the API plane that imports Cinder, and that at its first use: a
filter loads without Cinder. It uses the connections that cinder-api has.

A postponed deletion is a row of Cinder's table ``volume_admin_metadata``, which
no user can write, for the volume and with key ``eic_delete_when_made``. The row
is marked as deleted from the beginning. A driver that saves a volume's admin
metadata while it makes the volume saves them as a whole, and removes every other
row that is not so marked. ``cinder-manage db purge`` removes such rows with those
of deleted volumes.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any

from oslo_utils import timeutils

from eic_plugins.middleware.deletion_rules import VolumeState
from eic_plugins.middleware.postponed import Asker, DeletionRefusedError
from eic_plugins.support import compat

_CREATING = 'creating'
_KEY = 'eic_delete_when_made'


def statuses(volume_ids: Collection[str]) -> Mapping[str, str]:
    """The statuses of these volumes, in one query; none of one that is gone.

    :raises Exception: what Cinder's database layer raises
    """
    return {row.id: _status(row) for row in _rows(volume_ids)}


class Volumes:
    """What :class:`~eic_plugins.middleware.postponed.CinderVolumes` says.

    Each method raises what Cinder does.
    """

    def states(self, volume_ids: Collection[str]) -> Mapping[str, VolumeState]:
        """These volumes as they are now; none of one that is gone."""
        used = _attached_ever(volume_ids)
        return {
            row.id: VolumeState(_status(row), row.id in used, _mark(row))
            for row in _rows(volume_ids)
        }

    def note_deletion(self, volume_id: str, mark: str) -> None:
        """Have the volume's deletion remembered, once."""
        models = compat.cinder_models()

        with _writing() as session:
            if _notes(session).filter_by(volume_id=volume_id).first() is None:
                session.add(
                    models.VolumeAdminMetadata(
                        volume_id=volume_id,
                        key=_KEY,
                        value=mark,
                        deleted=True,
                        deleted_at=timeutils.utcnow(),
                    )
                )

    def noted_deletions(self) -> Mapping[str, str]:
        """The marks of the volumes whose deletions are remembered, by id."""
        with _reading() as session:
            return {row.volume_id: row.value for row in _notes(session)}

    def forget_deletion(self, volume_id: str) -> None:
        """Remember it no more."""
        with _writing() as session:
            _notes(session).filter_by(volume_id=volume_id).delete()

    def delete(self, volume_id: str, asker: Asker | None) -> None:
        """Have Cinder delete the volume, as its owner and with an admin's rights.

        Of an encrypted volume Cinder deletes the key, too, and as whoever asks: so
        that is asked for as ``asker``.

        :raises DeletionRefusedError: the volume is gone, or in a state to be kept, or
            its key cannot be deleted
        """
        from cinder import context, exception, objects  # noqa: PLC0415
        from cinder.volume import api  # noqa: PLC0415

        try:
            volume = objects.Volume.get_by_id(_admin(), volume_id)
            if volume.encryption_key_id is None:
                asking = context.RequestContext(
                    volume.user_id, volume.project_id, is_admin=True
                )
            else:
                asking = _context_of(asker)
            api.API().delete(asking, volume)
        except (exception.Invalid, exception.VolumeNotFound) as err:
            raise DeletionRefusedError(str(err)) from err


def _context_of(asker: Asker | None) -> Any:
    # Without a token Cinder would leave the volume in error_deleting.
    if asker is None or not asker.may_ask():
        raise DeletionRefusedError(
            'it is encrypted, and there is no token any more to delete its key with'
        )
    return asker.context


def _rows(volume_ids: Collection[str]) -> Collection[Any]:
    from cinder.db import api as db  # noqa: PLC0415

    rows: Collection[Any] = db.volume_get_all(
        _admin(), filters={'id': list(volume_ids)}
    )
    return rows


def _status(row: Any) -> str:
    return (
        _CREATING if _is_unfinished(row.status, row.service_uuid) else str(row.status)
    )


def _is_unfinished(status: str, service_uuid: str | None) -> bool:
    """True for a moment after cinder-volume has made it available.

    cinder-volume writes the status first, and its own service's id a moment later.
    os-brick fails on a volume that has the one without the other.
    """
    return status == 'available' and service_uuid is None


def _mark(row: Any) -> str:
    """A digest of what only people change about a volume."""
    facts = [row.project_id, row.user_id, row.display_name, row.display_description]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _attached_ever(volume_ids: Collection[str]) -> set[str]:
    """Those that were attached to anything, if only in the past."""
    models = compat.cinder_models()

    attachment = models.VolumeAttachment
    with _reading() as session:
        return {
            row.volume_id
            for row in session.query(attachment.volume_id).filter(
                attachment.volume_id.in_(list(volume_ids))
            )
        }


def _notes(session: Any) -> Any:
    """The rows of postponed deletions, which Cinder's own queries do not see."""
    models = compat.cinder_models()

    return session.query(models.VolumeAdminMetadata).filter_by(key=_KEY)


def _reading() -> AbstractContextManager[Any]:
    reading: AbstractContextManager[Any] = compat.cinder_transactions().reader.using(
        _admin()
    )
    return reading


def _writing() -> AbstractContextManager[Any]:
    writing: AbstractContextManager[Any] = compat.cinder_transactions().writer.using(
        _admin()
    )
    return writing


def _admin() -> Any:
    from cinder import context  # noqa: PLC0415

    return context.get_admin_context()
