"""``eic-copyoffload SRC_IP DST_IP SRC_PATH DST_PATH``: one file, copied by ONTAP.

For backends with a stock NetApp NFS driver whose ``netapp_copyoffload_tool_path``
names NetApp's retired copy-offload tool. The driver runs it with these four
arguments, as the user of cinder-volume. In cinder.conf::

    [ontap-nfs]
    netapp_copyoffload_tool_path = /usr/bin/eic-copyoffload

Inside a FlexVol the file is cloned, else the cluster copies it; no host reads or
writes it. Which cluster that is, and the credentials, the backends' own sections
in cinder.conf say. Files of that name are those of ``--config-file``, of the
variable ``EIC_COPYOFFLOAD_CONFIG`` (the driver passes no options), or where
Cinder looks.

Exit status: 0 when the destination is whole; 1 when there is none, with the
reason on standard error; 2 for wrong arguments; 128 and the signal's number when
a signal ended it. Whatever it had made is deleted then.
"""

import argparse
import contextlib
import dataclasses
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType

from eic_plugins.model import ImageCopy, Refusal, StoredObject
from eic_plugins.ontap.files import Files, SvmNotPeeredError
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import OntapError, OntapSession
from eic_plugins.support.clock import Clock, SystemClock

PROGRAM = 'eic-copyoffload'
CONFIG_VARIABLE = 'EIC_COPYOFFLOAD_CONFIG'
COPY_SECONDS = 6 * 3600.0
"""As long as the stock driver waits for a file copy of its own, at most."""
_FAILED = 1
_BY_SIGNAL = 128
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class CopyOffloadError(Exception):
    """Nothing was copied, and why: a sentence for the operator."""


class InterruptedBySignal(BaseException):
    """A signal came: clean up, and end."""


class Signals(SystemClock):
    """A clock that a signal stops: one is seen while ONTAP works, not in a call.

    A call that is cut off leaves it open which job it has begun.
    """

    def __init__(self) -> None:
        self.number = 0
        self._came = threading.Event()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Note them in here, in place of ending at once."""
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def sleep(self, seconds: float) -> None:
        """Wait so long.

        :raises InterruptedBySignal: a signal came, before or meanwhile
        """
        if self._came.wait(seconds):
            raise InterruptedBySignal

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        self._came.set()


@dataclasses.dataclass(frozen=True)
class Cluster:
    """One backend's cluster, and how files are found and copied on it."""

    files: Files
    namespace: Namespace
    peers: Peers

    @classmethod
    def of(cls, session: OntapSession, svm: str, clock: Clock) -> 'Cluster':
        """With the credentials of a backend of that SVM."""
        files = Files(session, clock)
        return cls(files, Namespace(session, svm), Peers(session))

    def find(self, address: str, path: str) -> StoredObject | Refusal:
        """The file behind an NFS server and a path.

        :raises OntapError: the cluster did not answer
        """
        return self.namespace.locate(ImageCopy(address, path))

    def copy(self, source: StoredObject, destination: StoredObject) -> None:
        """Make ``destination``; what is half made is deleted.

        :raises CopyOffloadError: it cannot be made
        :raises OntapError: ONTAP failed
        """
        wanted = self.files.stat(source)
        if wanted is None:
            raise CopyOffloadError('The source does not exist.')
        if self.files.stat(destination) is not None:
            raise CopyOffloadError(
                'The destination exists; it is left as it is. Delete it first.'
            )
        with self._deleted_unless_whole(destination):
            self._transfer(source, destination)
            made = self.files.stat(destination)
            if made is None or made.size != wanted.size:
                raise CopyOffloadError('The copy is not as large as its source.')

    def _transfer(self, source: StoredObject, destination: StoredObject) -> None:
        if source.flexvol.uuid == destination.flexvol.uuid:
            self.files.clone(source, destination, COPY_SECONDS)
            return
        svms = source.flexvol.svm, destination.flexvol.svm
        not_peered = CopyOffloadError(
            f'SVMs {svms[0]} and {svms[1]} are not peered with the application '
            'file_copy. Peer them: vserver peer create -applications file-copy.'
        )
        if not self.peers.may_copy(*svms):
            raise not_peered
        try:
            self.files.copy(source, destination, COPY_SECONDS)
        except SvmNotPeeredError as err:
            raise not_peered from err

    @contextlib.contextmanager
    def _deleted_unless_whole(self, destination: StoredObject) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with contextlib.suppress(OntapError):
                self.files.delete(destination)
            raise


def main(argv: Sequence[str] | None = None) -> int:
    """Copy one file; the exit status, as the module says."""
    arguments = _parser().parse_args(argv)
    signals = Signals()
    try:
        with signals.watched():
            found = clusters(_config_files(arguments.config_file), signals)
            copy_file(found, arguments)
    except InterruptedBySignal:
        return _BY_SIGNAL + signals.number
    except (CopyOffloadError, OntapError) as err:
        sys.stderr.write(f'{PROGRAM}: {err}\n')
        return _FAILED
    return 0


def copy_file(found: Sequence[Cluster], arguments: argparse.Namespace) -> None:
    """Have the cluster that has both ends copy the file.

    :raises CopyOffloadError: none has, or it cannot
    :raises OntapError: ONTAP failed
    """
    reasons: list[str] = []
    for cluster in found:
        try:
            destination = cluster.find(arguments.dst_ip, arguments.dst_path)
            source = cluster.find(arguments.src_ip, arguments.src_path)
        except OntapError as err:
            reasons.append(str(err))
            continue
        if isinstance(destination, Refusal):
            reasons.append(f'destination: {destination.reason.message}')
        elif isinstance(source, Refusal):
            reasons.append(f'source: {source.reason.message}')
        else:
            cluster.copy(source, destination)
            return
    raise CopyOffloadError(
        'No backend in cinder.conf is of a cluster that has both ends. '
        + ' '.join(dict.fromkeys(reasons))
    )


def clusters(config_files: Sequence[str], clock: Clock) -> list[Cluster]:
    """The clusters of the enabled NetApp backends, each SVM once.

    :raises CopyOffloadError: no configuration, or no such backend in it
    """
    # It takes Cinder seconds to be imported; wrong arguments are refused before.
    # The driver shows what is on standard error: no warnings about libraries.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        from eic_plugins.volume.stock import enabled_backends  # noqa: PLC0415

    try:
        backends = enabled_backends.read(config_files)
    except enabled_backends.ConfigurationError as err:
        raise CopyOffloadError(str(err)) from err
    if not backends:
        raise CopyOffloadError(
            'cinder.conf has no enabled backend with netapp_server_hostname and '
            f'netapp_vserver. Name the file with --config-file or in {CONFIG_VARIABLE}.'
        )
    different = {(each.endpoint.host, each.svm): each for each in backends}
    return [
        Cluster.of(OntapSession(each.endpoint), each.svm, clock)
        for each in different.values()
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description='Have ONTAP clone or copy one file of an NFS export.',
    )
    parser.add_argument(
        '--config-file', action='append', help='cinder.conf; may be repeated'
    )
    for name, what in (
        ('src_ip', "an address of the source's SVM"),
        ('dst_ip', "an address of the destination's SVM"),
        ('src_path', 'the source, as its server exports it'),
        ('dst_path', 'the destination, which must not exist'),
    ):
        parser.add_argument(name, metavar=name.upper(), help=what)
    return parser


def _config_files(given: Sequence[str] | None) -> list[str]:
    if given:
        return list(given)
    named = os.environ.get(CONFIG_VARIABLE, '')
    return [path for path in named.split(os.pathsep) if path]


if __name__ == '__main__':
    sys.exit(main())
