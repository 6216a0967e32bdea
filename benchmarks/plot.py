"""Draws docs/bench.png from what docs/bench.json holds."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')

from matplotlib import pyplot as plt

from benchmarks.arithmetic import median

_COLORS = {'eic': '#1b6ca8', 'stock': '#c4572d'}
_NAMES = {'eic': 'EIC', 'stock': 'stock driver'}
_SIZE = (11, 8)
_DPI = 110
_LABEL = 20  # characters a line


def draw(results: dict[str, Any], path: Path) -> None:
    """Four panels, EIC and stock in each."""
    answers = results['answers']
    figure, panels = plt.subplots(2, 2, figsize=_SIZE, constrained_layout=True)
    _image_size(panels[0][0], answers['image_size']['numbers'])
    _calls(panels[0][1], answers['calls']['numbers'])
    _simultaneous(panels[1][0], answers['simultaneous']['numbers'])
    _cpu(panels[1][1], answers['cpu']['numbers'])
    # Without the version of matplotlib, which would be a change a release.
    figure.savefig(path, dpi=_DPI, metadata={'Software': None})
    plt.close(figure)


def _image_size(panel: Any, numbers: list[dict[str, Any]]) -> None:
    for driver, color in _COLORS.items():
        rows = [row for row in numbers if row['driver'] == driver]
        panel.plot(
            [row['gib'] for row in rows],
            [median(row['hits']) for row in rows],
            'o-',
            color=color,
            label=f'{_NAMES[driver]}, hit',
        )
        others = [row for row in rows if row['first_elsewhere'] is not None]
        panel.plot(
            [row['gib'] for row in others],
            [row['first_elsewhere'] for row in others],
            's--',
            color=color,
            label=f'{_NAMES[driver]}, first in another FlexVol',
        )
    sizes = sorted({row['gib'] for row in numbers})
    panel.set_xscale('log', base=2)
    panel.set_xticks(sizes, [str(size) for size in sizes])
    panel.set_yscale('log')
    panel.set(title='Seconds until the volume is available', xlabel='image, GiB')
    panel.legend(fontsize=8)


def _calls(panel: Any, numbers: list[dict[str, Any]]) -> None:
    titles = list(dict.fromkeys((row['situation'], row['pool']) for row in numbers))
    _bars(
        panel,
        [f'{title} ({pool})' for title, pool in titles],
        {
            driver: [
                max(
                    len(row['calls'])
                    for row in numbers
                    if (row['driver'], row['situation'], row['pool'])
                    == (driver, title, pool)
                )
                for title, pool in titles
            ]
            for driver in _COLORS
        },
    )
    panel.set(title='ONTAP REST calls of one volume')


def _simultaneous(panel: Any, numbers: list[dict[str, Any]]) -> None:
    images = list(dict.fromkeys(row['image'] for row in numbers))
    rows = {(row['driver'], row['image']): row for row in numbers}
    titles = [
        f'{what}, image {image.split(",")[0].split(":")[0]}'
        for image in images
        for what in ('copies', 'downloads')
    ]
    _bars(
        panel,
        titles,
        {
            driver: [
                value
                for image in images
                for value in (
                    sum(rows[driver, image]['copies'].values()),
                    rows[driver, image]['downloads'],
                )
            ]
            for driver in _COLORS
        },
    )
    panel.set(title='20 simultaneous first volumes over three pools')


def _cpu(panel: Any, numbers: dict[str, Any]) -> None:
    kinds = {'driver': 'in the driver', 'service': 'in cinder-volume'}
    _bars(
        panel,
        list(kinds.values()),
        {
            driver: [numbers[driver][kind]['per_volume'] * 1000 for kind in kinds]
            for driver in _COLORS
        },
    )
    panel.set(title='CPU milliseconds of a hit')


def _bars(panel: Any, titles: list[str], values: dict[str, list[float]]) -> None:
    width = 0.38
    for number, (driver, heights) in enumerate(values.items()):
        bars = panel.bar(
            [place + number * width for place in range(len(titles))],
            heights,
            width,
            color=_COLORS[driver],
            label=_NAMES[driver],
        )
        panel.bar_label(bars, fmt='%.0f', fontsize=8)
    panel.set_xticks(
        [place + width / 2 for place in range(len(titles))],
        [textwrap.fill(title, _LABEL) for title in titles],
        fontsize=8,
    )
    panel.margins(y=0.25)  # room for the legend
    panel.legend(fontsize=8, loc='upper left', ncols=len(values))
