"""The other answers that a cluster can give where nobody knows a real one's."""

import dataclasses
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.errors.common import ConfigError
from ontap_simulator.personality import CHOICES, Personality
from ontap_simulator.topology import config

from tests.unit.conftest import DEADLINE, TOPOLOGY, Api, error_code

TRAITS = [(name, choice) for name in CHOICES for choice in CHOICES[name][1:]]


def choose(api: Api, **traits: str) -> None:
    response = api.patch('/simulator/v1/personality', traits)
    assert response.status_int == 200, response.text


def peer(api: Api, one: str, other: str) -> None:
    body = {'svm.name': one, 'peer.svm.name': other, 'applications': ['file_copy']}
    api.ended(api.post('/api/svm/peers', body))


def waited_for(found: Any) -> bool:
    """Whether something becomes true in time."""
    pause = threading.Event()
    for _ in range(DEADLINE * 20):
        if found():
            return True
        pause.wait(0.05)
    return False


def test_every_trait_has_its_first_choice_until_another_is_chosen() -> None:
    assert dataclasses.asdict(Personality()) == {
        name: choices[0] for name, choices in CHOICES.items()
    }


@pytest.mark.parametrize(('name', 'choice'), TRAITS)
def test_a_trait_is_chosen_shown_and_taken_back(
    api: Api, name: str, choice: str
) -> None:
    choose(api, **{name: choice})
    shown = api.get('/simulator/v1/personality').json
    assert shown == {**dataclasses.asdict(Personality()), name: choice}
    api.delete('/simulator/v1/personality')
    assert api.get('/simulator/v1/personality').json == dataclasses.asdict(
        Personality()
    )


@pytest.mark.parametrize('body', [{'clone_owner': 'nobody'}, {'none': 'source'}])
def test_an_unknown_choice_is_refused_and_chooses_nothing(
    api: Api, body: dict[str, str]
) -> None:
    refused = api.patch('/simulator/v1/personality', {'speed': 'slow', **body})
    assert error_code(refused) == '262197'
    assert api.cluster.personality == Personality()


def test_the_topology_file_may_choose() -> None:
    topology = config.parse({**TOPOLOGY, 'personality': {'speed': 'slow'}})
    assert topology.personality == {'speed': 'slow'}


@pytest.mark.parametrize('table', [{'clone_owner': 'nobody'}, {'none': 'source'}])
def test_a_wrong_choice_in_the_topology_file_names_the_right_ones(
    table: dict[str, str],
) -> None:
    with pytest.raises(ConfigError, match='use'):
        config.parse({**TOPOLOGY, 'personality': table})


@pytest.mark.skipif(os.geteuid() != 0, reason='only root gives files away')
def test_a_clone_may_become_roots(api: Api, image: Path) -> None:
    os.chown(image, 1000, 1000)
    image.chmod(0o644)
    choose(api, clone_owner='root')
    api.clone_now('image', 'clone')
    found = (image.parent / 'clone').stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (0, 0, 0o600)


def test_a_rename_may_replace(api: Api, image: Path) -> None:
    choose(api, rename_existing='replaced')
    (image.parent / 'old').write_bytes(b'old')
    content = image.read_bytes()
    url = f'{api.files("vol1")}/image'
    assert api.patch(url, {'path': 'old'}).status_int == 200
    assert (image.parent / 'old').read_bytes() == content
    assert not image.exists()


def test_a_size_may_only_shrink(api: Api, image: Path) -> None:
    choose(api, file_resize='refused')
    url, size = f'{api.files("vol1")}/image', image.stat().st_size
    assert api.patch(url, {'size': size + 1}).status_int == 400
    assert image.stat().st_size == size
    assert api.patch(url, {'size': size - 1}).status_int == 200
    assert image.stat().st_size == size - 1


def test_a_copys_paths_may_have_to_be_relative(api: Api, image: Path) -> None:
    choose(api, copy_path='relative')
    assert api.copy('vol1/image', 'vol2/copy').status_int == 404
    assert api.ended(api.copy()).state == 'success'


def test_a_copys_paths_may_have_to_begin_with_the_volume(api: Api, image: Path) -> None:
    choose(api, copy_path='with_volume')
    assert api.copy().status_int == 404
    assert api.ended(api.copy('vol1/image', 'vol2/copy')).state == 'success'


