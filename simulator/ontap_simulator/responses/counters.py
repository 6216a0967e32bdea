"""/cluster/counter/tables."""

from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.models import counters
from ontap_simulator.query import Query
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Answer, Call, collection, instance


def list_tables(call: Call) -> Answer:
    return collection(call, map(counters.table, counters.TABLES), 'name')


def get_table(call: Call) -> Answer:
    record = counters.table(_table_name(call))
    return instance(call, _with_matching(call.query, record, 'counter_schemas'), 'name')


def list_rows(call: Call) -> Answer:
    cluster = call.cluster
    seconds = cluster.clock.time() - cluster.started
    rows = counters.rows(_table_name(call), cluster.nodes, seconds)
    return collection(
        call,
        [_with_matching(call.query, row, 'counters') for row in rows],
        'id',
        'counter_table',
    )


def _table_name(call: Call) -> str:
    if call['name'] not in counters.TABLES:
        raise NoSuchEntryError('name')
    return call['name']


def _with_matching(query: Query, record: Record, key: str) -> Record:
    """Counter resources show only the counters that the query names."""
    wanted = query.get(f'{key}.name')
    if not wanted:
        return record
    only = Query(f'name={wanted}')
    return {**record, key: [c for c in record[key] if only.matches(c)]}
