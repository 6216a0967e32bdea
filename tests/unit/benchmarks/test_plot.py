"""The plot is drawn from what the benchmarks return."""

from pathlib import Path
from typing import Any

import pytest

DRIVERS = ('eic', 'stock')


@pytest.fixture
def found() -> dict[str, Any]:
    return {
        'answers': {
            'image_size': {
                'numbers': [
                    {
                        'driver': driver,
                        'gib': gib,
                        'hits': [1.0, 2.0],
                        'first_elsewhere': None
                        if gib > 1 and driver == 'stock'
                        else 3.0,
                    }
                    for driver in DRIVERS
                    for gib in (1, 64)
                ]
            },
            'calls': {
                'numbers': [
                    {
                        'driver': driver,
                        'situation': 'hit',
                        'pool': pool,
                        'calls': ['GET /'],
                    }
                    for driver in DRIVERS
                    for pool in ('images', 'gold')
                ]
            },
            'simultaneous': {
                'numbers': [
                    {
                        'driver': driver,
                        'image': image,
                        'copies': {'gold': 1},
                        'downloads': 0,
                    }
                    for driver in DRIVERS
                    for image in ('here, there', 'local: far')
                ]
            },
            'cpu': {
                'numbers': {
                    driver: {
                        kind: {'per_volume': 0.1} for kind in ('driver', 'service')
                    }
                    for driver in DRIVERS
                }
            },
        }
    }


def test_a_picture_comes_of_it(found: dict[str, Any], tmp_path: Path) -> None:
    plot = pytest.importorskip(
        'benchmarks.plot',
        reason='matplotlib is missing: `make bench` installs it',
        exc_type=ImportError,
    )
    plot.draw(found, tmp_path / 'bench.png')
    assert (tmp_path / 'bench.png').read_bytes().startswith(b'\x89PNG')
