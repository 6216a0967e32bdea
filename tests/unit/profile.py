"""Properties are tested alike on every run, and as long as a machine takes."""

import hypothesis

STABLE = hypothesis.settings(
    derandomize=True, deadline=None, database=None, max_examples=100
)
