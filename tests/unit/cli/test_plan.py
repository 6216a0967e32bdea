"""`eic plan` shows routes, costs that were counted, and what to do about refusals."""

import json
import pathlib
from typing import Any

import pytest

from eic_plugins.cli import controller, main, named_images, plan
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.plan_costs import UNKNOWN, cost_of
from eic_plugins.engine import remedies
from eic_plugins.model import CINDER_DOWNLOAD, KnownPool, Plan, Reason, Refusal
from eic_plugins.volume.planning.foresight import Foreseen
from eic_plugins.volume.planning.reports import ReportedPool, reported_pools
from tests.unit.cli.fake_images import FakeImages
from tests.unit.factories import GIB, image

ROOT = pathlib.Path(__file__).parents[3]
NAME = 'host-1@ontap-nfs#127.0.11.1:/gold'
POOL = ReportedPool(
    KnownPool(NAME, 'cluster-a', 'svm_gold', 'uuid', kind='files'),
    {'volume_backend_name': 'gold'},
)
OURS = ('cached', 'flexclone', 'copy_offload', 'adopt', 'download')
REFUSED = tuple(Refusal.of_route('flexclone', reason) for reason in Reason)


pytestmark = pytest.mark.usefixtures('root_logger')


@pytest.fixture
def on_a_controller(monkeypatch: pytest.MonkeyPatch) -> list[Foreseen]:
    """What would be foreseen there."""
    found: list[Foreseen] = []
    monkeypatch.setattr(controller, 'connect', lambda _files: None)
    monkeypatch.setattr(named_images, 'connect', lambda: FakeImages(image(size=GIB)))
    monkeypatch.setattr(plan, 'ask_scheduler', list)
    monkeypatch.setattr(plan, 'foresee', lambda *_: found)
    return found


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main.main(['plan', '--image', 'debian', *arguments])
    return status, capsys.readouterr().out


def test_programs_get_each_refusal_with_its_remedy(
    on_a_controller: list[Foreseen], capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_controller.append(Foreseen(POOL, Plan('download', None, REFUSED), 'a mount'))
    status, out = run(capsys, '-f', 'json')
    (row,) = json.loads(out)
    assert status == 0
    assert (row['Pool'], row['Route'], row['Downloads']) == (NAME, 'download', 1)
    assert row['Seen by'] == 'a mount'
    assert [each['reason'] for each in row['Why not faster']] == [*Reason]
    for each in row['Why not faster']:
        assert each['what_to_do'] == remedies.remedy(Reason(each['reason']))
        assert each['more'] == remedies.anchor(Reason(each['reason']))


def test_people_get_a_line_for_each_refusal(
    on_a_controller: list[Foreseen], capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_controller.append(Foreseen(POOL, Plan('cached', None, REFUSED[:2]), 'a mount'))
    _, out = run(capsys, '-f', 'table', '-c', 'Why not faster')
    lines = [line.strip('| ') for line in out.splitlines() if 'flexclone' in line]
    assert lines == [
        f'{refusal}: {remedies.remedy(refusal.reason)}' for refusal in REFUSED[:2]
    ]


def test_what_this_host_cannot_tell_is_no_success(
    on_a_controller: list[Foreseen], capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_controller.append(Foreseen(POOL, None, 'not seen from this host: why'))
    status, out = run(capsys, '-f', 'json')
    assert status == 1
    assert json.loads(out)[0]['Route'] == 'unknown'


@pytest.mark.parametrize('route', [*OURS, CINDER_DOWNLOAD])
@pytest.mark.parametrize('kind', ['files', 'luns', 'namespaces'])
def test_each_route_of_ours_has_a_cost_in_counts(route: str, kind: str) -> None:
    cost = cost_of(route, kind, image(size=GIB, disk_format='qcow2'))
    assert cost.words != UNKNOWN
    fetched = route in {'download', CINDER_DOWNLOAD}
    assert cost.downloads == fetched
    assert ('convert' in cost.words) == fetched
    assert 'second' not in cost.words


def test_what_a_route_of_somebody_else_costs_is_not_known() -> None:
    assert cost_of('theirs', 'files', image()).words == UNKNOWN


def test_numbers_of_calls_are_those_that_were_counted() -> None:
    answers = json.loads((ROOT / 'docs/bench.json').read_text())['answers']
    counted = {
        (row[0], row[1]): (int(row[3]), int(row[5]))
        for row in answers['calls']['tables'][0]['rows']
        if row[2] == 'eic'
    }
    for situation, pool, route in (
        ('hit', 'images', 'cached'),
        ('hit', 'gold', 'cached'),
        ('first, FlexVol of the image', 'images', 'flexclone'),
        ('first, other FlexVol', 'gold', 'copy_offload'),
    ):
        cost = cost_of(route, 'files', image())
        assert (cost.calls, cost.downloads) == counted[situation, pool]
    on_block = [row for row in answers['block']['tables'][1]['rows'] if row[1] == 'eic']
    assert {int(row[3]) for row in on_block} == {
        cost_of('cached', 'luns', image()).calls
    }


@pytest.mark.parametrize(
    ('fields', 'gib'),
    [
        ({'size': 1}, 1),
        ({'size': GIB + 1}, 2),
        ({'size': 1, 'min_disk': 5}, 5),
        ({'size': 1, 'disk_format': 'qcow2', 'virtual_size': 3 * GIB}, 3),
    ],
)
def test_the_smallest_volume_holds_the_disk(fields: Any, gib: int) -> None:
    assert plan.smallest(image(**fields)) == gib


def test_a_pool_goes_by_all_of_its_names_and_others_pools_are_none_of_ours() -> None:
    place = {'cluster': 'a', 'svm': 'b', 'flexvol': 'c', 'kind': 'luns'}
    found = reported_pools(
        [
            {'name': 'h@ceph#rbd', 'capabilities': {}},
            {
                'name': 'h@san#vol1',
                'capabilities': {
                    'eic': place,
                    'volume_backend_name': 'fast',
                    'netapp_is_flexgroup': 'true',
                },
            },
        ]
    )
    assert [each.known.name for each in found] == ['h@san#vol1']
    assert found[0].names == {'vol1', 'san', 'fast', 'h@san#vol1'}
    assert (found[0].section, found[0].is_flexgroup) == ('san', True)


def test_a_pool_that_nobody_reported_is_told() -> None:
    with pytest.raises(CloudError, match="reported a pool 'gold'"):
        plan.foresee(image(), None, ['gold'], None, [])
