"""Tools that know nothing of images: clock, memory, breaker, threads, plugins."""
