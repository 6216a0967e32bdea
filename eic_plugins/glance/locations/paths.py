"""Strict reading of paths and servers, shared by the location plugins."""

import ipaddress
import posixpath
import re
import urllib.parse

from eic_plugins.glance.locations import LocationError
from eic_plugins.model import Reason

_LABEL = r'[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
_NAME = re.compile(rf'{_LABEL}(\.{_LABEL})*')
_LONGEST_NAME = 253
# Resolvers read these as IPv4 addresses in ways of their own.
_NUMERIC = re.compile(r'(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)')
# No zone: it names an interface of one host.
_NETLOC = re.compile(r'(?:\[(?P<ipv6>[^\[\]%]+)\]|(?P<name>[^\[\]:%]+))(?::[0-9]*)?')


def invalid(detail: str) -> LocationError:
    """The error for a location that must not be guessed at."""
    return LocationError(Reason.LOCATION_INVALID, detail)


def split(url: str) -> urllib.parse.SplitResult:
    """``urlsplit`` that refuses what a store never writes.

    Control characters and outer blanks first: ``urlsplit`` and the stores
    would silently remove some.
    """
    if not url.isprintable() or url != url.strip():
        raise invalid('control characters or outer blanks in the URL')
    try:
        parts = urllib.parse.urlsplit(url)
        parts.port  # noqa: B018 - the property is what validates the port
    except ValueError as err:
        raise invalid('not a URL') from err
    if {'?', '#'} & set(url) or parts.username is not None:
        raise invalid('a location has no user, query or fragment')
    return parts


def decoded(quoted: str) -> str:
    """The percent-decoded path of an ``nfs://`` URL, decoded once.

    :raises LocationError: bytes that are not UTF-8, or what
        :func:`absolute_path` refuses
    """
    try:
        path = urllib.parse.unquote(quoted, errors='strict')
    except UnicodeDecodeError as err:
        raise invalid('the path is not UTF-8') from err
    return absolute_path(path)


def absolute_path(path: str) -> str:
    """The path, if it is absolute and goes only down.

    :raises LocationError: relative, with ``.`` or ``..`` segments, empty
        segments or control characters
    """
    if not path.startswith('/') or not path.isprintable():
        raise invalid('the path is not absolute and printable')
    if posixpath.normpath(path) != path or path.startswith('//'):
        raise invalid('the path has ".", ".." or empty segments')
    return path


def server(parts: urllib.parse.SplitResult) -> str:
    """The name or address of an ``nfs://`` URL's server, without the port.

    Names in lower case, addresses in canonical form.
    """
    matched = _NETLOC.fullmatch(parts.netloc)
    if matched is None:
        raise invalid('no NFS server in the URL')
    name = matched['name']
    if name is None:
        return _address(ipaddress.IPv6Address, matched['ipv6'])
    if _NUMERIC.fullmatch(name):
        return _address(ipaddress.IPv4Address, name)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise invalid('no NFS server in the URL')
    return name.lower()


def below(path: str, directory: str) -> str:
    """``path`` relative to ``directory``, which must contain it."""
    prefix = directory.rstrip('/') + '/'
    if not path.startswith(prefix) or path == prefix:
        raise invalid('the file is not below its mountpoint')
    return path[len(prefix) :]


def _address(
    kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address], text: str
) -> str:
    try:
        return str(kind(text))
    except ValueError as err:
        raise invalid('no NFS server in the URL') from err
