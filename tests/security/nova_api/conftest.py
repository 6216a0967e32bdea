"""The fixtures of tests/functional_nova."""

from tests.functional_nova.conftest import *  # noqa: F403 - fixtures, all of them
from tests.functional_nova.conftest import _neutron  # noqa: F401 - a fixture too
