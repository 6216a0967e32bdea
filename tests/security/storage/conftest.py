"""The fixtures of tests/contract."""

from tests.contract.conftest import *  # noqa: F403 - fixtures, all of them
