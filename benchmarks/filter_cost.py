"""What the paste filters cost a request, in process.

Needs no lab: ``python -m benchmarks.filter_cost`` prints JSON. The application
behind a filter is a function that answers what Cinder or Nova would, at once, so
that the difference between a call with the filter and one without it is the
filter's own. Look-ups are warm, as they are for all requests of an image but one
a minute. Measured are:

* ``passed_on_us``: microseconds that a filter adds to a request that it does
  not handle, median
* ``handled_cpu_ms``: CPU milliseconds of its thread that a filter takes for one
  that it handles, the application's share taken off, median
* ``throughput_ratio``: GETs per second with the filter divided by those without
  it, around an application that takes 1 ms of CPU, and the same ratio for two
  runs without it (``noise``)
"""

import io
import json
import statistics
import time
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from eic_plugins.middleware.body import Environ
from eic_plugins.middleware.boot_facts import BootFacts
from eic_plugins.middleware.boot_rules import OptIns
from eic_plugins.middleware.cinder import CinderFilter, CinderParts
from eic_plugins.middleware.copies import CopyLookup
from eic_plugins.middleware.deletion_rules import VolumeState
from eic_plugins.middleware.glance_as_user import VisibleImage
from eic_plugins.middleware.hold import Hold
from eic_plugins.middleware.lookup import LookupLimits
from eic_plugins.middleware.nova import NovaFilter, NovaParts
from eic_plugins.middleware.postponed import Asker, PostponedDeletions
from eic_plugins.middleware.remotes import Remote
from eic_plugins.middleware.subrequest import WSGIApp
from eic_plugins.model import Image, ImageCopy

IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
VOLUME = {
    'volume': {
        'name': 'one',
        'size': 10,
        'imageRef': IMAGE,
        'metadata': {'a': 'b'},
        'availability_zone': None,
    }
}
SERVER = {
    'server': {
        'name': 'one',
        'imageRef': IMAGE,
        'flavorRef': 'm1.small',
        'networks': 'none',
        'user_data': 'YQ==' * 500,
    }
}
CREATED = {'volume': {'id': IMAGE, 'status': 'creating'}}
AVAILABLE = {'volume': {'id': IMAGE, 'status': 'available'}}
FLAVOR = {'flavor': {'disk': 10, 'extra_specs': {'eic:boot_from_volume': 'true'}}}
HEADERS = [('Content-Type', 'application/json')]
_LIMITS = LookupLimits(4, 3600.0)


def run(repeats: int = 5000) -> dict[str, Any]:
    """Measure both filters; see the module's docstring for the numbers."""
    found: dict[str, Any] = {}
    for name, make, path, document in (
        ('cinder', cinder_filter, '/volumes', VOLUME),
        ('nova', nova_filter, '/servers', SERVER),
    ):
        get = environ('GET', path)
        found[name] = {
            'passed_on_us': round(
                added(make(answering), answering, get, repeats, time.perf_counter_ns)
                / 1e3,
                2,
            ),
            'handled_cpu_ms': round(
                added(
                    make(answering),
                    answering,
                    environ('POST', path, document),
                    repeats // 5,
                    time.thread_time_ns,
                )
                / 1e6,
                4,
            ),
        }
    return found


def answering(given: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What is asked for, at once."""
    path, method = given['PATH_INFO'], given['REQUEST_METHOD']
    created = method == 'POST'
    start_response('202 Accepted' if created else '200 OK', HEADERS)
    if '/flavors/' in path:
        return [json.dumps(FLAVOR).encode()]
    return [json.dumps(CREATED if created else AVAILABLE).encode()]


def cinder_filter(app: WSGIApp) -> WSGIApp:
    """The filter with a look-up that has been answered, holding nobody.

    To hold is to wait; what it costs besides are queries of Cinder's database.
    """

    def find(_image_id: str) -> tuple[ImageCopy, ...]:
        return (ImageCopy('192.0.2.11', '/images/' + IMAGE),)

    lookup = CopyLookup(find, _LIMITS, _remote())
    lookup.copies(IMAGE, 10, 'p')
    hold = Hold('none', 2.0, 16, lambda: (), lambda _: {})
    postponed = PostponedDeletions(_NoVolumes())
    return CinderFilter(app, parts=CinderParts(lookup, 0.5, hold, postponed))


def nova_filter(app: WSGIApp) -> WSGIApp:
    """The filter with the options' defaults but the time of remembering."""
    facts = BootFacts(OptIns, 0.5, _LIMITS, _remote(), _Glance)
    return NovaFilter(app, parts=NovaParts(facts, 'fast', _remote()))


def environ(method: str, path: str, document: Any = None) -> dict[str, Any]:
    """A request as it comes out of keystonecontext."""
    sent = json.dumps(document).encode() if document else b''
    context = types.SimpleNamespace(
        user_id='u',
        project_id='p',
        roles=['member', 'reader'],
        service_roles=[],
        get_auth_plugin=lambda: None,
    )
    return {
        'REQUEST_METHOD': method,
        'PATH_INFO': path,
        'SCRIPT_NAME': '/v3',
        'QUERY_STRING': '',
        'SERVER_NAME': 'x',
        'SERVER_PORT': '80',
        'SERVER_PROTOCOL': 'HTTP/1.1',
        'wsgi.url_scheme': 'http',
        'CONTENT_TYPE': 'application/json',
        'CONTENT_LENGTH': str(len(sent)),
        'HTTP_OPENSTACK_API_VERSION': 'compute 2.96',
        'cinder.context': context,
        'nova.context': context,
        'wsgi.multithread': True,
        'sent': sent,
    }


def added(
    with_filter: WSGIApp,
    without: WSGIApp,
    given: dict[str, Any],
    repeats: int,
    clock: Callable[[], int],
) -> float:
    """Nanoseconds of ``clock`` that the filter adds to a call, median.

    The two take turns, so that what else the machine does hits both.
    """
    times: dict[WSGIApp, list[int]] = {with_filter: [], without: []}
    for _ in range(repeats):
        for app, spent in times.items():
            fresh = _fresh(given)
            begin = clock()
            b''.join(app(fresh, _ignore))
            spent.append(clock() - begin)
    return statistics.median(times[with_filter]) - statistics.median(times[without])


class _NoVolumes:
    """A Cinder that remembers no deletions."""

    def states(self, volume_ids: Collection[str]) -> Mapping[str, VolumeState]:
        return {}

    def note_deletion(self, volume_id: str, mark: str) -> None:
        """Nothing is noted."""

    def noted_deletions(self) -> Mapping[str, str]:
        return {}

    def forget_deletion(self, volume_id: str) -> None:
        """Nothing is forgotten."""

    def delete(self, volume_id: str, asker: Asker | None) -> None:
        """Nothing is deleted."""


class _Glance:
    """Has answered before the clock starts."""

    def find(self, image_id: str, _auth: Any) -> VisibleImage:
        return VisibleImage(Image(image_id, 'active', 'raw', 'bare', 1 << 30))


def _remote() -> Remote:
    return Remote('Glance', 'x', 3, 15.0)


def _fresh(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, 'wsgi.input': io.BytesIO(given['sent'])}


def _ignore(_status: str, _headers: list[tuple[str, str]], *_args: Any) -> None:
    """An answer's beginning."""


if __name__ == '__main__':
    print(json.dumps(run(), indent=2))
