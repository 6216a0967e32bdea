"""What a role lacks is found by its privileges, and by trying reads."""

from typing import Any

import pytest

from eic_plugins.ontap.session import OntapForbiddenError, OntapRejectedError
from eic_plugins.ontap.survey import Survey

ROLE = '/api/security/roles'
COPY = '/api/storage/file/copy'


class Session:
    """Answers what it is told; a path that it does not know it has not."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def get(self, path: Any, **_params: Any) -> Any:
        found = self.answers.get(path.removeprefix('/api/'), {'records': []})
        if isinstance(found, Exception):
            raise found
        return found


def lacking(kinds: Any, privileges: Any) -> Any:
    session = Session(
        **{
            'security/accounts': {'records': [{'role': {'name': 'openstack'}}]},
            'security/roles': {
                'records': [
                    {'privileges': [{'path': p, 'access': a} for p, a in privileges]}
                ]
            },
        }
    )
    found = Survey(session).forbidden('cinder', frozenset(kinds))
    return {(each.path, each.level) for each in found}


def test_a_role_with_everything_lacks_nothing() -> None:
    assert lacking({'nfs', 'luns', 'namespaces'}, [('/api', 'all')]) == set()


def test_the_longest_path_that_fits_decides() -> None:
    found = lacking({'nfs'}, [('/api', 'all'), ('/api/storage/file', 'readonly')])
    assert found == {('/api/storage/file/clone', 'read_create'), (COPY, 'read_create')}


@pytest.mark.parametrize(
    ('level', 'enough'),
    [
        ('all', True),
        ('read_create', True),
        ('read_create_modify', True),
        ('readonly', False),
        ('none', False),
    ],
)
def test_levels_that_include_another_one_are_enough(level: str, enough: bool) -> None:
    found = lacking({'nfs'}, [('/api', 'all'), (COPY, level)])
    assert found == (set() if enough else {(COPY, 'read_create')})


def test_of_block_pools_other_paths_are_asked_for() -> None:
    assert lacking({'luns'}, [('/api', 'readonly')]) == {
        ('/api/storage/luns', 'all'),
        ('/api/cluster/jobs', 'read_modify'),
    }


def test_where_privileges_cannot_be_read_reads_are_tried() -> None:
    refused = OntapForbiddenError(403, '6', 'no')
    session = Session(
        **{
            'security/accounts': OntapRejectedError(404, '3', 'none'),
            'storage/file/clone/split-loads': refused,
            'svm/peers': refused,
        }
    )
    found = Survey(session).forbidden('cinder', frozenset({'nfs'}))
    assert {(each.path, each.needed) for each in found} == {
        ('/api/storage/file/clone/split-loads', False),
        ('/api/svm/peers', True),
    }


def test_what_may_not_be_read_is_none_and_no_empty_list() -> None:
    session = Session(
        **{'cluster/licensing/licenses': OntapForbiddenError(403, '6', '')}
    )
    assert Survey(session).licences() is None
    assert Survey(Session()).licences() == frozenset()
