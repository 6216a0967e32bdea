"""A configuration without credentials."""

import pytest
from oslo_config import cfg

from eic_plugins import config


@pytest.fixture
def conf():
    made = cfg.ConfigOpts()
    config.register(made)
    made([])
    return made
