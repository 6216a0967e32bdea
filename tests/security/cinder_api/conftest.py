"""The fixtures of tests/functional."""

from tests.functional.conftest import *  # noqa: F403 - fixtures, all of them
