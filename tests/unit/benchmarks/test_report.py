"""Answers as people read them."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import report
from benchmarks.model import Answer, Table, Target


@pytest.fixture
def answers() -> report.Answers:
    return {
        'calls': Answer(
            'How many?',
            (
                Target('calls', 3, 2, is_count=True),
                Target('time', 1.5, 1.2, is_count=False),
                Target('bytes', 0, 0, is_count=True),
            ),
            (Table('Calls', ('driver', 'n'), (('eic', '1'), ('stock', '12'))),),
            {'n': 1},
            ('A note.',),
        ).to_json()
    }


def test_a_terminal_gets_aligned_columns_and_verdicts(answers: report.Answers) -> None:
    lines = report.text(answers).splitlines()
    assert lines[0] == 'calls: How many?'
    assert 'eic       1' in lines
    assert 'stock     12' in lines
    assert [line.split('  ')[-1].strip() for line in lines[-3:]] == [
        'NO',
        'no (a time)',
        'yes',
    ]


def test_the_block_of_the_manual_has_targets_tables_and_notes(
    answers: report.Answers,
) -> None:
    block = report.markdown(report.document(answers, 12.6))
    assert block.startswith(report.BEGIN)
    assert block.endswith(report.END)
    assert ': 13 s on ' in block
    assert '| calls | 2 | 3 | NO |' in block
    assert '| stock | 12 |' in block
    assert '- A note.' in block


def test_the_document_says_of_which_software_it_is(answers: report.Answers) -> None:
    found = report.document(answers, 1)
    assert found['packages']['cinder'] and found['packages']['eic-plugins']
    assert found['answers'] is answers


def test_only_what_is_between_the_markers_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / 'bench.md'
    path.write_text(f'above\n{report.BEGIN}\nold\n{report.END}\nbelow\n')
    report.write_block(path, f'{report.BEGIN}\nnew\n{report.END}')
    assert path.read_text() == (f'above\n{report.BEGIN}\nnew\n{report.END}\nbelow\n')


@pytest.mark.parametrize('text', ['', report.BEGIN, f'{report.END}{report.BEGIN}'])
def test_a_manual_without_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'bench.md'
    path.write_text(text)
    with pytest.raises(ValueError, match='does not have'):
        report.write_block(path, 'new')
    assert path.read_text() == text


def test_the_manual_in_the_repository_has_the_markers() -> None:
    text = (Path(__file__).parents[3] / 'docs/bench.md').read_text()
    assert text.count(report.BEGIN) == text.count(report.END) == 1


def test_what_is_measured_again_stands_in_its_place_with_its_date() -> None:
    def answer(question: str) -> dict[str, Any]:
        return {'question': question, 'targets': [], 'tables': [], 'notes': []}

    last = {
        **report.document({'b': answer('old'), 'c': answer('c?')}, 1),
        'date': '2026-01-01',
    }
    found = {
        **report.document({'b': answer('new'), 'a': answer('a?')}, 1),
        'date': '2026-02-02',
    }
    both = report.updated(last, found, ['a', 'b', 'c'])
    assert list(both['answers']) == ['a', 'b', 'c']
    assert both['answers']['b'] == {**answer('new'), 'date': '2026-02-02'}
    assert both['answers']['c'] == answer('c?')
    assert both['date'] == '2026-01-01'
    assert report.markdown(both).count('Measured again, alone, on 2026-02-02') == 2
