"""Whatever stands in a location: a copy inside its export, or a reason."""

import posixpath
import string
from typing import Any
from urllib.parse import quote

from hypothesis import assume, given
from hypothesis import strategies as st

from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.glance.locations.cinder import CinderLocation
from eic_plugins.glance.locations.file import FileLocation
from eic_plugins.glance.locations.nfs import NfsLocation
from eic_plugins.model import ImageCopy, Reason, Refusal, VolumeCopy
from tests.unit.profile import STABLE

READER = LocationReader(
    {'file': FileLocation(), 'nfs': NfsLocation(), 'cinder': CinderLocation()}
)
MOUNT = '/var/lib/glance/images'
SHARE = 'nfs://192.0.2.11/vol/images'

# What parsers have stumbled over, more often than chance would have it.
pieces = st.sampled_from(
    [
        '/',
        '//',
        '.',
        '..',
        '%',
        '%2e',
        '%2E%2e',
        '%2f',
        '%252e',
        '%00',
        '%ff',
        '\0',
        '\n',
        '\\',
        '?',
        '#',
        '@',
        ':',
        '[',
        ']',
        ';',
        ' ',
        'a',
        'B',
        'é',
        '\ud800',
        '~',
        'nfs://',
        'file://',
        'cinder://',
        MOUNT,
        'glance',
        '192.0.2.11',
        '[fd00::1]',
        '[fe80::1%25eth0]',
        '0x7f.1',
        '6f2d3c1a-5b7e-4d8f-9a0b-1c2d3e4f5a6b',
    ]
)
rough = st.one_of(st.text(max_size=30), st.lists(pieces, max_size=8).map(''.join))
prefixes = st.sampled_from(
    [
        '',
        'file://',
        f'file://{MOUNT}/',
        'nfs://',
        'nfs://192.0.2.11/',
        'cinder://',
        'cinder://store/',
    ]
)
urls = st.builds(str.__add__, prefixes, rough)
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), rough),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(rough, inner, max_size=2)
    ),
    max_leaves=4,
)
metadata = st.fixed_dictionaries(
    {},
    optional={
        'share_location': st.one_of(st.just(SHARE), rough.map('nfs://'.__add__), junk),
        'mountpoint': st.one_of(st.just(MOUNT), rough.map('/'.__add__), junk),
        'type': st.one_of(st.just('nfs'), st.just('NFS'), junk),
        'store': rough,
    },
)

labels = st.from_regex(r'[a-z]([a-z0-9-]{0,20}[a-z0-9])?', fullmatch=True)
servers = st.one_of(
    st.lists(labels, min_size=1, max_size=3).map('.'.join), st.ip_addresses().map(str)
)
names = st.text(
    string.ascii_letters + string.digits + ' %._-~é;+&', min_size=1, max_size=12
).filter(lambda name: name not in {'.', '..'})
paths = st.lists(names, min_size=1, max_size=4).map('/'.join)
files = st.builds(ImageCopy, servers, paths.map('/'.__add__))


def nfs_url(copy: Any) -> Any:
    host = f'[{copy.server}]' if ':' in copy.server else copy.server
    return f'nfs://{host}{quote(copy.path)}'


def mounted(url: Any, share: Any = SHARE, mountpoint: Any = MOUNT) -> Any:
    return READER.read(
        Location(
            url, {'share_location': share, 'mountpoint': mountpoint, 'type': 'nfs'}
        )
    )


def goes_only_down(path: Any) -> Any:
    return (
        path.startswith('/')
        and posixpath.normpath(path) == path
        and not path.startswith('//')
        and path.isprintable()
    )


@STABLE
@given(url=urls, about=metadata)
def test_anything_is_read_or_refused_and_nothing_leads_out(
    url: Any, about: Any
) -> None:
    found = READER.read(Location(url, about))
    if isinstance(found, ImageCopy):
        assert goes_only_down(found.path)
        assert found.server
    elif isinstance(found, VolumeCopy):
        assert found.volume_id in url.lower()
    else:
        assert isinstance(found, Refusal)
        assert found.reason in {Reason.LOCATION_INVALID, Reason.LOCATION_UNSUPPORTED}


