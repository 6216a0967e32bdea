"""What a backend's cinder-volume has counted since it began, by its metrics' file."""

import collections
import dataclasses
from collections.abc import Mapping
from pathlib import Path

from oslo_config import cfg
from prometheus_client.parser import text_string_to_metric_families

from eic_plugins import config
from eic_plugins.volume import metrics

CONF = cfg.CONF
_CACHED = 'cached'


@dataclasses.dataclass(frozen=True)
class Counted:
    """Of one pool: volumes, those of them that were hits, and evictions."""

    volumes: int = 0
    hits: int = 0
    evictions: int = 0

    def __add__(self, other: 'Counted') -> 'Counted':
        return Counted(
            self.volumes + other.volumes,
            self.hits + other.hits,
            self.evictions + other.evictions,
        )

    @property
    def hit_percent(self) -> float | None:
        """None if there was no volume."""
        return round(100 * self.hits / self.volumes, 1) if self.volumes else None


def counted(section: str) -> Mapping[str, Counted]:
    """By the pools' names; nothing if this host has no such file, or it is unreadable.

    :param section: the backend's, of cinder.conf
    """
    directory = CONF[config.GROUP].metrics_directory
    if not directory:
        return {}
    try:
        text = (Path(directory) / metrics.file_name(section)).read_text()
        return _parse(text)
    except (OSError, ValueError):
        return {}


def _parse(text: str) -> Mapping[str, Counted]:
    found: dict[str, Counted] = collections.defaultdict(Counted)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            number, pool = int(sample.value), sample.labels.get('pool', '')
            if sample.name == metrics.VOLUMES.name:
                hits = number if sample.labels.get('route') == _CACHED else 0
                found[pool] += Counted(number, hits)
            elif sample.name == metrics.EVICTIONS.name:
                found[pool] += Counted(evictions=number)
    return found
