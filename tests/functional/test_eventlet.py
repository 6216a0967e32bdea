"""cinder-api's console script patches the standard library with eventlet."""

import subprocess
import sys

PATCHED = '''
import eventlet
eventlet.monkey_patch()
import time
from eic_plugins.breaker import CircuitBreaker
from eic_plugins.middleware.lookup import ImageLookup, LookupLimits
from eic_plugins.model import ImageCopy

COPIES = (ImageCopy('127.0.11.1', '/images/a'),)

def find(image_id):
    eventlet.sleep(5 if image_id == 'slow' else 0)
    return COPIES

lookup = ImageLookup(find, LookupLimits(2, 60.0), CircuitBreaker('Glance', 'x', 9, 1.0))
others = []
ticker = eventlet.spawn(lambda: [others.append(eventlet.sleep(0.01))
                                 for _ in range(20)])
assert lookup.copies('slow', 0.3) is None
assert len(others) >= 10, f'the hub stood still: {len(others)}'
assert lookup.copies('quick', 2) == COPIES
print('right')
'''


def test_a_slow_look_up_blocks_no_other_greenthread():
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', PATCHED],
                          check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == 'right', done.stderr
