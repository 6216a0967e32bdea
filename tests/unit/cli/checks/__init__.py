"""The parts of `eic check` that need no cloud."""
