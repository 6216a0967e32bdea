"""The lab: real OpenStack services on loopback, on the ONTAP simulator.

``python -m lab up`` starts it, ``python -m lab down`` stops it; docs/lab.md is
its manual.
"""
