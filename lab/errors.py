"""Errors that end a lab command: one sentence, and what to do about it."""


class LabError(Exception):
    """Something is wrong that the person at the keyboard can put right."""


class CancelledError(LabError):
    """Another step failed, or Ctrl-C was pressed: give up at once."""
