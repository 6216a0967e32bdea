"""What `make tempest` makes of tempest's results."""

import json
from pathlib import Path

import pytest

from tests.tempest import groups, known, results, suite, table
from tests.tempest.groups import GROUPS
from tests.tempest.known import Known
from tests.tempest.results import Found

TEST = 'tempest.api.volume.test_groups.GroupsTest.test_all'
TRACEBACK = """Traceback (most recent call last):
  File "/somewhere/test_groups.py", line 3, in test_all
    raise it
tempest.lib.exceptions.TimeoutException: Request timed out
Details: volume 1b2c3d4e-0000-1111-2222-333344445555 is still creating
"""
ERROR = (
    'tempest.lib.exceptions.TimeoutException: Request timed out '
    'Details: volume … is still creating'
)
KNOWN = (
    Known(
        'tempest.api.volume.test_groups.', 'timed out', 'stock', 'it cannot', ('stock',)
    ),
)


def failing() -> Found:
    return Found(1, {TEST: ERROR}, {})


@pytest.mark.parametrize(
    ('test', 'group'),
    [
        ('tempest.api.volume.admin.test_x.T.test_y', 'volume'),
        ('cinder_tempest_plugin.api.volume.test_x.T.test_y', 'cinder-plugin'),
        ('tempest.api.compute.servers.test_x.T.test_y', 'servers'),
        ('tempest.api.compute.volumes.test_x.T.test_y', 'server-volumes'),
        ('tempest.scenario.test_volume_boot_pattern.T.test_y', 'scenario'),
        ('tempest.scenario.test_network_basic_ops.T.test_y', None),
        ('eic_plugins.tempest_plugin.tests.test_volumes.T.test_y', 'eic'),
        ('tempest.api.volumes_of_others.T.test_y', None),
    ],
)
def test_a_test_is_of_one_group(test: str, group: str | None) -> None:
    found = groups.of(test)
    assert (found.name if found else None) == group
    assert sum(each.has(test) for each in GROUPS) == (group is not None)


def test_a_class_that_failed_or_was_skipped_is_of_its_group() -> None:
    assert suite.bare(f'setUpClass ({TEST})') == f'{TEST}.setUpClass'
    assert suite.bare(TEST) == TEST


@pytest.mark.parametrize(
    'changes',
    [
        '1b2c3d4e-0000-1111-2222-333344445555',
        '1b2c3d4e000011112222333344445555',
        '1764287000',
        '0x7fe9573f39a0',
    ],
)
def test_what_differs_in_each_run_is_not_kept(changes: str) -> None:
    assert results.error(f'Error: not in <map object at {changes}>') == (
        'Error: not in <map object at …>'
    )


def test_a_group_has_its_counts_errors_and_reasons_of_skips() -> None:
    found = results.found(
        [
            {'id': 'a.test_one', 'status': 'success', 'text': ''},
            {'id': f'{TEST}[id-1,smoke]', 'status': 'fail', 'text': TRACEBACK},
            {'id': 'a.test_two', 'status': 'skip', 'text': 'no network'},
            {'id': 'a.test_three', 'status': 'skip', 'text': 'no network'},
            {'id': 'a.test_four', 'status': 'inprogress', 'text': ''},
        ]
    )
    assert found == Found(1, {TEST: ERROR, 'a.test_four': ''}, {'no network': 2})


def test_a_group_without_tests_is_an_error() -> None:
    with pytest.raises(suite.SuiteError, match='cinder-plugin'):
        suite.by_group([{'id': TEST, 'status': 'success', 'text': ''}], GROUPS[:2])


def test_an_explained_failure_surprises_nobody() -> None:
    assert not list(known.surprises({'stock': {'volume': failing()}}, GROUPS, KNOWN))


def test_the_same_failure_on_the_other_side_is_a_surprise() -> None:
    found = {'eic': {'volume': failing()}, 'stock': {'volume': failing()}}
    (surprise,) = known.surprises(found, GROUPS, KNOWN)
    assert surprise == f'eic: {TEST}: {ERROR}'


def test_another_error_of_the_same_test_is_a_surprise() -> None:
    found = {'stock': {'volume': Found(0, {TEST: 'builtins.KeyError: x'}, {})}}
    surprises = list(known.surprises(found, GROUPS, KNOWN))
    assert f'stock: {TEST}: builtins.KeyError: x' in surprises


def test_an_explanation_that_fits_nothing_any_more_is_a_surprise() -> None:
    there = (Known('tempest.api.volume.test_groups.', '', 'stock', 'it cannot'),)
    found = {'stock': {'volume': Found(3)}, 'eic': {'servers': Found(1)}}
    (surprise,) = known.surprises(found, GROUPS, there)
    assert 'passes now' in surprise


def test_an_explanation_is_of_a_group_that_is_run() -> None:
    for each in (*known.KNOWN, *KNOWN):
        assert groups.of(each.test) is not None
        assert each.whose in {'stock', 'lab', 'eic', 'tempest'}


def test_what_a_run_found_takes_the_place_of_its_groups_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, 'KEPT', tmp_path / 'kept.json')
    table.keep('eic', {'volume': failing(), 'servers': Found(5)}, {'tempest': '1'})
    table.keep('eic', {'volume': Found(2)}, {'tempest': '2'})
    assert table.results() == {'eic': {'volume': Found(2), 'servers': Found(5)}}
    assert json.loads((tmp_path / 'kept.json').read_text())['versions'] == {
        'tempest': '2'
    }


def test_the_page_has_both_sides_and_what_was_not_run() -> None:
    found = {
        'eic': {'volume': Found(2, {}, {'no *network*': 3})},
        'stock': {'volume': failing()},
    }
    lines = list(table.render(found, {'tempest': '47.0.0'}))
    assert 'Of tempest 47.0.0.' in lines
    assert '| `tempest.api.volume` | 2 | 0 | 3 | 1 | 1 | 0 |' in lines
    assert any('not run' in line for line in lines)
    assert r'| no \*network\* | 3 | 0 |' in lines
    assert any(f'`{TEST}` | stock |' in line for line in lines)


def test_the_page_is_what_was_found() -> None:
    """Run ``python -m tests.tempest --write``."""
    told = table.PAGE.read_text().partition('begin -->\n')[2].partition('<!--')[0]
    assert told.splitlines() == list(
        table.render(table.results(), table.kept()['versions'])
    )


def test_nothing_that_was_found_is_unexplained() -> None:
    assert list(known.surprises(table.results(), GROUPS)) == []
