"""`eic verify` on the lab: it names nothing unusual, measures, and leaves nothing."""

import json
import subprocess
import time
from typing import Any

import pytest

from lab.context import Lab
from tests.e2e.ontap import Ontap
from tests.e2e.test_cache import command, environment
from tests.e2e.user import SHARES, LabUser

PAIRS = {
    'shares': (SHARES['images'], SHARES['gold']),
    'pools of LUNs': ('block_one', 'block_two'),
}
AS_EVERYWHERE = {'as everywhere', ''}


@pytest.mark.parametrize('pools', PAIRS.values(), ids=PAIRS)
def test_the_lab_is_as_clusters_are_thought_to_be(
    pools: tuple[str, str], lab: Lab, cloud: LabUser, ontap: Ontap
) -> None:
    before = contents(cloud)
    began = time.monotonic()
    rows = verify(lab, *pools)
    print(f'eic verify {pools[0]} --to {pools[1]}: {time.monotonic() - began:.1f} s')
    facts = [row for row in rows if row['Kind'] == 'fact']
    assert facts
    assert [row for row in facts if row['What EIC does'] not in AS_EVERYWHERE] == []
    assert [row for row in rows if row['Kind'] == 'measure' and row['Here']]
    assert contents(cloud) == before


def verify(lab: Lab, pool: str, other: str) -> list[dict[str, Any]]:
    """What it reports."""
    done = subprocess.run(
        command(lab, 'verify', pool, '--to', other, '--yes', '-fjson'),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment(lab),
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def contents(cloud: LabUser) -> list[str]:
    """Everything on the FlexVols; devices are files of the simulator there."""
    return sorted(
        f'{name}/{path.name}' for name in SHARES for path in cloud.root(name).iterdir()
    )
