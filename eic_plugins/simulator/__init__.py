"""A stateful simulator of NetApp ONTAP's REST API (see docs/simulator.md).

A product of its own: it imports nothing of the rest of this package.
"""
