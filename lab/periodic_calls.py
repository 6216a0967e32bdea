"""Which ONTAP calls the drivers make on a timer, whatever is asked of them.

Pool statistics and housekeeping have nothing to do with the volume that happens to
be created meanwhile.
"""

import json
import re
from typing import Any

_PERIODIC = (
    '/api/cluster/counter/',
    '/api/storage/aggregates',
    '/api/storage/qos/policies',
    '/api/support/ems',
    '/api/storage/file/clone/split-',
    '/api/private/cli/',
    # ZAPI: up to Cinder 28 the clean-up of snapshots.
    '/servlets/',
)
_PERIODIC_PARTS = ('/snapshots',)
_PERIODIC_QUERIES = (
    'space.',
    'efficiency',
    'aggregates',
    # the FlexVols whose snapshots are looked through
    'fields=name,uuid&',
)
LUNS = ('/api/storage/luns', '/api/storage/namespaces')
"""Where the paths of calls about LUNs begin."""
# All LUNs of a FlexVol or an SVM, and all cached images or fills.
_PERIODIC_LUN_QUERY = re.compile(
    r'fields=space\.size,name&|(img-cache|eic-fill)-(%2A|\*)|'
    r'^svm\.name=\w+&fields=svm\.name,[^&]*&max_records=\d+$'
)


def is_periodic(call: dict[str, Any]) -> bool:
    """True for a call of the simulator's record that is made on a timer."""
    path = call['path'].replace('//', '/')
    return (
        path.startswith(_PERIODIC)
        or any(part in path for part in _PERIODIC_PARTS)
        or _lists_volumes(path, json.dumps(call.get('query') or ''))
        or _lists_luns(call['method'], path, str(call.get('query')))
    )


def _lists_volumes(path: str, query: str) -> bool:
    return path.startswith('/api/storage/volumes') and any(
        word in query for word in _PERIODIC_QUERIES
    )


def _lists_luns(method: str, path: str, query: str) -> bool:
    return (
        method == 'GET'
        and path in LUNS
        and _PERIODIC_LUN_QUERY.search(query) is not None
    )
