"""Asks the simulated clusters as the lab's operator, whose calls count for nobody."""

from typing import Any

import requests

from lab import simulator
from lab.context import Lab
from lab.specs import ClusterSpec

_TIMEOUT = 10
_CONTROL = '/simulator/v1'
_ONTAP = '/api'


class ClusterApi:
    """One cluster's REST API, and the control API of its simulator.

    Both raise requests' exceptions, also for an answer of 400 and above.
    """

    def __init__(self, lab: Lab, cluster: ClusterSpec) -> None:
        self._url = lab.ports.cluster_url(cluster)
        self._session = requests.Session()
        # REQUESTS_CA_BUNDLE would go before our own CA.
        self._session.trust_env = False
        self._session.auth = ('lab', lab.secrets['ontap-lab'])
        self._session.verify = str(simulator.ca_file(lab))

    def control(self, method: str, path: str, **fields: Any) -> Any:
        """What the control API answers; ``fields`` as requests takes them."""
        return self._ask(method, _CONTROL + path, **fields)

    def ontap(self, method: str, path: str, **fields: Any) -> Any:
        """What ONTAP answers."""
        return self._ask(method, _ONTAP + path, **fields)

    def release(self) -> str:
        """The ONTAP release that it says it has, as 9.15.1."""
        version = self.ontap('GET', '/cluster', params={'fields': 'version'})['version']
        return '.'.join(str(version[part]) for part in ('generation', 'major', 'minor'))

    def _ask(self, method: str, path: str, **fields: Any) -> Any:
        answer = self._session.request(
            method, self._url + path, timeout=_TIMEOUT, **fields
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None
