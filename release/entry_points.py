"""Run with the Python of an environment: which entry points of a project load there.

``python entry_points.py NAME`` prints them as JSON: ``loaded``, a number; ``waiting``,
those whose host is not installed here, by the module that is missing; ``broken``. The
bundle's drivers, which Cinder finds by their names, are tried like entry points.
It is a program of its own, and imports nothing of this folder.
"""

import contextlib
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

HOSTS = {'cinder', 'os_brick', 'tempest'}
"""What loads the plugins, and is never installed by them. Nova is not among them: its
filter imports nothing of it.
"""


DRIVERS = (
    'fc:EICFibreChannelDriver',
    'iscsi:EICISCSIDriver',
    'nfs:EICNfsDriver',
    'nvme:EICNVMeDriver',
)


def points(name: str) -> Iterator[EntryPoint]:
    """What plugs in somewhere."""
    yield from importlib.metadata.distribution(name).entry_points
    if name == 'eic-plugins':
        register_objects()
        for driver in DRIVERS:
            yield EntryPoint(driver, f'eic_plugins.volume.{driver}', 'drivers')


def register_objects() -> None:
    """Where Cinder is, as its services do before they load a driver."""
    with contextlib.suppress(ModuleNotFoundError):
        from cinder import objects  # noqa: PLC0415

        objects.register_all()


def main() -> int:
    """Load each of them; 1 if one is broken."""
    loaded = 0
    waiting: dict[str, str] = {}
    broken: dict[str, str] = {}
    for point in points(sys.argv[1]):
        name = f'{point.group}: {point.name}'
        try:
            point.load()
        except ModuleNotFoundError as err:
            host = (err.name or '').partition('.')[0]
            (waiting if host in HOSTS else broken)[name] = str(err)
        except Exception as err:
            broken[name] = f'{type(err).__name__}: {err}'
        else:
            loaded += 1
    print(json.dumps({'loaded': loaded, 'waiting': waiting, 'broken': broken}))
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
