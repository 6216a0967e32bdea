"""Strict reading of paths and servers, shared by the location plugins."""

import posixpath
import re
import urllib.parse

from eic_plugins.locations import LocationError
from eic_plugins.model import Reason

_SERVER = re.compile(r'^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$')
_IPV6 = re.compile(r'^[0-9A-Fa-f:.]+$')


def invalid(detail: str) -> LocationError:
    """The error for a location that must not be guessed at."""
    return LocationError(Reason.LOCATION_INVALID, detail)


def split(url: str) -> urllib.parse.SplitResult:
    """``urlsplit`` that refuses what a store never writes.

    Control characters first: ``urlsplit`` would silently remove some.
    """
    if not url.isprintable():
        raise invalid('control characters in the URL')
    try:
        parts = urllib.parse.urlsplit(url)
        parts.port  # noqa: B018 - the property is what validates the port
    except ValueError as err:
        raise invalid('not a URL') from err
    if parts.query or parts.fragment or parts.username is not None:
        raise invalid('a location has no user, query or fragment')
    return parts


def absolute_path(quoted: str) -> str:
    """The percent-decoded path, if it is absolute and goes only down.

    :raises LocationError: relative, with ``.`` or ``..`` segments, empty
        segments, control characters or bytes that are not UTF-8
    """
    try:
        path = urllib.parse.unquote(quoted, errors='strict')
    except UnicodeDecodeError as err:
        raise invalid('the path is not UTF-8') from err
    if not path.startswith('/') or not path.isprintable():
        raise invalid('the path is not absolute and printable')
    if posixpath.normpath(path) != path or path.startswith('//'):
        raise invalid('the path has ".", ".." or empty segments')
    return path


def server(parts: urllib.parse.SplitResult) -> str:
    """The host name or address of an ``nfs://`` URL, without the port."""
    name = parts.hostname or ''
    pattern = _IPV6 if ':' in name else _SERVER
    if not pattern.match(name):
        raise invalid('no NFS server in the URL')
    return name


def below(path: str, directory: str) -> str:
    """``path`` relative to ``directory``, which must contain it."""
    prefix = directory.rstrip('/') + '/'
    if not path.startswith(prefix) or path == prefix:
        raise invalid('the file is not below its mountpoint')
    return path[len(prefix):]
