"""Checks of what Glance's API tells the service user of EIC."""

from collections import Counter
from collections.abc import Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.credentials import no_credentials
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import (
    Finding,
    NotSeenError,
    failure,
    passed,
    warning,
)

_NEEDED = {
    'service': 'the Locations API is closed: EIC does not know where images are',
    'admin': "users' private images are not found, and cached images of deleted ones "
    'stay',
}
_SAMPLE = 20


def glance_api(facts: Facts) -> Iterator[Finding]:
    """Keystone and Glance answer the service user of [eic] or [service_user]."""
    no_credentials(facts.cinder)
    try:
        count = len(facts.newest_images)
    except NotSeenError as err:
        yield failure(
            f'Glance does not answer the service user: {err.why}',
            remedy='see that Keystone and Glance run, and that the credentials of '
            '[eic] in cinder.conf are right',
        )
        return
    yield passed(f'{count} images listed')


def glance_roles(facts: Facts) -> Iterator[Finding]:
    """The service user has the roles service and admin."""
    no_credentials(facts.cinder)
    roles = facts.roles
    for role, otherwise in _NEEDED.items():
        if role not in roles:
            found = failure if role == 'service' else warning
            yield found(
                f'the service user of EIC lacks the role {role}: {otherwise}',
                remedy=f'openstack role add --user USER --project PROJECT {role}, with '
                'the user and project of [eic] in cinder.conf',
            )


def glance_locations_api(facts: Facts) -> Iterator[Finding]:
    """The Locations API answers the service user."""
    no_credentials(facts.cinder)
    if 'service' not in facts.roles:
        raise NotSeenError('the service user lacks the role', 'see glance-roles')
    images = facts.newest_images
    if not images:
        raise NotSeenError('Glance has no image', 'store one')
    try:
        facts.locations(str(images[0]['id']))
    except NotSeenError as err:
        yield failure(
            f'the Locations API refuses the service user: {err.why}',
            remedy='take Glance 2024.2 or newer, and its policy get_image_location '
            'as released',
        )


def glance_images(facts: Facts) -> Iterator[Finding]:
    """The newest images have a location that leads to an NFS export."""
    no_credentials(facts.cinder)
    if 'service' not in facts.roles:
        raise NotSeenError('the service user lacks the role', 'see glance-roles')
    why: Counter[str] = Counter()
    images = facts.newest_images[:_SAMPLE]
    for image in images:
        why[_reason(facts, str(image['id']))] += 1
    useless = {text: count for text, count in why.items() if text}
    for text, count in useless.items():
        yield warning(
            f'{count} of the newest {len(images)} images have no location that EIC '
            f'can use: {text}',
            remedy='images that were stored before filesystem_store_metadata_file was '
            'set keep their location: upload them again, or have them downloaded '
            'once for a cluster',
        )


def _reason(facts: Facts, image_id: str) -> str:
    """Why no location of an image is of use; '' if one is."""
    found = facts.locations(image_id)
    if not found:
        return 'Glance gives none'
    reasons = [_of_location(location.get('metadata') or {}) for location in found]
    urls = [str(location.get('url', '')) for location in found]
    if any(url.startswith(('nfs://', 'cinder://')) for url in urls) or '' in reasons:
        return ''
    schemes = sorted({url.partition(':')[0] for url in urls} - {'file'})
    if schemes:
        return f'they are in a store of another kind ({", ".join(schemes)})'
    return reasons[0]


def _of_location(metadata: object) -> str:
    if not isinstance(metadata, dict):
        return 'its metadata are no object'
    for key in ('share_location', 'mountpoint', 'type'):
        if not metadata.get(key):
            return f'its metadata have no {key}'
    try:
        product.share_of(str(metadata['share_location']))
    except product.LocationError:
        return 'its share_location is not of the form nfs://SERVER/EXPORT'
    return ''
