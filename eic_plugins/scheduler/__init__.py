"""The scheduler plane: the weigher, and how near a pool is to an image."""
