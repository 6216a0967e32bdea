"""Glance as the bundle sees it: the client, and where an image's copies are."""
