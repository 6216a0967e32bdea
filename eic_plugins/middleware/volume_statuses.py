"""What Cinder's database says of volumes, to the filter of cinder-api.

Read in the process of cinder-api, with its connections. A filter loads without
Cinder, so Cinder is imported at the first look.
"""

from collections.abc import Collection, Mapping

_CREATING = 'creating'


def of(volume_ids: Collection[str]) -> Mapping[str, str]:
    """The statuses of these volumes, in one query; none of one that is gone.

    :raises Exception: what Cinder's database layer raises
    """
    from cinder import context  # noqa: PLC0415
    from cinder.db import api as db  # noqa: PLC0415
    rows = db.volume_get_all(context.get_admin_context(),
                             filters={'id': list(volume_ids)})
    return {row.id: _CREATING if _is_unfinished(row.status, row.service_uuid)
            else row.status for row in rows}


def _is_unfinished(status: str, service_uuid: str | None) -> bool:
    """cinder-volume says "available" first and which service it is a moment
    later; os-brick fails on a volume that has the one without the other.
    """
    return status == 'available' and service_uuid is None
