"""Whoever answers in ONTAP's place gets neither a request nor the password."""

import pytest
from ontap_simulator.testing import Simulator
from ontap_simulator.tls import certificates

from eic_plugins.ontap.session import Endpoint, OntapSession, OntapUnreachableError


def ask(simulator: Simulator, ca: object) -> object:
    endpoint = Endpoint(
        simulator.host,
        simulator.port,
        username='admin',
        password='admin-secret',
        verify=str(ca),
    )
    return OntapSession(endpoint).get('/api/cluster')


def test_a_certificate_of_another_authority_is_refused_before_anything_is_asked(
    simulator: Simulator, tmp_path: pytest.TempPathFactory
) -> None:
    other = certificates.ensure(tmp_path, tmp_path, simulator.host, 'another').ca
    before = simulator.calls()['last']
    with pytest.raises(OntapUnreachableError, match='certificate is not trusted'):
        ask(simulator, other)
    assert simulator.calls(before)['calls'] == []


def test_the_clusters_own_authority_is_trusted(simulator: Simulator) -> None:
    assert ask(simulator, simulator.ca)['name'] == 'contract'
