"""cinder-api's console script patches the standard library with eventlet."""

import subprocess
import sys

import pytest

LOOK_UP = """
import eventlet
eventlet.monkey_patch()
import time
from eic_plugins.middleware.copies import CopyLookup
from eic_plugins.middleware.lookup import LookupLimits
from eic_plugins.middleware.remotes import Remote
from eic_plugins.model import ImageCopy

COPIES = (ImageCopy('127.0.11.1', '/images/a'),)

def find(image_id):
    eventlet.sleep(5 if image_id == 'slow' else 0)
    return COPIES

lookup = CopyLookup(find, LookupLimits(2, 60.0), Remote('Glance', 'x', 9, 1.0))
others = []
ticker = eventlet.spawn(lambda: [others.append(eventlet.sleep(0.01))
                                 for _ in range(20)])
assert lookup.copies('slow', 0.3, 'p') is None
assert len(others) >= 10, f'the hub stood still: {len(others)}'
assert lookup.copies('quick', 2, 'another') == COPIES
print('right')
"""

HOLD = """
import eventlet
eventlet.monkey_patch()
from eic_plugins.middleware.hold import Hold

there = set()
looks = []

def statuses(volume_ids):
    looks.append(len(volume_ids))
    eventlet.sleep(0.01)
    return {one: 'available' if one in there else 'creating'
            for one in volume_ids}

hold = Hold('all', 20, 16, list, statuses)
held = [eventlet.spawn(hold.until_usable, number, True) for number in range(10)]
eventlet.sleep(0.3)
assert set(looks) == {10}, looks
there.update(range(10))
with eventlet.Timeout(10):
    assert [str(one.wait()) for one in held] == ['available'] * 10
print('right')
"""

# Cinder turns eventlet's own resolver off; what is left is a call into C.
DEAF_NAME_SERVER = """
import os
os.environ['EVENTLET_NO_GREENDNS'] = 'yes'
import eventlet
eventlet.monkey_patch()
import socket
from eic_plugins.support.name_resolution import addresses

sleep = eventlet.patcher.original('time').sleep

def deaf(*_args, **_how):
    sleep(3)
    return []

socket.getaddrinfo = deaf
eventlet.patcher.original('socket').getaddrinfo = deaf
others = []

def work():
    while True:
        others.append(eventlet.sleep(0.001))

eventlet.spawn(work)
assert addresses('nfs.example.org') == ('nfs.example.org',)
assert len(others) > 100, f'the hub stood still: {len(others)}'
print('right')
"""

TICKER = """
import eventlet
eventlet.monkey_patch()
import os, tempfile, time
from eventlet import patcher
from eic_plugins.storage import inspection
from eic_plugins.support import native
from eic_plugins.model import FlexVol, Pool
from eic_plugins.storage.mount import ShareMount
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.seals import Seals

ticks = []

def tick():
    while True:
        ticks.append(eventlet.sleep(0.001))

def counted(work):
    before = len(ticks)
    try:
        return work()
    finally:
        seen = len(ticks) - before
        assert seen > 50, f'the hub stood still: {seen}'

eventlet.spawn(tick)
eventlet.sleep(0)
directory = tempfile.TemporaryDirectory()
root = directory.name
"""

CHECKSUM = (
    TICKER
    + """
with open(f'{root}/image', 'wb') as image:
    image.truncate(600 << 20)
try:
    counted(lambda: inspection.check_checksum(image.name, 'sha512', 'another'))
except inspection.NotTheImageError:
    print('right')
"""
)

# A listing of a slow share: each name is asked for, one after the other.
SURVEY = (
    TICKER
    + """
slow = patcher.original('time').sleep

class Slow(ShareMount):
    def stat(self, name):
        slow(0.002)
        return super().stat(name)

for number in range(200):
    open(f'{root}/.eic-{number}.json', 'w').close()
    open(f'{root}/eic-fill-{number}-0a', 'w').close()
storage = FileStorage(
    Pool('share', FlexVol('cluster', 'svm', 'vol', 'uuid', '/vol')),
    Slow(root, print), None, 1, Seals(['x']))
assert len(counted(lambda: list(storage.held()))) == 200
assert len(counted(lambda: list(storage.usages()))) == 200
assert len(counted(lambda: list(storage.leftovers()))) == 200
print('right')
"""
)

RAISES = (
    TICKER
    + """
def fail():
    patcher.original('time').sleep(0.3)
    raise ValueError('of the native thread')
try:
    counted(lambda: native.run(fail))
except ValueError as err:
    assert str(err) == 'of the native thread'
    print('right')
"""
)


# A disk that hangs, and counts of a worker that go there.
METRICS = (
    TICKER
    + """
import pathlib, tempfile
from prometheus_client import Counter
from eic_plugins.support.metrics import files, worker
from eic_plugins.support.metrics.declared import Metric

replace = files.replace
def hang(path, content):
    patcher.original('time').sleep(0.3)
    replace(path, content)
files.replace = hang
DONE = Metric(Counter, 'eic_done_total', worker.LABELS, 'Done.')
place = pathlib.Path(tempfile.mkdtemp())
counts = worker.WorkerMetrics('some-api', place, [DONE])
counts.inc(DONE)
counted(counts.write)
counts.inc(DONE)
worker.PAUSE = 0.1
file = place / 'eic-some-api@0.prom'
with eventlet.Timeout(20):
    while 'worker="0"} 2.0' not in file.read_text():
        eventlet.sleep(0.05)
print('right')
"""
)


# Two volumes at once, for two requests.
REQUEST_IDS = """
import eventlet
eventlet.monkey_patch()
from types import SimpleNamespace
from eic_plugins.support import request_id

IDS = ['req-%08d-0000-0000-0000-000000000000' % number for number in range(9)]

def make(one):
    seen = []
    with request_id.of(SimpleNamespace(request_id=one)):
        for _ in range(5):
            eventlet.sleep(0.001)
            seen.append(request_id.current())
    return set(seen)

made = [eventlet.spawn(make, one) for one in IDS]
assert [one.wait() for one in made] == [{one} for one in IDS]
assert request_id.current() is None
print('right')
"""


@pytest.mark.parametrize(
    'code',
    [
        LOOK_UP,
        HOLD,
        DEAF_NAME_SERVER,
        CHECKSUM,
        SURVEY,
        RAISES,
        METRICS,
        REQUEST_IDS,
    ],
    ids=[
        'look-up',
        'hold',
        'deaf name server',
        'checksum',
        'survey',
        'error',
        'metrics',
        'request ids',
    ],
)
def test_who_waits_blocks_no_other_greenthread(code):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == 'right', done.stderr
