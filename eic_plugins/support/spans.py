"""Spans of osprofiler: what of a request's time was spent where.

Cinder starts a trace for a request that an operator has asked it for
(``openstack --os-profile KEY``, with ``[profiler] enabled`` in cinder.conf). EIC then
adds its own parts to it. There is nothing to configure here, and without a trace
nothing is done. A span has no location of an image and no query of ONTAP: ids, names
of pools, paths and words of EIC's alone.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from oslo_utils import importutils

# Cinder brings it, Nova may do without it.
_profiler = importutils.try_import('osprofiler.profiler')


@contextlib.contextmanager
def span(name: str, **info: object) -> Iterator[dict[str, Any]]:
    """What is done here is a span of the trace that this thread is in.

    :param info: what is known at its beginning
    :returns: what will be known at its end, to be filled in
    """
    ending: dict[str, Any] = {}
    if _profiler is None or _profiler.get() is None:
        yield ending
        return
    _profiler.start(name, info={'eic': info})
    try:
        yield ending
    except Exception as err:
        # The text may have anything in it.
        ending['error'] = type(err).__name__
        raise
    finally:
        _profiler.stop(info={'eic': ending})
