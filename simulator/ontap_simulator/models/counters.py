"""Performance counters: those that Cinder's drivers read.

They grow with the clock as on a node that is 10 % busy.
"""

import dataclasses
from collections.abc import Mapping

from ontap_simulator.models.nodes import Node
from ontap_simulator.records import Record, link

_BUSY = 0.10
_MICRO = 1_000_000
_MILLI = 1_000


@dataclasses.dataclass(frozen=True)
class Counter:
    """How a counter grows: units per second, or one such rate per label."""

    rates: tuple[float, ...]
    denominator: str | None = None
    labels: tuple[str, ...] = ()

    def value(self, seconds: float) -> Record:
        """The counter after so many seconds."""
        if not self.labels:
            return {'value': int(self.rates[0] * seconds)}
        return {
            'values': [int(rate * seconds) for rate in self.rates],
            'labels': list(self.labels),
        }

    def schema(self, name: str) -> Record:
        """The counter's entry in its table's description."""
        schema: Record = {
            'name': name,
            'type': 'percent' if self.denominator else 'delta',
            'description': name.replace('_', ' '),
            'unit': 'none',
        }
        if self.denominator:
            schema['denominator'] = {'name': self.denominator}
        return schema


_SYSTEM = {
    'average_processor_busy_percent': Counter((_BUSY * _MICRO,), 'cpu_elapsed_time'),
    'cpu_elapsed_time': Counter((_MICRO,)),
    'cpu_elapsed_time1': Counter((_MICRO,)),
}

TABLES: Mapping[str, Mapping[str, Counter]] = {
    'system:constituent': _SYSTEM,
    'system': _SYSTEM,
    'wafl': {
        'total_cp_msecs': Counter((_BUSY * _MILLI,)),
        'cp_phase_times': Counter(
            (0.01 * _MILLI, 0.05 * _MILLI, 0.04 * _MILLI),
            'total_cp_msecs',
            ('cp_setup', 'cp_p2_flush', 'cp_p4_finish'),
        ),
    },
    'processor': {
        'domain_busy_percent': Counter(
            (0.9 * _MICRO, 0.05 * _MICRO, 0.05 * _MICRO),
            'elapsed_time',
            ('idle', 'kahuna', 'exempt'),
        ),
        'elapsed_time': Counter((_MICRO,)),
    },
}


def table(name: str) -> Record:
    """A counter table as ``/cluster/counter/tables`` shows it."""
    return {
        'name': name,
        'description': f'Counters of {name}.',
        'counter_schemas': [
            counter.schema(key) for key, counter in TABLES[name].items()
        ],
        '_links': link(f'/cluster/counter/tables/{name}'),
    }


def rows(name: str, nodes: list[Node], seconds: float) -> list[Record]:
    """The rows of a table, one for each node."""
    return [
        {
            'id': f'{node.name}:{name.partition(":")[0]}0',
            'counter_table': {'name': name},
            'properties': [{'name': 'node.name', 'value': node.name}],
            'counters': [
                {'name': key, **counter.value(seconds)}
                for key, counter in TABLES[name].items()
            ],
        }
        for node in nodes
    ]
