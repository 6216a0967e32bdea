"""Paste filters: the API plane. One file per service."""
