"""A benchmark leaves nothing on the lab, however it ends."""

import signal
import subprocess
import sys

import pytest

from benchmarks import cleanliness
from lab.errors import LabError
from lab.paths import REPOSITORY
from tests.e2e.deadline import DEADLINE

COMMAND = [sys.executable, '-u', '-m', 'benchmarks']


def test_an_interrupted_benchmark_leaves_nothing(lab):
    cleanliness.check(lab)
    with subprocess.Popen(
        [*COMMAND, 'calls'], cwd=REPOSITORY, text=True, stdout=subprocess.PIPE
    ) as process:
        try:
            line = next(line for line in process.stdout if ' ok ' in line)
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    assert 'first, FlexVol of the image' in line
    assert 'delete what was made' in rest
    assert process.returncode == 130
    cleanliness.check(lab)


def test_a_lab_with_somebodys_volume_is_refused(lab, cloud, image):
    volume = cloud.create(image, 'eic-gold')
    with pytest.raises(LabError, match=f'volume {volume["id"]}'):
        cleanliness.check(lab)


def test_the_calls_of_a_hit_are_counted_and_within_the_target(lab):
    done = subprocess.run(
        [*COMMAND, 'calls'],
        cwd=REPOSITORY,
        text=True,
        check=False,
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    assert 'REST calls of a hit' in done.stdout
