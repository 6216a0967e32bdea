"""A stateful simulator of NetApp ONTAP's REST API (see README.md).

A product of its own: it imports nothing of the bundle that it was written for.
"""

import importlib.metadata

try:
    __version__ = importlib.metadata.version('eic-ontap-simulator')
except importlib.metadata.PackageNotFoundError:
    __version__ = 'not installed'
