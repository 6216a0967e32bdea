"""Weigher that sends a volume to the pool where its image already is.

In cinder.conf of the scheduler::

    [DEFAULT]
    scheduler_default_weighers = CapacityWeigher,EICImageLocalityWeigher

The pool with the cached image weighs 1, the pool in the FlexVol of Glance's
image file 0.75, a pool on the SVM that serves the file 0.5, a pool of its
cluster 0.25, all others, and those nearly full, 0, times
``[eic] locality_weight_multiplier``. Where the image is comes as the scheduler
hint ``eic`` from the API's filter, where the pools are as the capability
``eic`` from the drivers; without either, all pools weigh the same. No I/O.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cinder.scheduler import weights
from oslo_config import cfg

from eic_plugins import config, locality
from eic_plugins.model import ImageCopy

CONF = cfg.CONF


class EICImageLocalityWeigher(weights.BaseHostWeigher):
    """Prefers the pool nearest to the image's bytes."""

    minval = locality.FAR
    maxval = locality.CACHED

    def __init__(self) -> None:
        config.register(CONF)
        super().__init__()

    def weight_multiplier(self) -> float:
        """``[eic] locality_weight_multiplier``."""
        return float(CONF[config.GROUP].locality_weight_multiplier)

    def weigh_objects(self, weighed_obj_list: Iterable[Any],
                      weight_properties: Mapping[str, Any]) -> list[float]:
        """All pools at once: which servers a cluster has, they say together."""
        pools = [_facts(weighed.obj) for weighed in weighed_obj_list]
        return locality.weigh(pools, *_wanted(weight_properties))

    def _weigh_object(self, host_state: Any,
                      weight_properties: Mapping[str, Any]) -> float:
        """One pool on its own, as the base class requires."""
        return locality.weigh([_facts(host_state)],
                              *_wanted(weight_properties))[0]


def _wanted(weight_properties: Mapping[str, Any],
            ) -> tuple[str | None, tuple[ImageCopy, ...]]:
    """The image of the request and where Glance has it."""
    spec = weight_properties.get('request_spec') or {}
    hints = weight_properties.get('scheduler_hints') or {}
    return spec.get('image_id'), locality.read_hint(hints.get(locality.HINT))


def _facts(host_state: Any) -> Mapping[str, Any]:
    facts = (getattr(host_state, 'capabilities', None) or {}).get('eic')
    if not isinstance(facts, Mapping) or _is_nearly_full(host_state):
        return {}
    return facts


def _is_nearly_full(host_state: Any) -> bool:
    total = getattr(host_state, 'total_capacity_gb', None)
    free = getattr(host_state, 'free_capacity_gb', None)
    # Cinder also has 'infinite' and 'unknown' there.
    if not isinstance(total, int | float) or not isinstance(free, int | float):
        return False
    return free * 100 < total * CONF[config.GROUP].locality_min_free_percent
