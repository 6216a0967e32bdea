"""cinder-volume, that can be stopped before any step of any volume.

A step is a call by which the process may change something outside of itself,
or ask for that to be done; between two of them it computes, so a crash there
leaves what a crash before the second one leaves. Nothing of Cinder or EIC is
named here: the steps are seen where Python hands the work on, in

- files below the lab's directory: opened for writing, renamed, deleted, cut,
  locked, given times or modes (Python's audit events);
- processes that are started (the same);
- HTTP requests that are not just questions, to whomever (``http.client``);
- the first write of each database transaction (SQLAlchemy);
- pieces of an image that come from Glance.

What to do is in a volume's name: ``record`` writes the steps of its handling
to a file; ``stop before N of LAST`` never gets past the beginning of step N,
and says so by a file. A SIGKILL then is a crash at that very step, of as many
volumes at once as have been stopped. Those that get furthest go first: one
that is stopped may have a lock of this process that the others pass.
"""

import contextlib
import functools
import http.client
import json
import os
import re
import shlex
import sys
import threading
import time
from pathlib import Path

from cinder.cmd import volume  # patches the standard library
from glanceclient.common.utils import IterableWithLength
from sqlalchemy import event
from sqlalchemy.engine import Engine

DIRECTORY = 'EIC_CRASH_DIR'
ROOT = f'{Path.cwd()}/'
"""The lab's directory."""
END = 'the end'
METRICS = 'cinder/metrics/'
"""Written now and then, for all volumes: no step of any one of them."""
FILE_EVENTS = {
    'os.rename': 2,
    'os.remove': 1,
    'os.truncate': 1,
    'os.utime': 1,
    'os.chmod': 1,
    'os.mkdir': 1,
    'os.rmdir': 1,
    'os.link': 2,
}
LOCK_EVENTS = {'fcntl.flock', 'fcntl.lockf'}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
PIECES = 3
STOP = re.compile(r'stop before (\d+) of (\d+)')

current = threading.local()
stopped = set()


class Handling:
    """The steps of one volume, until it is told to stop."""

    def __init__(self, volume_id, name, ids):
        self.volume_id = volume_id
        found = STOP.fullmatch(name)
        self.stop_at, self._last = map(int, found.groups()) if found else (0, 0)
        self.steps = []
        self.transaction = None
        self._ids = ids
        self._inside = False

    def wait_for_those_ahead(self):
        ahead = set(range(self.stop_at + 1, self._last + 1))
        while not ahead <= stopped:
            time.sleep(0.05)

    def step(self, label):
        """One call is about to be made. A row of the same counts once: how
        often a job is asked about is not the same in every run.
        """
        label = self._plain(label)
        if self._inside or self.steps[-1:] == [label] or METRICS in label:
            return
        self.steps.append(label)
        if len(self.steps) == self.stop_at:
            self._stop(label)

    def save(self):
        self._write('steps', json.dumps(self.steps))
        if self.stop_at:
            # It had fewer steps than the one that was recorded.
            self._write('stopped', END)
            stopped.add(self.stop_at)

    def _stop(self, label):
        self._write('stopped', label)
        stopped.add(self.stop_at)
        while True:
            time.sleep(1)

    def _write(self, what, text):
        self._inside = True
        path = Path(os.environ[DIRECTORY]) / f'{self.volume_id}.{what}'
        path.write_text(text)
        self._inside = False

    def _plain(self, label):
        for word, found in self._ids.items():
            label = label.replace(found, word)
        label = re.sub(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'UUID', label)
        label = re.sub(r'(json\.|IMAGE-)[0-9a-f]{8}\b', r'\1RANDOM', label)
        label = re.sub(r'/eic_[0-9a-f]{8}_', '/eic_RANDOM_', label)
        return re.sub(r'IMAGE_\w{8}', 'IMAGE_RANDOM', label)


def step(label):
    """Count a step, if it is one of a volume that is watched."""
    handling = getattr(current, 'handling', None)
    if handling is not None:
        handling.step(label)


