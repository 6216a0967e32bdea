"""The lowest versions that setup.cfg allows: as constraints, and whether they do.

``python -m tests.floors constraints`` prints them; ``python -m tests.floors import``
imports all of EIC that needs neither Cinder nor os-brick with what is installed.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator

import eic_plugins
from tests.requirements import requirements

SERVICES = ('cinder', 'os_brick', 'tempest')
"""They load what is ours, and bring higher versions."""


def constraints() -> Iterator[str]:
    """Lines for pip."""
    for wanted in requirements():
        (floor,) = wanted.specifier
        assert floor.operator == '>=', wanted
        yield f'{wanted.name}=={floor.version}'


def not_importable() -> Iterator[str]:
    """Modules that do not load, each with its reason."""
    for module in pkgutil.walk_packages(eic_plugins.__path__, 'eic_plugins.'):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as err:
            if (err.name or '').partition('.')[0] not in SERVICES:
                yield f'{module.name}: {err}'
        except Exception as err:
            yield f'{module.name}: {type(err).__name__}: {err}'


def main() -> int:
    """The command."""
    if sys.argv[1:] == ['constraints']:
        print('\n'.join(constraints()))
        return 0
    found = list(not_importable())
    print('\n'.join(found))
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
