"""Walks through docs/debian.md in a Debian 13 of its own: ``make debian-walk``.

The page is what is tested: its fenced blocks are run and its files are written, in the
order in which they stand there. What is not on the page is what a data center has
already: packages, an ONTAP (the simulator), names of hosts.
"""
