"""Weigher that sends a volume to the pool where its image already is.

In cinder.conf of the scheduler::

    [DEFAULT]
    scheduler_default_weighers = CapacityWeigher,EICImageLocalityWeigher

The pool with the cached image weighs 1, and so does the pool in the FlexVol of
Glance's image file if that is raw: both serve in constant time, and the other
weighers decide among them. If the file must be converted, its pool weighs 0.75.
A pool on the SVM that serves the file weighs 0.5, a pool of its cluster 0.25. All
others weigh 0, and so do pools that are nearly full. All of that is multiplied by
``[eic] locality_weight_multiplier``. The filter of the API says where the image is
(scheduler hint ``eic``), the drivers say where the pools are (capability ``eic``).
Without either, all pools weigh the same.

A pool of another driver weighs 1 if Cinder's own image-volume cache has the
image there. Cinder itself uses an entry only if the volume happens to land in the
entry's pool, or in its backend if the pool reports ``clone_across_pools``. If such
a pool is among the candidates, the weigher asks one query, of an indexed column.
If the query fails, no pool weighs more for it.
``[eic] weigh_image_volume_cache = False`` turns it off.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cinder import context
from cinder.db import api as db
from cinder.scheduler import weights
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config
from eic_plugins.cinder_cache.rules import Entry, newest
from eic_plugins.model import ImageCopy
from eic_plugins.scheduler import locality, metrics

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

# Per pool nothing is done that can be done once: schedulers have a thousand pools.
_NUMBERS = (int, float)


class _Said:
    """What the scheduler's process has said already."""

    query_failed = False


class EICImageLocalityWeigher(weights.BaseHostWeigher):
    """Prefers the pool nearest to the image's bytes."""

    minval = locality.FAR
    maxval = locality.CACHED

    def __init__(self) -> None:
        config.register(CONF)
        super().__init__()
        # Cinder makes one for each request, and asks it for each pool.
        self._multiplier = float(CONF[config.GROUP].locality_weight_multiplier)

    def weight_multiplier(self) -> float:
        """``[eic] locality_weight_multiplier``."""
        return self._multiplier

    def weigh_objects(
        self, weighed_obj_list: Iterable[Any], weight_properties: Mapping[str, Any]
    ) -> list[float]:
        """All pools at once: which servers a cluster has, they say together."""
        states = [weighed.obj for weighed in weighed_obj_list]
        begun = time.monotonic()
        given = _weigh(states, weight_properties)
        if _image_of(weight_properties) is not None:
            metrics.weighed(_metrics_directory(), given, time.monotonic() - begun)
        return given

    def _weigh_object(
        self, host_state: Any, weight_properties: Mapping[str, Any]
    ) -> float:
        """One pool on its own, as the base class requires."""
        return _weigh([host_state], weight_properties)[0]


def _weigh(states: Sequence[Any], weight_properties: Mapping[str, Any]) -> list[float]:
    image_id, copies = _wanted(weight_properties)
    least = CONF[config.GROUP].locality_min_free_percent
    reports = [_report(state) for state in states]
    weights = locality.weigh(
        [
            report
            if isinstance(report, Mapping) and not _is_nearly_full(state, least)
            else {}
            for state, report in zip(states, reports, strict=True)
        ],
        image_id,
        copies,
    )
    # An EIC driver says itself what it has; it asks no cache of Cinder's.
    others = any(report is None for report in reports)
    entries = _entries(image_id) if image_id and others else ()
    if not entries:
        return weights
    return [
        locality.CACHED if report is None and _is_hit(state, entries, least) else weight
        for state, report, weight in zip(states, reports, weights, strict=True)
    ]


def _is_hit(state: Any, entries: Sequence[Entry], least: float) -> bool:
    """True if Cinder would clone an image-volume for a volume there."""
    pool = getattr(state, 'backend_id', None)
    if pool is None or _is_nearly_full(state, least):
        return False
    across = bool(_capability(state, 'clone_across_pools')) and not state.cluster_name
    return any(entry.serves(pool, across) for entry in entries)


def _entries(image_id: str) -> Sequence[Entry]:
    options = CONF[config.GROUP]
    if not (options.weigh_image_volume_cache and options.locality_weight_multiplier):
        return ()
    try:
        rows = db.image_volume_cache_get_all(
            context.get_admin_context(), image_id=image_id
        )
    except Exception as err:
        # Whatever it is: a volume without locality is a volume.
        log = LOG.debug if _Said.query_failed else LOG.warning
        _Said.query_failed = True
        metrics.query_failed(_metrics_directory())
        log(
            "Cinder's image-volume cache could not be looked at, and no pool "
            'is preferred for it: %(error)s: %(err)s',
            {'error': type(err).__name__, 'err': err},
        )
        return ()
    _Said.query_failed = False
    return newest(
        Entry(row.image_id, row.host, row.cluster_name, row.image_updated_at)
        for row in rows
    )


def _metrics_directory() -> str | None:
    return CONF[config.GROUP].metrics_directory


def _wanted(
    weight_properties: Mapping[str, Any],
) -> tuple[str | None, tuple[ImageCopy, ...]]:
    """The image of the request and where Glance has it."""
    hints = weight_properties.get('scheduler_hints')
    # Below microversion 3.53 Cinder lets users send what is no object.
    hint = hints.get(locality.HINT) if isinstance(hints, Mapping) else None
    return _image_of(weight_properties), locality.read_hint(hint)


def _image_of(weight_properties: Mapping[str, Any]) -> str | None:
    spec = weight_properties.get('request_spec') or {}
    return spec.get('image_id')


def _report(host_state: Any) -> Any:
    return _capability(host_state, 'eic')


def _capability(host_state: Any, name: str) -> Any:
    capabilities = getattr(host_state, 'capabilities', None)
    return None if capabilities is None else capabilities.get(name)


def _is_nearly_full(host_state: Any, least: float) -> bool:
    """True if less than so many percent are free."""
    total = getattr(host_state, 'total_capacity_gb', None)
    free = getattr(host_state, 'free_capacity_gb', None)
    # Cinder also has 'infinite' and 'unknown' there.
    if not isinstance(total, _NUMBERS) or not isinstance(free, _NUMBERS):
        return False
    return bool(free * 100 < total * least)
