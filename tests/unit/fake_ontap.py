"""An OntapSession that answers from a table and records what it was asked."""

from typing import Any

from eic_plugins.ontap.session import OntapRejectedError


class FakeSession:
    """``answers`` maps (method, path prefix) to a record, error or list."""

    host = 'cluster-a.example.org'

    def __init__(self, answers: Any) -> None:
        self.answers = dict(answers)
        self.calls = []

    def _answer(self, method: Any, path: Any, detail: Any) -> Any:
        self.calls.append((method, path, detail))
        for (wanted, prefix), answer in self.answers.items():
            if wanted == method and path.startswith(prefix):
                found = answer.pop(0) if isinstance(answer, list) else answer
                if isinstance(found, BaseException):
                    raise found
                return found
        raise AssertionError(f'unexpected {method} {path}')

    def get(self, path: Any, patience: Any = None, **params: Any) -> Any:
        return self._answer('GET', path, params)

    def records(self, path: Any, **params: Any) -> Any:
        return self._answer('GET', path, params)['records']

    def post(self, path: Any, body: Any, patience: Any = None, **params: Any) -> Any:
        return self._answer('POST', path, body)

    def patch(self, path: Any, body: Any, **params: Any) -> Any:
        return self._answer('PATCH', path, (body, params))

    def delete(self, path: Any, **params: Any) -> Any:
        return self._answer('DELETE', path, params)


def no_such_file() -> Any:
    return OntapRejectedError(404, '6684674', 'No such file or directory.')


def no_such_job() -> Any:
    return OntapRejectedError(404, '4', "entry doesn't exist")
