"""cinder-api's console script patches the standard library with eventlet."""

import subprocess
import sys

import pytest

LOOK_UP = '''
import eventlet
eventlet.monkey_patch()
import time
from eic_plugins.breaker import CircuitBreakers
from eic_plugins.middleware.lookup import ImageLookup, LookupLimits
from eic_plugins.model import ImageCopy

COPIES = (ImageCopy('127.0.11.1', '/images/a'),)

def find(image_id):
    eventlet.sleep(5 if image_id == 'slow' else 0)
    return COPIES

lookup = ImageLookup(find, LookupLimits(2, 60.0),
                     CircuitBreakers('Glance', 'x', 9, 1.0))
others = []
ticker = eventlet.spawn(lambda: [others.append(eventlet.sleep(0.01))
                                 for _ in range(20)])
assert lookup.copies('slow', 0.3, 'p') is None
assert len(others) >= 10, f'the hub stood still: {len(others)}'
assert lookup.copies('quick', 2, 'another') == COPIES
print('right')
'''

HOLD = '''
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
'''

# Cinder turns eventlet's own resolver off; what is left is a call into C.
DEAF_NAME_SERVER = '''
import os
os.environ['EVENTLET_NO_GREENDNS'] = 'yes'
import eventlet
eventlet.monkey_patch()
import socket
from eic_plugins.servers import addresses

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
'''


@pytest.mark.parametrize('code', [LOOK_UP, HOLD, DEAF_NAME_SERVER],
                         ids=['look-up', 'hold', 'deaf name server'])
def test_who_waits_blocks_no_other_greenthread(code):
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code],
                          check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == 'right', done.stderr
