"""A stateful simulator of NetApp ONTAP's REST API (see README.md).

A product of its own: it imports nothing of the bundle that it was written for.
"""

__version__ = '0.1.0'
