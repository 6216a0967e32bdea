"""Which files are whose, and where they are when nobody says."""

from pathlib import Path

import pytest

from eic_plugins.cli.checks import sources
from eic_plugins.cli.checks.configuration import Configuration
from eic_plugins.cli.checks.finding import NotSeenError


@pytest.mark.parametrize(
    ('path', 'service'),
    [
        ('/etc/cinder/cinder.conf', 'cinder'),
        ('/etc/kolla/nova-api/nova.conf', 'nova'),
        ('/srv/glance/etc/volume.conf', 'glance'),
        ('/home/nova/cinder/api.conf', 'cinder'),
        ('/etc/some.conf', None),
    ],
)
def test_a_path_names_its_service(path: str, service: str | None) -> None:
    assert sources.service_of(Path(path)) == service


def test_an_argument_may_say_it() -> None:
    found = sources.find(['nova=/srv/a.conf', '/etc/cinder/b.conf'], ['cinder=/srv/d'])
    assert found['nova'].files == (Path('/srv/a.conf'),)
    assert found['cinder'].files == (Path('/etc/cinder/b.conf'),)
    assert found['cinder'].directories == (Path('/srv/d'),)
    assert found['glance'].files == ()


def test_nothing_is_guessed() -> None:
    with pytest.raises(ValueError, match='Say which service'):
        sources.find(['/srv/a.conf'])


@pytest.mark.parametrize(
    'place',
    [
        'etc/cinder',
        'etc/kolla/cinder-volume',
        'etc/kolla/cinder-api',
        'var/lib/config-data/puppet-generated/cinder/etc/cinder',
    ],
)
def test_packages_and_containers_have_their_places(tmp_path: Path, place: str) -> None:
    directory = tmp_path / place
    directory.mkdir(parents=True)
    (directory / 'cinder.conf').touch()
    assert sources.find(root=tmp_path)['cinder'].all_files() == [
        directory / 'cinder.conf'
    ]


def test_what_is_read_before_and_after_the_file_is_read_so(tmp_path: Path) -> None:
    etc, share = tmp_path / 'etc/cinder', tmp_path / 'usr/share/cinder'
    (etc / 'cinder.conf.d').mkdir(parents=True)
    share.mkdir(parents=True)
    for name in ('cinder.conf', 'cinder.conf.d/b.conf', 'cinder.conf.d/a.conf'):
        (etc / name).touch()
    (share / 'cinder-dist.conf').touch()
    assert sources.find(root=tmp_path)['cinder'].all_files() == [
        share / 'cinder-dist.conf',
        etc / 'cinder.conf',
        etc / 'cinder.conf.d/a.conf',
        etc / 'cinder.conf.d/b.conf',
    ]


def test_where_there_is_none_it_is_said_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(NotSeenError, match=r'no nova\.conf') as caught:
        sources.find(root=tmp_path)['nova'].all_files()
    assert 'nova-api' in caught.value.remedy


def test_what_another_container_has_is_found_there(tmp_path: Path) -> None:
    volume, api = (tmp_path / f'etc/kolla/cinder-{r}' for r in ('volume', 'api'))
    for directory in (volume, api):
        directory.mkdir(parents=True)
    (volume / 'cinder.conf').touch()
    (api / 'api-paste.ini').touch()
    found = Configuration(sources.find(root=tmp_path)['cinder'], {})
    assert found.resolve('/etc/cinder/api-paste.ini') == api / 'api-paste.ini'
    assert found.beside('*.ini') == [api / 'api-paste.ini']
