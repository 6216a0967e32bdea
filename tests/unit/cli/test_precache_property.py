"""`eic precache add|list|remove`: the property, and what else wants an image where."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.cli import main, precache, precache_property
from eic_plugins.cli.cloud import CloudError
from eic_plugins.glance.documents import ListedImage
from tests.unit.factories import image

GOLD = 'host-1@ontap-nfs#127.0.11.1:/gold'
POOLS = [
    {'name': GOLD, 'capabilities': {'volume_backend_name': 'nfs'}},
    {'name': 'host-1@other#p', 'capabilities': {}},
]


pytestmark = pytest.mark.usefixtures('root_logger')


class Glance:
    """Images, whose properties can be changed."""

    def __init__(self, *listed: ListedImage) -> None:
        self.listed = {each.image.id: each for each in listed}
        self.client = self.images = self
        self.error: Exception | None = None

    def all(self) -> Iterator[ListedImage]:
        return (each for each in self.listed.values() if not each.hidden)

    def find(self, image_id: str) -> ListedImage | None:
        return self.listed.get(image_id)

    def update(self, image_id: str, remove_props: Any = (), **properties: str) -> None:
        if self.error:
            raise self.error
        now = self.listed[image_id].image.properties
        kept = {key: now[key] for key in now if key not in remove_props}
        self.listed[image_id] = listed(image_id, **{**kept, **properties})


def listed(name: str, **properties: Any) -> ListedImage:
    visibility = properties.pop('visibility', 'public')
    hidden, status = properties.pop('hidden', False), properties.pop('status', 'active')
    return ListedImage(
        image(id=name, properties=properties, status=status),
        name,
        'o',
        visibility,
        hidden,
        properties.get('made', ''),
    )


@pytest.fixture(autouse=True)
def glance(monkeypatch: pytest.MonkeyPatch) -> Iterator[Glance]:
    """A host with Cinder, and a Glance with one image."""
    found = Glance(listed('debian'))
    config.register(cfg.CONF)
    monkeypatch.setattr(precache_property.controller, 'connect', lambda _files: None)
    monkeypatch.setattr(precache_property.named_images, 'connect', lambda: found)
    monkeypatch.setattr(precache_property, 'ask_scheduler', lambda: POOLS)
    yield found
    for option in ('precache_images', 'precache_families'):
        cfg.CONF.clear_override(option, 'eic')


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main.main(['precache', *words, '-f', 'json']) == 0
    return json.loads(capsys.readouterr().out)


def test_pools_are_added_to_the_property_and_taken_out_of_it(
    glance: Glance, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> Any:
        return glance.listed['debian'].image.properties.get('eic_precache')

    (row,) = run(capsys, 'add', 'debian', GOLD, 'nfs')
    assert (row['Pools'], row['Asked by']) == (f'{GOLD},nfs', 'property')
    assert said() == f'{GOLD},nfs'
    run(capsys, 'remove', 'debian', 'nfs')
    assert said() == GOLD
    run(capsys, 'add', 'debian', 'all')
    assert said() == 'all'
    (row,) = run(capsys, 'remove', 'debian')
    assert said() is None
    assert (row['Pools'], row['Asked by']) == ('', '')


@pytest.mark.parametrize(
    ('words', 'says'),
    [
        (['add', 'debian', 'gold'], "no pool or backend 'gold'"),
        (['add', 'ubuntu', 'all'], "the name or id 'ubuntu'"),
        (['remove', 'debian', 'nfs'], "'nfs' is not in the property"),
    ],
)
def test_a_wrong_name_changes_nothing(
    glance: Glance, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main.main(['precache', *words]) == 1
    assert says in capsys.readouterr().err
    assert glance.listed['debian'].image.properties == {}


def test_a_glance_that_says_no_is_told_without_its_words(glance: Glance) -> None:
    glance.error = PermissionError('http://glance.internal/secret')
    with pytest.raises(CloudError) as raised:
        precache_property.write(glance, glance.listed['debian'], frozenset({'all'}))
    assert 'PermissionError' in str(raised.value)
    assert 'secret' not in str(raised.value)


def test_the_list_says_who_asks_and_why_not(
    glance: Glance, capsys: pytest.CaptureFixture[str]
) -> None:
    cfg.CONF.set_override('precache_images', ['configured | nfs'], 'eic')
    cfg.CONF.set_override('precache_families', ['os_distro | 1'], 'eic')
    glance.listed = {
        each.image.id: each
        for each in (
            listed('asks', eic_precache='all'),
            listed('configured'),
            listed('older', os_distro='x', made='1'),
            listed('newest', os_distro='x', made='2'),
            listed('tenants', eic_precache='all', visibility='private'),
            listed('queued', eic_precache='all', status='queued'),
            listed('nobodys'),
        )
    }
    rows = {each['Image']: each for each in run(capsys, 'list')}
    assert {name: (row['Asked by'], row['Pools']) for name, row in rows.items()} == {
        'asks': ('property', 'all'),
        'configured': ('precache_images', 'nfs'),
        'newest': ('precache_families', 'all'),
        'tenants': ('property', ''),
        'queued': ('property', ''),
    }
    assert 'neither public' in rows['tenants']['Why not']
    assert 'not active' in rows['queued']['Why not']
    assert rows['asks']['Why not'] == ''


def test_the_command_without_a_word_is_still_the_one_for_cinders_cache(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(precache.controller, 'connect', lambda _files: None)
    monkeypatch.setattr(precache, '_results', lambda _args: [])
    assert main.main(['precache', '--image', 'debian', '-f', 'json']) == 0
    assert json.loads(capsys.readouterr().out) == []
