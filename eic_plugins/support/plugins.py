"""Loads the plugins of a namespace; one that is broken is left out."""

from typing import Any

import stevedore
from oslo_log import log as logging

LOG = logging.getLogger(__name__)


def load(namespace: str) -> dict[str, Any]:
    """An instance of every installed plugin, by the name it is declared with."""

    def skip(_manager: object, entry_point: object, error: BaseException) -> None:
        LOG.error(
            '%s plugin %s does not load and is left out: %s',
            namespace,
            entry_point,
            error,
        )

    manager = stevedore.ExtensionManager(
        namespace, invoke_on_load=True, on_load_failure_callback=skip
    )
    return {extension.name: extension.obj for extension in manager}
