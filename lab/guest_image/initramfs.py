"""Packs what the guest runs: busybox, the kernel's modules, and ``init.sh``.

The format is cpio's "newc", which the kernel's documentation describes
(Documentation/driver-api/early-userspace/buffer-format.rst).
"""

import base64
import dataclasses
import gzip
import stat
from collections.abc import Iterable
from pathlib import Path

from lab.guest_image import hostile
from lab.guest_image.parts import Parts

MODULES = (
    'virtio_ring',
    'virtio',
    'virtio_pci_legacy_dev',
    'virtio_pci_modern_dev',
    'virtio_pci',
    'virtio_blk',
    'evdev',
    'button',
)
"""In the order in which they are loaded: nothing in the guest looks it up."""
_INIT = Path(__file__).parent / 'init.sh'


@dataclasses.dataclass(frozen=True)
class Member:
    """A file of the archive; a directory has no content."""

    name: str
    mode: int
    content: bytes = b''
    device: tuple[int, int] = (0, 0)


def build(parts: Parts) -> bytes:
    """The archive, compressed."""
    return gzip.compress(archive(_members(parts)), compresslevel=6, mtime=0)


def _members(parts: Parts) -> Iterable[Member]:
    for name in ('bin', 'dev', 'etc', 'modules'):
        yield Member(name, stat.S_IFDIR | 0o755)
    # The kernel opens it before /dev is mounted.
    yield Member('dev/console', stat.S_IFCHR | 0o600, device=(5, 1))
    yield Member('bin/busybox', stat.S_IFREG | 0o755, parts.busybox.read_bytes())
    yield Member('bin/sh', stat.S_IFLNK | 0o777, b'busybox')
    yield Member('init', stat.S_IFREG | 0o755, _init())
    yield Member(
        'header', stat.S_IFREG | 0o644, base64.b64encode(hostile.qcow2_header())
    )
    for name in MODULES:
        content = parts.module(name).read_bytes()
        yield Member(f'modules/{name}.ko', stat.S_IFREG | 0o644, content)


def _init() -> bytes:
    text = _INIT.read_text(encoding='utf-8')
    return text.replace('@MODULES@', ' '.join(MODULES)).encode()


def archive(members: Iterable[Member]) -> bytes:
    """The members as cpio's newc, with the trailer."""
    named = [*members, Member('TRAILER!!!', 0)]
    return b''.join(_entry(inode, each) for inode, each in enumerate(named, start=1))


def _entry(inode: int, member: Member) -> bytes:
    name = member.name.encode() + b'\0'
    fields = (
        inode,
        member.mode,
        0,  # user
        0,  # group
        1,  # links
        0,  # time
        len(member.content),
        0,  # device that the file is on, in two numbers
        0,
        *member.device,
        len(name),
        0,  # checksum
    )
    head = b'070701' + b''.join(b'%08x' % field for field in fields) + name
    return _padded(head) + _padded(member.content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
