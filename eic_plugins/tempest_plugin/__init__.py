"""Tempest plugin: what a user and an admin see of the bundle, tested on any cloud.

It needs tempest (``pip install 'eic-plugins[tempest]'``), and nothing of the services:
all that it looks at comes over their APIs.
"""
