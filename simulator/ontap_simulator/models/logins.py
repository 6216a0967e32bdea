"""Who may log in, and what their roles allow.

Users of the topology have the roles ``admin`` and ``readonly``. Accounts that are
made while the cluster runs have any role, and its privileges are enforced: the
longest path of the role that a request's path begins with decides.
"""

import dataclasses
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence

from ontap_simulator.models.kept import Kept
from ontap_simulator.records import Record, value
from ontap_simulator.topology.model import User

_ITERATIONS = 1000
_READS = frozenset({'GET', 'HEAD', 'OPTIONS'})
_METHODS: Mapping[str, frozenset[str]] = {
    'none': frozenset(),
    'readonly': _READS,
    'read_create': _READS | {'POST'},
    'read_modify': _READS | {'PATCH'},
    'read_create_modify': _READS | {'POST', 'PATCH'},
    'all': _READS | {'POST', 'PATCH', 'DELETE'},
}
ACCESS = tuple(_METHODS)


@dataclasses.dataclass(frozen=True)
class Login:
    """Somebody who is logged in."""

    name: str
    privileges: Sequence[Record]
    svm: str | None = None
    """The SVM that an SVM's account is limited to."""

    def allows(self, method: str, path: str) -> bool:
        """Whether a request is allowed.

        :param path: with ``/api``
        """
        found = [p for p in self.privileges if _covers(str(p['path']), path)]
        if not found:
            return False
        access = max(found, key=lambda privilege: len(privilege['path']))['access']
        return method in _METHODS.get(str(access), frozenset())


class Logins:
    """The users of the topology, and the accounts that were made."""

    def __init__(self, users: Iterable[User], kept: Kept) -> None:
        self._users = {user.name: user for user in users}
        self._kept = kept

    def find(self, name: str, password: str) -> Login | None:
        """Who has that name and password."""
        user = self._users.get(name)
        if user is not None and hmac.compare_digest(
            user.password.encode(), password.encode()
        ):
            access = 'readonly' if user.role == 'readonly' else 'all'
            return Login(name, ({'path': '/', 'access': access},))
        for account in self._kept.collection('accounts').all():
            if account['name'] == name and _may(account, password):
                return self._login(account)
        return None

    def _login(self, account: Record) -> Login:
        svm = account['owner']['name'] if account['scope'] == 'svm' else None
        role = str(value(account, 'role.name'))
        candidates = [
            found
            for found in self._kept.collection('roles').all()
            if found['name'] == role
            and (
                found.get('builtin')
                or value(found, 'owner.uuid') == value(account, 'owner.uuid')
            )
        ]
        privileges = candidates[0]['privileges'] if candidates else ()
        return Login(account['name'], privileges, svm)


def hashed(password: str) -> str:
    """A password as it is kept."""
    salt = secrets.token_hex(16)
    return f'{salt}${_digest(salt, password)}'


def _may(account: Record, password: str) -> bool:
    salt, _, digest = str(account.get('password_hash', '')).partition('$')
    return not account.get('locked') and hmac.compare_digest(
        digest, _digest(salt, password)
    )


def _digest(salt: str, password: str) -> str:
    return hashlib.pbkdf2_hmac(
        'sha256', password.encode(), salt.encode(), _ITERATIONS
    ).hex()


def _covers(template: str, path: str) -> bool:
    pattern = '[^/]+'.join(re.escape(part) for part in template.rstrip('/').split('*'))
    return re.match(f'{pattern}(/|$)', path) is not None
