"""A backend's pools: which there are, what they have, report and have room for."""
