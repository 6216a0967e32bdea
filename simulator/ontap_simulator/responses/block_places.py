"""Where the body of a request wants a LUN or namespace to be."""

from ontap_simulator.errors.block import OTHER_BASE_NAME, OTHER_VOLUME, BlockError
from ontap_simulator.models.block import Place
from ontap_simulator.models.block_names import place_of
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Call
from ontap_simulator.responses.block import BASE_NAMES


def place(call: Call, objects: BlockObjects, body: Record, svm: Svm) -> Place:
    """Where a body wants a LUN or namespace to be."""
    location = value(body, 'location', default={})
    base = location.get(BASE_NAMES[objects.codes.noun])
    name = body.get('name') or _composed(call, objects, location, base)
    found = place_of(str(name), svm, call.cluster.volumes, objects.codes)
    if value(location, 'volume.name', found.volume.name) != found.volume.name or (
        value(location, 'volume.uuid', found.volume.uuid) != found.volume.uuid
    ):
        raise BlockError(
            OTHER_VOLUME,
            'The volume in "name" is not the one in "location".',
            'location.volume',
        )
    if base and base != found.path.rpartition('/')[2]:
        raise BlockError(
            OTHER_BASE_NAME,
            'The base name in "name" is not the one in "location".',
            'location',
        )
    return found


def _composed(
    call: Call, objects: BlockObjects, location: Record, base: str | None
) -> str:
    volume = value(location, 'volume.name')
    if not volume and value(location, 'volume.uuid'):
        volume = call.cluster.find_volume(location['volume'], call.svm).name
    if not volume:
        raise BlockError(objects.codes.no_volume, 'No volume was specified.', 'name')
    if not base:
        raise BlockError(objects.codes.no_base_name, 'No name was specified.', 'name')
    qtree = value(location, 'qtree.name')
    return '/'.join(part for part in ('/vol', volume, qtree, base) if part)
