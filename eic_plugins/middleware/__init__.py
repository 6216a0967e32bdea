"""Paste filters: the API plane."""
