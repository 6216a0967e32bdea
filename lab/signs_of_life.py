"""Whether a service has reported to Cinder or Nova since it was started."""

import datetime

from lab.context import Lab


def since_start(lab: Lab, process: str, updated_at: str | None) -> bool:
    """True if the report is not older than the process.

    A report of the second in which the process was started is no sign: databases
    keep whole seconds, and it may be of the process before.

    :param updated_at: when the service reported, in ISO 8601 and UTC
    """
    record = lab.processes.record(process)
    if record is None or updated_at is None:
        return False
    seen = datetime.datetime.fromisoformat(updated_at).replace(tzinfo=datetime.UTC)
    return seen.timestamp() >= record.started_at
