"""On a session that only reads, nothing else is sent."""

import pytest

from eic_plugins.ontap.read_only import ReadOnlyError, ReadOnlySession
from eic_plugins.ontap.session import Endpoint, OntapUnreachableError

NOBODY = Endpoint('127.0.0.1', port=9, username='eic', password='no-secret')


@pytest.mark.parametrize('verb', ['post', 'patch'])
def test_a_call_that_writes_is_refused(verb: str) -> None:
    with pytest.raises(ReadOnlyError, match=f'{verb.upper()} /x was not sent'):
        getattr(ReadOnlySession(NOBODY), verb)('/x?y=1', {})


def test_a_call_that_deletes_is_refused() -> None:
    with pytest.raises(ReadOnlyError):
        ReadOnlySession(NOBODY).delete('/x')


def test_a_read_is_sent() -> None:
    with pytest.raises(OntapUnreachableError):
        ReadOnlySession(NOBODY).get('/x')
