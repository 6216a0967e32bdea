"""Which ONTAP calls are a volume's, and which are made on a timer."""

import pytest

from lab.periodic_calls import is_periodic

SVM = 'svm.name=svm_block&'
FIELDS = 'fields=svm.name,location.volume.name,uuid'


@pytest.mark.parametrize(
    ('method', 'path', 'query', 'periodic'),
    [
        (
            'GET',
            '/api/storage/luns',
            f'location.volume.name=one&{SVM}fields=space.size,name&max_records=10',
            True,
        ),
        ('GET', '/api/storage/luns', f'{SVM}{FIELDS}&max_records=10', True),
        ('GET', '/api/storage/luns', f'{SVM}name=%2Fvol%2Fone%2Fimg-cache-%2A', True),
        ('GET', '/api/storage/luns', f'{SVM}name=%2Fvol%2Fone%2Fimg-cache-1', False),
        ('GET', '/api/storage/luns', f'{SVM}{FIELDS}&name=/vol/one/volume-1', False),
        ('POST', '/api/storage/luns', '', False),
        ('GET', '/api/cluster/counter/tables', '', True),
        ('POST', '/api/storage/file/clone', '', False),
    ],
)
def test_what_is_asked_on_a_timer(
    method: str, path: str, query: str, periodic: bool
) -> None:
    assert is_periodic({'method': method, 'path': path, 'query': query}) is periodic
