"""Boots real guests with the ordinary client, and hears what they say."""

import concurrent.futures
import dataclasses
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lab import files, guest_console, guest_support, guests, leftovers, nova
from lab.boots import BuiltServer, Side
from lab.context import Lab
from lab.demo import disk, guest_disks
from lab.demo.guest_cases import PROTOCOLS, GuestCase, cases, client_arguments
from lab.demo.guest_rows import GuestRow
from lab.demo.run import DemoRun
from lab.demo.server_rows import routes_of
from lab.demo.user import CommandLineUser, arrival
from lab.demo.watching import while_watching
from lab.guest_image import image
from lab.guests import GuestHost
from lab.observer import Observer
from lab.topology import pool_named


def run(
    lab: Lab, demo: DemoRun, user: CommandLineUser, at_once: int = 0
) -> list[GuestRow]:
    """All cases on both sides; nothing where the lab has no hosts for them.

    :param at_once: guests that one more request asks for; 0: no such request
    """
    if reason := guest_support.left_out(lab):
        lab.console.line(f'  skip   guests: {reason}')
        return []
    return [
        row
        for protocol in PROTOCOLS
        for host in guests.HOSTS
        for row in _Group(lab, demo, user, host, protocol).run(at_once)
    ]


@dataclasses.dataclass(frozen=True)
class _Said:
    """What one guest has said."""

    at: float
    """When its first word was heard, in seconds since the epoch."""
    digest: str


class _Group:
    """The guests of one image: on one host, with volumes in one pool."""

    def __init__(
        self,
        lab: Lab,
        demo: DemoRun,
        user: CommandLineUser,
        host: GuestHost,
        protocol: str,
    ) -> None:
        self._lab = lab
        self._user = user
        self._host = host
        self._pool = pool_named(host.driver, PROTOCOLS[protocol])
        self._side = Side(user.api, host.driver)
        self._disk = files.private_dir(lab.paths / 'demo') / 'guest.img'
        image.make(lab, self._disk, image.new_label())
        self._digest = disk.sha256(self._disk, image.SIZE)
        self._image = demo.upload(f'guest-{host.driver}', self._disk)
        self._servers: list[str] = []
        self._volumes: list[str] = []

    def run(self, at_once: int) -> list[GuestRow]:
        """The cases, one after the other; each one's guests run until the end."""
        rows = []
        try:
            for case in cases(at_once):
                title = f'{self._pool.volume_type}: a guest, {case.title}'
                with self._lab.console.step(title):
                    rows.append(self._run_one(case))
        finally:
            self._side.delete(self._servers, self._volumes)
        left = leftovers.remove_volume_files(self._lab, self._volumes)
        return [*rows[:-1], dataclasses.replace(rows[-1], files_left=left)]

    def _run_one(self, case: GuestCase) -> GuestRow:
        observer = Observer(
            self._lab, self._host.driver, self._image, self._pool.backend.protocol
        )
        before = self._digests_of_volumes()
        mark = observer.mark()
        built, began = self._boot(case)
        said = self._listen([e.server_id for e in built if e.status == 'ACTIVE'])
        cost = observer.since(mark)
        volumes = [v for each in built for v in self._side.volumes(each.server_id)]
        self._volumes += volumes
        shown = [self._side.cinder('GET', f'/volumes/{v}')['volume'] for v in volumes]
        return GuestRow(
            driver=self._host.driver,
            protocol=self._pool.backend.protocol,
            case=case,
            statuses=[each.status for each in built],
            active=sorted(e.at - began for e in built if e.status == 'ACTIVE'),
            first_word=sorted(each.at - began for each in said),
            routes=routes_of(
                self._host.driver, shown, round(cost.downloaded / image.SIZE)
            ),
            digests_equal=[each.digest == self._digest for each in said],
            notes_found=[self._has_note(each) for each in volumes],
            changed=list(self._changed(before)),
            files_left=[],
        )

    def _boot(self, case: GuestCase) -> tuple[list[BuiltServer], float]:
        """`openstack server create`, watched; and when its request came in."""
        name = f'demo-guest-{secrets.token_hex(4)}'
        log = self._lab.paths.access_log(nova.api_of(self._host.driver))
        offset = log.stat().st_size
        arguments = client_arguments(self._host, self._pool, self._image, case)
        with while_watching(
            lambda cancel: self._side.watch(name, case.guests, cancel)
        ) as watching:
            self._user.create_servers(self._host.driver, name, arguments)
            built = watching.result()
        self._servers += [each.server_id for each in built]
        return built, arrival(log, offset, '/servers')

    def _listen(self, servers: Sequence[str]) -> list[_Said]:
        """What their guests say, all of them at once."""
        with concurrent.futures.ThreadPoolExecutor(len(servers) or 1) as pool:
            return list(pool.map(self._listen_to, servers))

    def _listen_to(self, server_id: str) -> _Said:
        console = guest_console.of(self._lab, self._host, server_id)
        _, at = console.hear('up')
        read, _ = console.hear('sum')
        console.hear('wrote')
        return _Said(at, read.fields['sha256'])

    def _digests_of_volumes(self) -> dict[Path, str]:
        found = [guest_disks.file_of(self._lab, self._pool, v) for v in self._volumes]
        return guest_disks.digests(found)

    def _has_note(self, volume: str) -> bool:
        path = guest_disks.file_of(self._lab, self._pool, volume)
        return guest_disks.note_on(path).startswith('ups=')

    def _changed(self, before: Mapping[Path, str]) -> Iterator[str]:
        """The image, its cached images and other guests' volumes: those that are
        not as they were.
        """
        copies = guest_disks.copies_of_image(self._lab, self._image)
        wanted = dict.fromkeys(copies, self._digest) | dict(before)
        for path, digest in guest_disks.digests(wanted).items():
            if digest != wanted[path]:
                yield f'{path.parent.name}/{path.name}'
