"""Cinder's own host manager and weighers, with EIC's rule for spreading."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
CASES = [[3, 200], [8, 200]]
LIMIT = 1.25


@pytest.fixture(scope='module')
def rows():
    """In a process of its own: it counts time, and replaces Cinder's clock."""
    done = subprocess.run(
        [
            sys.executable,
            '-W',
            'ignore',
            '-m',
            'benchmarks.spread_model',
            json.dumps(CASES),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return json.loads(done.stdout.splitlines()[-1])


def of(rows, driver):
    found = [row for row in rows if row['driver'] == driver]
    assert [len(row['pools']) for row in found]
    return found


def test_volumes_of_one_image_do_not_gather_in_one_pool(rows):
    assert max(row['share'] for row in of(rows, 'eic')) <= LIMIT
    assert all(sum(row['pools'].values()) == row['volumes'] for row in of(rows, 'eic'))


def test_they_did_without_copies_in_the_background(rows):
    assert [row['share'] for row in of(rows, 'eic, spread_volumes = 0')] == [
        len(row['pools']) for row in of(rows, 'eic, spread_volumes = 0')
    ]


def test_each_pool_has_one_copy_and_the_cluster_one_download(rows):
    for row in of(rows, 'eic'):
        assert max(row['copies'].values()) == 1
        assert row['downloads'] == (row['image'] == 'on a disk of Glance')
        assert sum(row['copies'].values()) == len(row['pools']) - 1
