"""Tells a sign of life of a service's process of now from an older one's."""

import datetime

from lab.context import Lab


def since_start(lab: Lab, process: str, updated_at: str | None) -> bool:
    """A sign of life from the last run says nothing about this one."""
    record = lab.processes.record(process)
    if record is None or updated_at is None:
        return False
    seen = datetime.datetime.fromisoformat(updated_at).replace(tzinfo=datetime.UTC)
    return seen.timestamp() >= int(record.started_at)
