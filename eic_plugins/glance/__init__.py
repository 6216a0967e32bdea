"""Glance as the bundle sees it: access, its images, and where their copies are."""
