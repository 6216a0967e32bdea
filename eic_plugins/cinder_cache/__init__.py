"""Cinder's own image-volume cache: what it has, and how EIC fills it."""
