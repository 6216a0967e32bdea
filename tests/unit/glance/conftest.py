"""A configuration without credentials."""

from typing import Any

import pytest
from oslo_config import cfg

from eic_plugins import config


@pytest.fixture
def conf() -> Any:
    made = cfg.ConfigOpts()
    config.register(made)
    made([])
    return made
