"""Run with the Python that has tempest: reads a stream of test results.

``python probe.py FILE`` prints a JSON object for each test: ``id``, ``status``
(success, fail, skip, ...) and ``text``, a traceback or the reason of a skip. It is a
program of its own, and imports nothing of this folder.
"""

import json
import sys
from pathlib import Path

import testtools
from subunit import ByteStreamToStreamResult

_REASONS = ('reason', 'traceback')


def text_of(details):
    """The reason of a skip, or the traceback."""
    for wanted in _REASONS:
        for name, content in sorted(details.items()):
            if name.startswith(wanted):
                return content.as_text()
    return ''


def show(test):
    """Print a test that ended, in whatever way."""
    if test['status'] == 'exists':
        return
    found = {
        'id': test['id'],
        'status': test['status'],
        'text': text_of(test['details']),
    }
    print(json.dumps(found))


def main():
    """The command."""
    result = testtools.StreamToDict(show)
    with Path(sys.argv[1]).open('rb') as stream:
        result.startTestRun()
        ByteStreamToStreamResult(stream, non_subunit_name='stdout').run(result)
        result.stopTestRun()


if __name__ == '__main__':
    main()
