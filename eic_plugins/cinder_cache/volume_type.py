"""Where a volume type leads to, as the scheduler's own filter has it."""

import types
from collections.abc import Mapping
from typing import Any

from cinder.scheduler.filters import capabilities_filter


def leads_to(volume_type: Any, capabilities: Mapping[str, Any]) -> bool:
    """True if a volume of that type may be put into a pool that reports these.

    The scheduler can only be asked for a volume: its get_pools fails for the type of a
    thin pool.
    """
    report = types.SimpleNamespace(capabilities=capabilities)
    return bool(
        capabilities_filter.CapabilitiesFilter().backend_passes(
            report, {'resource_type': volume_type}
        )
    )
