"""How often an image is downloaded, whatever kind of image it is.

Cinder's released flow makes volumes through the stock driver and through EIC's,
on the same simulator, in one process and one run. What EIC serves is the image's
bytes, and it never downloads more than the stock side does.

The whole table, with six volumes at once beside three in a row, takes minutes::

    EIC_COUNT_TABLE=1 pytest tests/contract/test_image_kinds.py

and is written into docs/bench.md.
"""

import contextlib
import dataclasses
import os
import threading
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.contract import block, flow, kinds, stock
from tests.contract.images import Glance, Image
from tests.contract.kinds import Kind
from tests.contract.shares import GOLD
from tests.contract.simulator import Simulator

POOLS = {'nfs': (GOLD, 'svm_gold', 'gold'), 'iscsi': (block.ONE, block.SVM, block.ONE)}
SIDES = ('stock', 'eic')
IN_A_ROW, AT_ONCE = 3, 6
SECONDS = 120
BENCH = Path(__file__).parents[2] / 'docs' / 'bench.md'
BEGIN, END = (
    f'<!-- written by test_image_kinds.py: {word} -->' for word in ('begin', 'end')
)
WHOLE = pytest.mark.skipif(
    not os.environ.get('EIC_COUNT_TABLE'),
    reason='the table takes minutes: EIC_COUNT_TABLE=1 pytest '
    'tests/contract/test_image_kinds.py',
)

REFUSED = frozenset(
    {
        'vhd',
        'vhd, other geometry',
        'vhd, fixed',
        'compressed, forbidden',
        'conversion forbidden',
        'bad signature',
        'broken qcow2',
        'qcow2 with backing file',
        'vmdk of a refused type',
        'qcow2 as raw',
        'vmdk descriptor as raw',
        'qcow2 inside qcow2',
    }
)
"""Left to Cinder; all others are downloaded once."""

pytestmark = [pytest.mark.usefixtures('nfs'), block.NEEDS_ROOT]


@pytest.fixture(scope='module', params=sorted(POOLS))
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Path, protocol: str) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(
            block.configured(served, state, protocol)
            if protocol != 'nfs'
            else stock.configured(state, _nfs(served, state))
        )


def _nfs(served: Simulator, state: Path) -> str:
    (state / 'shares').write_text(GOLD)
    return (
        stock.config(
            served,
            state,
            netapp_storage_protocol='nfs',
            netapp_vserver='svm_gold',
            nfs_shares_config=state / 'shares',
            nfs_mount_point_base=state / 'mnt',
            nas_secure_file_operations=True,
            nas_secure_file_permissions=True,
        )
        + f"""
[DEFAULT]
image_conversion_dir = {state}/conversion
"""
    )


@pytest.fixture(scope='module')
def drivers(admin: Any, served: Simulator, protocol: str) -> Mapping[str, Any]:
    """Both sides' drivers of one backend."""
    from cinder.volume.drivers.netapp.dataontap import (  # noqa: PLC0415
        iscsi_cmode,
        nfs_cmode,
    )

    from eic_plugins.volume.nfs import EICNfsDriver  # noqa: PLC0415
    from tests.contract import fabric  # noqa: PLC0415

    if protocol == 'nfs':
        classes = {'stock': nfs_cmode.NetAppCmodeNfsDriver, 'eic': EICNfsDriver}
    else:
        classes = {
            'stock': types.new_class(
                'Stock', (fabric.LocalFabric, iscsi_cmode.NetAppCmodeISCSIDriver)
            ),
            'eic': fabric.ISCSIDriver,
        }
    return {side: _started(found, admin, served) for side, found in classes.items()}


