"""Puts answers on the terminal, into docs/bench.json and into docs/bench.md."""

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.model import shown
from lab import tables

BEGIN = '<!-- written by `make bench`: begin -->'
END = '<!-- written by `make bench`: end -->'
_PACKAGES = ('eic-plugins', 'cinder', 'glance', 'netapp_ontap')

Answers = dict[str, dict[str, Any]]


def document(answers: Answers, seconds: float) -> dict[str, Any]:
    """What docs/bench.json holds."""
    return {
        'version': 1,
        'date': datetime.datetime.now(datetime.UTC).date().isoformat(),
        'seconds': round(seconds),
        'cpus': os.cpu_count(),
        'python': platform.python_version(),
        'packages': {name: importlib.metadata.version(name) for name in _PACKAGES},
        'answers': answers,
    }


def updated(
    last: dict[str, Any], results: dict[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """The last run, with what was measured again since then in its place.

    :param last: what docs/bench.json holds
    :param names: all benchmarks, in their order
    """
    answers = {
        **last['answers'],
        **{
            name: {**answer, 'date': results['date']}
            for name, answer in results['answers'].items()
        },
    }
    return {
        **last,
        'answers': {name: answers[name] for name in names if name in answers},
    }


def text(answers: Answers) -> str:
    """All targets and tables, for a terminal."""
    blocks = []
    for name, answer in answers.items():
        lines = [f'{name}: {answer["question"]}', '']
        for table in answer['tables']:
            lines += [table['title'], tables.text(table['header'], table['rows']), '']
        verdicts = _targets(answer)
        lines.append(tables.text(verdicts['header'], verdicts['rows']))
        blocks.append('\n'.join(lines))
    return '\n\n\n'.join(blocks)


def markdown(results: dict[str, Any]) -> str:
    """The generated block of docs/bench.md."""
    packages = ', '.join(
        f'{name} {version}' for name, version in results['packages'].items()
    )
    lines = [
        BEGIN,
        '',
        f'Run on {results["date"]}: {results["seconds"]} s on '
        f'{results["cpus"]} CPUs, Python {results["python"]}, {packages}.',
        '',
    ]
    for name, answer in results['answers'].items():
        lines += [f'### {name}', '', answer['question'], '']
        if 'date' in answer:
            lines += [f'Measured again, alone, on {answer["date"]}.', '']
        for table in (_targets(answer), *answer['tables']):
            shown_table = tables.markdown(table['header'], table['rows'])
            lines += [f'{table["title"]}:', '', shown_table, '']
        lines += [f'- {note}' for note in answer['notes']]
        lines += [''] if answer['notes'] else []
    return '\n'.join([*lines, END])


def write_block(path: Path, block: str) -> None:
    """Replace what is between the two markers of a file.

    :raises ValueError: the file does not have both of them once, in order
    """
    whole = path.read_text(encoding='utf-8')
    before, begun, rest = whole.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f'{path} does not have the lines {BEGIN} and {END}.')
    path.write_text(before + block + after, encoding='utf-8')


def _targets(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        'title': 'Targets',
        'header': ('target', 'at most', 'EIC', 'met'),
        'rows': [
            (
                target['what'],
                shown(target['limit']),
                shown(target['measured']),
                _verdict(target),
            )
            for target in answer['targets']
        ],
    }


def _verdict(target: dict[str, Any]) -> str:
    if target['met']:
        return 'yes'
    return 'NO' if target['is_count'] else 'no (a time)'
