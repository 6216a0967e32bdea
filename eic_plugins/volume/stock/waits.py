"""How long the stock driver's client may wait when ONTAP says that it is too busy.

The client sleeps as long as ``Retry-After`` says (urllib3: six hours at most), and
sends no POST a second time. That is so for the stock driver's own volumes, and EIC
leaves it so. While EIC makes a volume or a cached image, the client does as EIC's own
session does: a wait takes :data:`~eic_plugins.ontap.throttling.PATIENCE` at most, and
what was refused with 429 is sent again, for ONTAP has not executed it. Nothing is to
be configured.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Self

from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.util import Retry

from eic_plugins.ontap.session import OntapRejectedError, rejected
from eic_plugins.ontap.throttling import PATIENCE

_WRAPPED = '_eic_bounded'


@dataclasses.dataclass
class _Work:
    """What EIC has the client do; why ONTAP would not do it in time."""

    refusal: OntapRejectedError | None = None


_work: contextvars.ContextVar[_Work | None] = contextvars.ContextVar(
    'eic_work_of_the_stock_client', default=None
)


@contextlib.contextmanager
def bounded(client: Any) -> Iterator[None]:
    """As long as it lasts, this thread's calls of the client wait for a short time.

    :param client: the stock driver's REST client
    :raises OntapBusyError: something failed because a call was to wait for longer
    """
    _have_it_ask(client.connection)
    work = _Work()
    token = _work.set(work)
    try:
        yield
    except Exception as err:
        if work.refusal is not None:
            raise work.refusal from err
        raise
    finally:
        _work.reset(token)


def _have_it_ask(connection: Any) -> None:
    """The client makes a session for each call, with what it retries.

    The legacy client (ZAPI) of some releases has none, and waits for nothing.
    """
    build = getattr(connection, '_build_session', None)
    if build is None or hasattr(connection, _WRAPPED):
        return

    def build_session(*args: Any, **kwargs: Any) -> None:
        build(*args, **kwargs)
        for adapter in connection._session.adapters.values():
            stock = adapter.max_retries
            adapter.max_retries = _Bounded(
                total=stock.total,
                connect=stock.connect,
                read=stock.read,
                backoff_factor=stock.backoff_factor,
            )

    connection._build_session = build_session
    setattr(connection, _WRAPPED, True)


class _Bounded(Retry):
    """Does as the client's own did where EIC has nothing to do with a call."""

    def is_retry(
        self, method: str, status_code: int, has_retry_after: bool = False
    ) -> bool:
        if _work.get() and status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return has_retry_after
        return super().is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        """
        :raises MaxRetryError: as urllib3 wants it, where the wait is too long
        """
        work = _work.get()
        if work and response is not None:
            told = self.get_retry_after(response) or 0
            if told > PATIENCE or not self.total:
                work.refusal = rejected(
                    response.status,
                    {
                        'message': "the stock driver's client was told to wait for "
                        f'{told:.0f} s before it sends its {method} again'
                    },
                )
                reason = ResponseError(str(work.refusal))
                raise MaxRetryError(_pool, url or '', reason)
        return super().increment(method, url, response, error, _pool, _stacktrace)