def _started(driver_class: Any, admin: Any, served: Simulator) -> Any:
    found = stock.new_driver(driver_class)
    found.flexvols = served.data_dir / 'volumes' / block.SVM
    stock.set_up(found, admin)
    return found


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of some volumes of one image."""

    downloads: int
    made: int
    right: int
    reasons: Sequence[str]

    @property
    def verdict(self) -> str:
        if not self.made:
            return 'refused'
        return 'served' if self.right == self.made else 'changed'


class Bench:
    """Makes volumes of an image through one driver or the other."""

    def __init__(
        self,
        drivers: Mapping[str, Any],
        admin: Any,
        simulator: Simulator,
        glance: Glance,
        protocol: str,
    ) -> None:
        self._drivers, self._admin, self._glance = drivers, admin, glance
        self._simulator = simulator
        self._pool, *flexvol = POOLS[protocol]
        self._root = simulator.directory(*flexvol)

    def run(self, side: str, kind: Kind, number: int, at_once: bool) -> Result:
        self._start_anew(side)
        image = kind.upload(self._glance)
        before = len(self._glance.downloads)
        volumes = [stock.new_volume(self._admin, self._pool) for _ in range(number)]
        with _options(kind), self._gate(side, number if at_once else 1):
            made = self._all(side, volumes, image, at_once)
        for volume in volumes:
            volume.refresh()
        return Result(
            len(self._glance.downloads) - before,
            len(made),
            sum(self._is_right(volume, image) for volume in made),
            [volume.metadata.get('eic_refused', '') for volume in volumes],
        )

    def _start_anew(self, side: str) -> None:
        self._simulator.control('POST', '/reset', json={'files': True})
        driver = self._drivers[side]
        stock.forget_devices(driver)
        if side == 'eic':
            driver.eic.connect(stock.BACKEND)

    @contextlib.contextmanager
    def _gate(self, side: str, number: int) -> Iterator[None]:
        """Nobody of the stock side comes late enough to find a cached image."""
        self._glance.gate = threading.Barrier(number) if side == 'stock' else None
        yield
        self._glance.gate = None

    def _all(
        self, side: str, volumes: Sequence[Any], image: Image, at_once: bool
    ) -> list[Any]:
        made: list[Any] = []
        threads = [
            threading.Thread(
                target=self._one, daemon=True, args=(side, volume, image, made)
            )
            for volume in volumes
        ]
        for thread in threads:
            thread.start()
            if not at_once:
                thread.join(SECONDS)
        for thread in threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
        return made

    def _one(self, side: str, volume: Any, image: Image, made: list[Any]) -> None:
        from cinder import exception  # noqa: PLC0415

        with contextlib.suppress(exception.CinderException):
            flow.create(self._drivers[side], self._admin, volume, image, self._glance)
            made.append(volume)

    def _is_right(self, volume: Any, image: Image) -> bool:
        return stock.head(self._root / volume.name, len(image.raw)) == image.raw


@contextlib.contextmanager
def _options(kind: Kind) -> Iterator[None]:
    from oslo_config import cfg  # noqa: PLC0415

    for name, value in kind.options.items():
        cfg.CONF.set_override(name, value)
    yield
    for name in kind.options:
        cfg.CONF.clear_override(name)


@pytest.fixture
def bench(
    drivers: Mapping[str, Any],
    admin: Any,
    simulator: Simulator,
    glance: Glance,
    protocol: str,
) -> Bench:
    return Bench(drivers, admin, simulator, glance, protocol)


@pytest.mark.parametrize('name', kinds.MAKERS)
def test_every_kind_is_served_after_one_download_or_left_to_cinder_with_one_each(
    name: str, bench: Bench, tmp_path: Path
) -> None:
    found = bench.run('eic', kinds.MAKERS[name](tmp_path), 2, at_once=False)
    if name not in REFUSED:
        assert (found.downloads, found.made, found.right) == (1, 2, 2)
        return
    assert found.downloads == 2
    first, second = found.reasons
    # The second one is told at once.
    assert second.startswith('all=')
    assert first.partition('=')[2] == second.partition('=')[2]


@WHOLE
def test_no_kind_is_downloaded_more_often_than_by_the_stock_driver(
    bench: Bench, tmp_path: Path, protocol: str
) -> None:
    found = {
        name: _compared(bench, make(tmp_path)) for name, make in kinds.MAKERS.items()
    }
    _write(protocol, found)
    worse = {
        name: rows
        for name, rows in found.items()
        if any(
            eic.downloads > other.downloads and other.verdict != 'changed'
            for other, eic in rows
        )
    }
    assert worse == {}
    assert {
        name
        for name, rows in found.items()
        for other, eic in rows
        if other.verdict == 'served' != eic.verdict
    } == set()


def _compared(bench: Bench, kind: Kind) -> list[tuple[Result, Result]]:
    """Both sides, in a row and at once."""
    return [
        tuple(bench.run(side, kind, number, at_once) for side in SIDES)
        for number, at_once in ((IN_A_ROW, False), (AT_ONCE, True))
    ]


def _write(
    protocol: str,
    found: Mapping[str, Sequence[tuple[Result, Result]]],
) -> None:
    """Into docs/bench.md, a table for each protocol."""
    header = (
        'image',
        f'{IN_A_ROW} in a row: stock',
        'EIC',
        f'{AT_ONCE} at once: stock',
        'EIC',
        'stock',
        'EIC',
    )
    rows = [
        (
            name,
            *(str(side.downloads) for pair in results for side in pair),
            results[0][0].verdict,
            results[0][1].verdict,
        )
        for name, results in found.items()
    ]
    table = '\n'.join(
        [
            f'**{protocol}**',
            '',
            _line(header),
            _line(['---'] * len(header)),
            *map(_line, rows),
        ]
    )
    text = BENCH.read_text()
    head, _, rest = text.partition(BEGIN)
    inside, _, tail = rest.partition(END)
    blocks = {
        each.partition('**')[2].partition('**')[0]: each.strip()
        for each in inside.split('\n\n\n')
        if each.strip()
    }
    blocks[protocol] = table
    whole = '\n\n\n'.join(blocks[name] for name in sorted(blocks))
    BENCH.write_text(f'{head}{BEGIN}\n\n{whole}\n\n{END}{tail}')


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'
