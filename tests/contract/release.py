"""What a test needs that older releases of Cinder's own drivers do not have.

A test of EIC's that cannot pass on a release says why; all others run on each.
"""

import importlib.metadata
import os
from typing import Any

import pytest

from eic_plugins.support import compat

CINDER = int(importlib.metadata.version('cinder').partition('.')[0])
"""The major version: 26 is 2025.1, 27 is 2025.2, 28 is 2026.1, 29 is 2026.2."""

ONTAP = tuple(map(int, os.environ.get('EIC_ONTAP_VERSION', '9.15.1').split('.')))
"""The release of the simulated clusters."""


def engine() -> Any:
    """The engine of Cinder's database."""
    return compat.cinder_transactions().writer.get_engine()


def since(release: int, why: str) -> pytest.MarkDecorator:
    """A mark: the test needs that release of Cinder.

    :param why: what the stock driver, or what it needs, is like before
    """
    return pytest.mark.skipif(
        release > CINDER, reason=f'before Cinder {release}, {why}'
    )


ZAPI = '/servlets/netapp.servlets.admin.XMLrequest_filer'
"""The stock REST client asks two questions there first, up to Cinder 28."""
