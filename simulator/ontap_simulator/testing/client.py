"""A running simulator, as a test sees it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from ontap_simulator.control import PREFIX

_TIMEOUT = 30


class Simulator:
    """What a test can ask of a simulator: its files, its calls, its faults."""

    def __init__(
        self, data_dir: Path, address: tuple[str, int], user: str, password: str
    ) -> None:
        self.data_dir = data_dir
        self.host, self.port = address
        self.ca = data_dir / 'ca.pem'
        self.session = requests.Session()
        """Logged in as the user; a test may call the REST API with it."""
        self.session.auth = (user, password)
        # REQUESTS_CA_BUNDLE would win over the CA below, and a proxy of the
        # environment does not know this machine's loopback.
        self.session.trust_env = False
        self.session.verify = str(self.ca)

    @property
    def origin(self) -> str:
        """The URL that paths such as ``/api/cluster`` are appended to."""
        return f'https://{self.host}:{self.port}'

    def directory(self, svm: str, volume: str) -> Path:
        """The root of a FlexVol on this machine."""
        return self.data_dir / 'volumes' / svm / volume

    def control(self, method: str, path: str, **kwargs: Any) -> Mapping[str, Any]:
        """A call of the control API.

        :param path: below ``/simulator/v1``
        :param kwargs: as :func:`requests.request` takes them
        :raises requests.HTTPError: it was refused
        """
        response = self.session.request(
            method, f'{self.origin}{PREFIX}{path}', timeout=_TIMEOUT, **kwargs
        )
        response.raise_for_status()
        found: Mapping[str, Any] = response.json()
        return found

    def fault(self, kind: str, **parameters: Any) -> str:
        """Set a fault; its id."""
        body = {'kind': kind, **parameters}
        return str(self.control('POST', '/faults', json=body)['id'])

    def calls(self, since: int = 0, user: str | None = None) -> Mapping[str, Any]:
        """The recorded calls after a number, of one user or of all."""
        params: dict[str, int | str] = {'since': since}
        if user:
            params['user'] = user
        return self.control('GET', '/calls', params=params)

    def reset(self) -> None:
        """Leave nothing of the test before: no file, no call, no fault."""
        self.control('POST', '/reset', json={'files': True})

    def close(self) -> None:
        """Close its connections."""
        self.session.close()
