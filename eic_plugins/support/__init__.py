"""Tools that know nothing of images: breaker, memories, names, threads, plugins."""