def test_return_timeout_may_be_ignored(api: Api, image: Path) -> None:
    choose(api, return_timeout='ignored')
    response = api.clone_now('image', 'clone')
    assert response.status_int == 202
    assert api.ended(response).state == 'success'


def test_a_jobs_link_may_lead_nowhere(api: Api, image: Path) -> None:
    choose(api, job_links='missing')
    response = api.clone('image', 'clone')
    href = response.json['job']['_links']['self']['href']
    assert api.get(href).status_int == 404
    assert waited_for((image.parent / 'clone').exists)


@pytest.mark.parametrize(
    ('counts_from', 'made_from', 'copied'),
    [
        ('source', 'svm1', True),
        ('source', 'svm2', False),
        ('destination', 'svm1', False),
        ('destination', 'svm2', True),
    ],
)
def test_a_peering_may_count_in_one_direction(
    api: Api, image: Path, counts_from: str, made_from: str, copied: bool
) -> None:
    choose(api, file_copy_peering=counts_from)
    peer(api, made_from, {'svm1': 'svm2', 'svm2': 'svm1'}[made_from])
    response = api.copy(to='vol3')
    assert (response.status_int == 202) == copied


@pytest.mark.parametrize('path', ['split-status', 'split-loads'])
def test_what_clones_share_may_not_be_shown(api: Api, path: str) -> None:
    choose(api, split_status='empty')
    assert not api.get(f'/api/storage/file/clone/{path}').json['records']
    choose(api, split_status='refused')
    assert error_code(api.get(f'/api/storage/file/clone/{path}')) == '6'


def test_a_link_may_be_followed(api: Api, image: Path) -> None:
    (image.parent / 'link').symlink_to('image')
    assert api.failure(api.clone('link', 'clone')) == '13565952'
    choose(api, symbolic_links='target')
    assert api.clone_now('link', 'clone').status_int == 201
    assert (image.parent / 'clone').read_bytes() == image.read_bytes()


class TestLateClones:
    """NFS shows a clone some time after ONTAP does."""

    @pytest.fixture(autouse=True)
    def late(self, api: Api, image: Path) -> None:
        choose(api, clone_visible='late')
        assert api.clone_now('image', 'clone').status_int == 201

    def test_it_is_seen_by_rest_first(self, api: Api, image: Path) -> None:
        found = api.get(f'{api.files("vol1")}/clone?return_metadata=true')
        assert found.json['size'] == image.stat().st_size
        assert waited_for((image.parent / 'clone').exists)

    def test_it_has_its_name_at_once(self, api: Api) -> None:
        assert error_code(api.clone_now('image', 'clone')) == '13565952'

    def test_it_can_be_renamed_and_deleted(self, api: Api, image: Path) -> None:
        api.patch(f'{api.files("vol1")}/clone', {'path': 'other'})
        assert (image.parent / 'other').exists()
        assert api.delete(f'{api.files("vol1")}/other').status_int == 200
        assert [each.name for each in image.parent.iterdir()] == ['image']


def test_a_slow_cluster_says_the_same_later(api: Api, image: Path) -> None:
    choose(api, speed='slow')
    before = api.get('/simulator/v1/calls').json['last']
    api.clone_now('image', 'clone')
    call = api.calls(f'?since={before}')[-1]
    assert call['seconds'] >= 0.2
    assert (image.parent / 'clone').read_bytes() == image.read_bytes()


def test_luns_may_not_be_made_of_files(api: Api, image: Path) -> None:
    choose(api, private_cli_lun='refused')
    refused = api.post(
        '/api/private/cli/lun',
        {
            'vserver': 'svm1',
            'path': '/vol/vol1/lun',
            'file-path': '/vol/vol1/image',
            'ostype': 'linux',
        },
    )
    assert error_code(refused) == '6'


def test_the_readme_lists_every_trait() -> None:
    readme = Path(__file__).parents[2] / 'README.md'
    table = readme.read_text().partition('## Personalities')[2].partition('\n## ')[0]
    rows = [
        line.split('|')[1].strip(' `') for line in table.splitlines() if '|' in line
    ]
    assert [name for name in rows if name in CHOICES] == list(CHOICES)
    for name, choices in CHOICES.items():
        row = next(line for line in table.splitlines() if f'| `{name}`' in line)
        assert all(f'`{choice}`' in row for choice in choices)
