"""`eic` answers in sentences, and says what to do when it cannot."""

import importlib.metadata
import json
import re
from typing import Any

import pytest

from eic_plugins.cli import explain_volume, main
from eic_plugins.engine import remedies, routes
from eic_plugins.model import CINDER_DOWNLOAD, Outcome, Reason, Refusal

VOLUME = {'id': '7d3a3f0e', 'name': 'v1', 'status': 'available'}


pytestmark = pytest.mark.usefixtures('root_logger')


def told(**metadata: object) -> list[str]:
    return list(explain_volume.explain_volume({**VOLUME, 'metadata': metadata}))


def explained(reason: Reason) -> str:
    return (
        f'{reason.message} ({reason}). What to do: {remedies.remedy(reason)}. '
        f'More: {remedies.anchor(reason)}'
    )


def outcome(route: str, *refused: tuple[str, Reason]) -> Outcome:
    return Outcome(route, tuple(Refusal.of_route(*pair) for pair in refused), 0.4, 1024)


@pytest.fixture(autouse=True)
def no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('OS_CLOUD', 'OS_AUTH_URL', 'OS_AUTH_TYPE'):
        monkeypatch.delenv(name, raising=False)


def test_a_volumes_outcome_is_told_with_the_meaning_of_each_reason() -> None:
    assert told(
        **outcome(
            'copy_offload',
            ('cached', Reason.NOT_CACHED),
            ('flexclone', Reason.OTHER_FLEXVOL),
        ).to_metadata()
    ) == [
        'Volume 7d3a3f0e is available.',
        "Route copy_offload: its pool's cached image was copied inside the "
        'cluster, and the volume cloned from that.',
        'EIC took 0.400 s for it and kept 1024 bytes off the host.',
        'Why not faster:',
        f'- cached: {explained(Reason.NOT_CACHED)}',
        f'- flexclone: {explained(Reason.OTHER_FLEXVOL)}',
    ]


@pytest.mark.parametrize('route', [*(r.name for r in routes.load()), CINDER_DOWNLOAD])
def test_every_route_of_ours_is_explained(route: str) -> None:
    assert 'somebody else' not in told(**outcome(route).to_metadata())[1]


@pytest.mark.parametrize('reason', Reason)
def test_every_reason_is_explained(reason: Reason) -> None:
    assert told(**outcome(CINDER_DOWNLOAD, ('all', reason)).to_metadata())[-1] == (
        f'- all routes: {explained(reason)}'
    )


def test_a_hit_has_no_faster_route() -> None:
    assert told(**outcome('cached').to_metadata())[-1] == (
        'No faster route was refused.'
    )


def test_a_volume_without_an_outcome_says_where_else_to_look() -> None:
    assert 'The log of cinder-volume' in told(users_own='key')[-1]
    assert 'The log of cinder-volume' in list(explain_volume.explain_volume(VOLUME))[-1]


def noted(note: object, **metadata: object) -> list[str]:
    return list(
        explain_volume.explain_volume(
            {
                **VOLUME,
                'metadata': metadata,
                'volume_image_metadata': {'eic_outcome': note},
            }
        )
    )


def test_a_volume_with_metadata_of_its_own_is_explained_all_the_same() -> None:
    made = outcome('copy_offload', ('cached', Reason.NOT_CACHED))
    assert noted(made.to_note(VOLUME['id']), own='key') == told(**made.to_metadata())


@pytest.mark.parametrize(
    'note',
    [
        outcome('cached').to_note('another volume'),
        '',
        '[]',
        '{"volume": 7}',
        '{',
        7,
        None,
        '[' * 100_000,
    ],
)
def test_a_note_of_another_volume_or_made_up_is_none(note: object) -> None:
    assert noted(note) == told()


def test_metadata_that_was_cut_off_or_made_up_is_no_error() -> None:
    lines = told(eic_route='mine', eic_refused='cached=not_cac,x,,flexclone')
    assert lines[1] == 'Route mine: a plugin of somebody else.'
    assert [line.partition(':')[0] for line in lines[-3:]] == [
        '- cached',
        '- x',
        '- flexclone',
    ]


def test_an_owner_cannot_send_commands_to_an_operators_terminal() -> None:
    lines = told(eic_route='cached\x1b]0;owned\x07', eic_seconds='1\n2')
    assert all(line.isprintable() for line in lines)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main.main(arguments)
    return code, *capsys.readouterr()


def test_all_reasons_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, 'reasons', '-f', 'json')
    assert code == 0
    assert json.loads(out) == [
        {
            'Reason': reason.value,
            'Meaning': reason.message,
            'What to do': remedies.remedy(reason),
            'Read more': remedies.anchor(reason),
        }
        for reason in Reason
    ]


def test_only_the_reasons_that_are_asked_for_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, 'reasons', 'encrypted', '-f', 'value', '-c', 'Reason')
    assert (code, out) == (0, 'encrypted\n')


def test_a_reason_that_there_is_not_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match='2'):
        main.main(['reasons', 'slow'])
    assert "'slow'" in capsys.readouterr().err


def test_without_credentials_it_says_how_to_give_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = run(capsys, 'explain', 'v1')
    assert code == 1
    assert 'OS_AUTH_URL' in err
    assert 'OS_CLOUD' in err


def test_a_shell_that_completes_words_knows_every_command_and_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, completion, _ = run(capsys, 'complete')
    for each in importlib.metadata.entry_points(group='eic.cli'):
        command: Any = each.load()
        options = command(None, None).get_parser('eic')._option_string_actions
        (line,) = re.findall(f"^  cmds_{each.name}='(.*)'$", completion, re.M)
        assert {*options} <= {*line.split()}
