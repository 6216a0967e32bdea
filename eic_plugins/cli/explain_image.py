"""What ``eic explain`` tells of an image: its volumes, its pools, and what is next.

Cinder is asked for all volumes that the user may see. Which pools have the image
cached they have told the scheduler, which tells administrators alone.
"""

import collections
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from eic_plugins.cli import terminal
from eic_plugins.cli.explain_volume import outcome_of
from eic_plugins.cli.raw_sibling import CONVERTED_FROM
from eic_plugins.cli.things import Cloud
from eic_plugins.scheduler import reported_images
from eic_plugins.support.id_filter import Wanted

_NO_OUTCOME = 'no outcome of EIC'


def explain_image(cloud: Cloud, image: Mapping[str, Any]) -> Iterator[str]:
    """The sentences about one image, as Glance shows it.

    :raises CloudError: Cinder says no
    """
    image_id = str(image['id'])
    yield terminal.plain(
        f'Image {image_id} ({image.get("name")}) is {image.get("status")}: '
        f'{image.get("disk_format")}/{image.get("container_format")}, '
        f'{image.get("size")} bytes.'
    )
    if image.get('disk_format') not in {'raw', 'iso'}:
        yield (
            'It is converted once in each cluster. A raw one would be cloned as it '
            f'is: eic images {image_id}; eic images convert {image_id}'
        )
    if image.get(CONVERTED_FROM):
        yield terminal.plain(f'It was converted from {image[CONVERTED_FROM]}.')
    yield from _volumes(
        cloud.cinder.pages('/volumes/detail', 'volumes', all_tenants='1'), image_id
    )
    yield from _pools(cloud, image_id)
    yield f'What a volume of it would get now: eic plan --image {image_id}'


def _volumes(volumes: Iterable[Mapping[str, Any]], image_id: str) -> Iterator[str]:
    routes: collections.Counter[str] = collections.Counter()
    for volume in volumes:
        of_image = volume.get('volume_image_metadata') or {}
        if of_image.get('image_id') == image_id:
            route = outcome_of(volume).get('eic_route')
            routes[_NO_OUTCOME if route is None else str(route)] += 1
    if not routes:
        yield 'No volume that you may see is from it.'
        return
    yield f'Volumes from it that you may see: {routes.total()}.'
    for route, count in routes.most_common():
        yield terminal.plain(f'- {route}: {count}')


def _pools(cloud: Cloud, image_id: str) -> Iterator[str]:
    status, found = cloud.cinder.ask('/scheduler-stats/get_pools', detail='true')
    if status >= HTTPStatus.BAD_REQUEST or found is None:
        yield 'In which pools it is cached, Cinder tells administrators alone.'
        return
    told = [(each['name'], _facts(each)) for each in found.get('pools', [])]
    ours = {name: facts for name, facts in told if facts is not None}
    wanted = Wanted(image_id)
    having = [
        name for name, facts in ours.items() if reported_images.may_have(facts, wanted)
    ]
    yield (
        f'Cached in {len(having)} of the {len(ours)} pools of EIC, as they last told '
        'the scheduler.'
    )
    for name in having:
        yield terminal.plain(f'- {name}')


def _facts(pool: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a pool of EIC reports; None of another's pool."""
    facts = (pool.get('capabilities') or {}).get('eic')
    return facts if isinstance(facts, Mapping) else None
