"""Bytes are read at most as fast as is allowed, and to their very end."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.volume.upkeep.paced_reading import Pace, digest_of
from tests.unit.fake_clock import FakeClock

MIB = 1 << 20


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    file = tmp_path / 'bytes'
    file.write_bytes(os.urandom(3 * MIB + 17))
    found = os.open(file, os.O_RDONLY)
    yield found
    os.close(found)


def test_a_cap_is_kept_and_progress_told(descriptor: int) -> None:
    clock, told = FakeClock(0.0), list[int]()
    digest_of(descriptor, 'sha256', 3 * MIB + 17, Pace(MIB, told.append, clock))
    assert clock.now == pytest.approx((3 * MIB + 17) / MIB)
    assert told[-1] == 3 * MIB + 17
    assert told == sorted(told)


def test_without_a_cap_nobody_waits(descriptor: int) -> None:
    clock = FakeClock(5.0)
    digest_of(descriptor, 'sha256', MIB, Pace(clock=clock))
    assert clock.now == 5.0


@given(
    st.binary(max_size=300),
    st.integers(0, 40),
    st.sampled_from(['md5', 'sha256', 'sha512']),
)
def test_the_hash_is_of_the_image_and_the_rest_is_looked_at(
    content: bytes, behind: int, algorithm: str
) -> None:
    read, write = os.memfd_create('image'), 0
    os.pwrite(read, content + bytes(behind), write)
    try:
        found = digest_of(read, algorithm, len(content), Pace())
        assert found.value == hashlib.new(algorithm, content).hexdigest()
        assert found.rest_is_zero
        if content:
            shorter = digest_of(read, algorithm, len(content) - 1, Pace())
            assert shorter.rest_is_zero == (content[-1] == 0)
        with pytest.raises(EOFError, match='1 bytes too early'):
            digest_of(read, algorithm, len(content) + behind + 1, Pace())
    finally:
        os.close(read)