@STABLE
@given(rest=rough, share=servers, export=paths)
def test_a_file_stays_below_its_export(rest: Any, share: Any, export: Any) -> None:
    copy = ImageCopy(share, f'/{export}')
    found = mounted(f'file://{MOUNT}/{rest}', nfs_url(copy))
    if isinstance(found, ImageCopy):
        assert found.server == copy.server
        assert posixpath.commonpath([found.path, copy.path]) == copy.path
        assert found.path != copy.path


@STABLE
@given(files)
def test_what_is_read_leads_back_to_the_same_copy(copy: Any) -> None:
    read = READER.read(Location(nfs_url(copy), {}))
    assert read == copy
    assert READER.read(Location(nfs_url(read), {})) == read


@STABLE
@given(urls)
def test_any_url_that_is_accepted_leads_back_to_the_same_copy(url: Any) -> None:
    read = READER.read(Location(url, {}))
    if isinstance(read, ImageCopy):
        assert READER.read(Location(nfs_url(read), {})) == read
    if isinstance(read, VolumeCopy):
        assert READER.read(Location(f'cinder://{read.volume_id}', {})) == read


@STABLE
@given(st.uuids(), st.one_of(st.none(), labels))
def test_a_volume_is_found_with_and_without_its_store(
    volume_id: Any, store: Any
) -> None:
    where = f'{store}/{volume_id}' if store else str(volume_id)
    assert READER.read(Location(f'cinder://{where}', {})) == VolumeCopy(str(volume_id))


@STABLE
@given(paths)
def test_an_nfs_path_is_decoded_once_and_a_file_never(path: Any) -> None:
    once = READER.read(Location(f'nfs://192.0.2.11/{quote(path)}', {}))
    twice = READER.read(Location(f'nfs://192.0.2.11/{quote(quote(path))}', {}))
    assert once == ImageCopy('192.0.2.11', f'/{path}')
    assert twice == ImageCopy('192.0.2.11', f'/{quote(path)}')
    assume(path == path.strip())
    literal = mounted(f'file://{MOUNT}/{path}')
    if isinstance(literal, ImageCopy):
        assert literal == ImageCopy('192.0.2.11', f'/vol/images/{path}')


@STABLE
@given(path=paths, mountpoint=paths, slashes=st.sampled_from(['', '/']))
def test_the_mountpoint_may_be_anywhere_and_end_with_a_slash(
    path: Any, mountpoint: Any, slashes: Any
) -> None:
    assume('%' not in path + mountpoint and path == path.strip())
    found = mounted(
        f'file:///{mountpoint}/{path}', SHARE + slashes, f'/{mountpoint}{slashes}'
    )
    assert found == ImageCopy('192.0.2.11', f'/vol/images/{path}')


@STABLE
@given(st.ip_addresses(v=6), st.booleans())
def test_every_form_of_an_address_is_the_same_server(address: Any, upper: Any) -> None:
    long = address.exploded.upper() if upper else address.exploded
    forms = {
        READER.read(Location(f'nfs://[{form}]/a', {}))
        for form in (long, address.compressed)
    }
    assert forms == {ImageCopy(str(address), '/a')}


@STABLE
@given(url=urls, about=metadata, secret=labels.map('secret-'.__add__))
def test_a_refusal_names_no_location(url: Any, about: Any, secret: Any) -> None:
    hidden = {
        key: f'{value}{secret}' if isinstance(value, str) else value
        for key, value in about.items()
    }
    found = READER.read(Location(f'{url}{secret}', hidden))
    if isinstance(found, Refusal):
        assert secret not in f'{found} {found!r} {found.reason.message}'


@STABLE
@given(st.lists(st.builds(Location, urls, metadata), max_size=5))
def test_every_location_is_a_copy_or_a_refusal_and_a_copy_comes_once(
    locations: Any,
) -> None:
    copies, refusals = READER.read_all(locations)
    answers = [READER.read(location) for location in locations]
    assert list(copies) == list(
        dict.fromkeys(answer for answer in answers if not isinstance(answer, Refusal))
    )
    assert list(refusals) == [a for a in answers if isinstance(a, Refusal)]
