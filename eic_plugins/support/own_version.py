"""The version of this bundle, as it was installed."""

import importlib.metadata

DISTRIBUTION = 'eic-plugins'
UNKNOWN = 'not installed'


def installed(distribution: str) -> str:
    """What the installed files say; it is not an error to run without any."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN


VERSION = installed(DISTRIBUTION)
