"""How many volumes each image has in some pools: one query of Cinder's database.

Cinder notes the image of a volume in ``volume_glance_metadata`` when the volume
is made. The volumes are found by their pools (an index of ``volumes``), the
images by the volumes (an index of ``volume_glance_metadata``).
"""

import datetime
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from cinder import context
from oslo_utils import timeutils

from eic_plugins.support import compat


def volumes_by_image(
    pools: Collection[str], within: float, clustered: bool = False
) -> Mapping[str, int]:
    """The number of volumes that are there, by image id.

    :param pools: ``host@backend#pool``, or a cluster's name for the host
    :param within: seconds since they were asked for
    :param clustered: True if some of these are names of clusters
    :raises Exception: the database did not answer
    """
    since = timeutils.utcnow() - datetime.timedelta(seconds=within)
    models = compat.cinder_models()
    volume, meta = models.Volume, models.VolumeGlanceMetadata
    place = volume.host.in_(pools)
    if clustered:
        place = sa.or_(place, volume.cluster_name.in_(pools))
    with compat.cinder_transactions().reader.using(
        context.get_admin_context()
    ) as session:
        rows = (
            session.query(
                meta.value,
                sa.func.count(sa.distinct(volume.id)),
            )
            .join(volume, volume.id == meta.volume_id)
            .filter(
                volume.deleted == sa.false(),
                meta.deleted == sa.false(),
                meta.key == 'image_id',
                place,
                volume.created_at >= since,
            )
            .group_by(meta.value)
            .all()
        )
    return {str(image_id): int(count) for image_id, count in rows}
