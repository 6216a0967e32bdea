"""Prometheus metrics in files: declared, counted in a process, read, put together."""
