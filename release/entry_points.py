"""Run with the Python of an environment: which entry points of a project load there.

``python entry_points.py NAME`` prints them as JSON: ``loaded``, a number; ``waiting``,
those whose host is not installed here, by the module that is missing; ``broken``.
It is a program of its own, and imports nothing of this folder.
"""

import importlib.metadata
import json
import sys

HOSTS = {'cinder', 'os_brick'}
"""What loads the plugins, and is never installed by them. Nova is not among them: its
filter imports nothing of it.
"""


def main() -> int:
    """Load each of them; 1 if one is broken."""
    loaded = 0
    waiting: dict[str, str] = {}
    broken: dict[str, str] = {}
    for point in importlib.metadata.distribution(sys.argv[1]).entry_points:
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
