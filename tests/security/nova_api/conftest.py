"""The fixtures of tests/functional_nova."""

from tests.functional_nova.conftest import *  # noqa: F403 - fixtures, all of them
