"""From a demand to a cached image and a volume: plan, route, fill, clone."""