def watched(method):
    """An RPC method of the volume manager, watched if its volume asks for it."""

    @functools.wraps(method)
    def call(self, context, volume, *args, **kwargs):
        name = volume.display_name or ''
        if name != 'record' and not STOP.fullmatch(name):
            return method(self, context, volume, *args, **kwargs)
        handling = Handling(volume.id, name, _ids(volume, args, kwargs))
        handling.wait_for_those_ahead()
        current.handling = handling
        try:
            return method(self, context, volume, *args, **kwargs)
        finally:
            step(END)
            current.handling.save()
            current.handling = None

    return call


def _ids(volume, args, kwargs):
    request = kwargs.get('request_spec') or next(iter(args), None) or {}
    image = kwargs.get('image_meta') or {}
    with contextlib.suppress(TypeError, KeyError):
        image_id = image.get('id') or request.get('image_id') or request['id']
        return {'VOLUME': volume.id, 'IMAGE': image_id}
    return {'VOLUME': volume.id}


def audit(name, args):
    """Python is about to do something to a file, or to start a process."""
    if getattr(current, 'handling', None) is None:
        return
    if name == 'open':
        path, _mode, flags = args
        if flags & WRITING:
            _file_step('write', path)
    elif name in FILE_EVENTS:
        _file_step(name.partition('.')[2], *args[: FILE_EVENTS[name]])
    elif name in LOCK_EVENTS:
        with contextlib.suppress(OSError):
            _file_step('lock', Path(f'/proc/self/fd/{int(args[0])}').readlink())
    elif name == 'subprocess.Popen':
        words = [_shown(str(word)) for word in args[1]]
        step(f'run {shlex.join(words)}')


def _file_step(what, *paths):
    if all(isinstance(path, str | os.PathLike) for path in paths):
        inside = [os.fspath(path) for path in paths]
        if inside[0].startswith(ROOT):
            step(' '.join((what, *map(_shown, inside))))


def _shown(path):
    """Without the lab's directory, or a name that is different in each run."""
    path = path.replace(ROOT, '')
    return re.sub(r'(coordination/\w+|mnt-eic)/[\w-]+/', r'\1/', path)


def watch_http():
    """Both ONTAP's clients and Glance's go through here. A GET changes nothing:
    a crash before it is one before the next step.
    """
    send = http.client.HTTPConnection.putrequest

    @functools.wraps(send)
    def putrequest(self, method, url, *args, **kwargs):
        path = url.partition('?')[0]
        if method not in {'GET', 'HEAD'}:
            step(f'{method} {path} of {self.host}')
        return send(self, method, url, *args, **kwargs)

    http.client.HTTPConnection.putrequest = putrequest


def watch_pieces():
    """A download has begun, and is half done."""
    pieces = IterableWithLength.__iter__

    def iterate(self):
        for number, piece in enumerate(pieces(self), start=1):
            if number <= PIECES:
                step(f'piece {number} of the image')
            yield piece

    IterableWithLength.__iter__ = iterate


def watch_database():
    """Transactions are all or nothing: before its first write is enough."""

    @event.listens_for(Engine, 'before_cursor_execute')
    def execute(connection, _cursor, statement, *_):
        handling = getattr(current, 'handling', None)
        words = statement.split(None, 3)
        if handling is None or words[0] not in {'INSERT', 'UPDATE', 'DELETE'}:
            return
        transaction = connection.get_transaction()
        if handling.transaction is not transaction:
            handling.transaction = transaction
            step(
                f'database: {words[0]} {words[1] if words[0] == "UPDATE" else words[2]}'
            )


def watch_manager():
    """From the request's arrival to the end of what is done about it."""
    volume.objects.register_all()
    # Only now it can be imported.
    from cinder.volume.manager import VolumeManager  # noqa: PLC0415

    VolumeManager.create_volume = watched(VolumeManager.create_volume)
    VolumeManager.reimage = watched(VolumeManager.reimage)


if __name__ == '__main__':
    watch_manager()
    watch_http()
    watch_pieces()
    watch_database()
    sys.addaudithook(audit)
    sys.exit(volume.main())
