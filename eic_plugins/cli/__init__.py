"""``eic``: says why a volume was fast or slow, in sentences."""
