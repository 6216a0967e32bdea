"""The released scheduler says over RPC which pools this deployment has.

Cinder's own client, message bus (in memory) and host manager; only its table
of services is what the test says.
"""

import threading

import oslo_messaging
import pytest
from cinder.scheduler import rpcapi

from eic_plugins.model import KnownPool
from eic_plugins.volume.pools import deployment
from eic_plugins.volume.pools.deployment import Deployment
from tests.functional import release

OWN = KnownPool('eic@own#gold', 'cluster-a', 'svm_gold', 'uuid-gold')
OTHER = KnownPool(
    'eic@other#silver',
    'cluster-a',
    'svm_silver',
    'uuid-silver',
    frozenset({'an-image'}),
)
CAPABILITIES = {
    'volume_backend_name': 'other',
    'timestamp': None,
    'pools': [
        {
            'pool_name': 'silver',
            'eic': {
                'cluster': 'cluster-a',
                'svm': 'svm_silver',
                'flexvol': 'uuid-silver',
                'cached': ['an-image'],
            },
        },
        {'pool_name': 'of_another_driver'},
    ],
}


class Endpoint:
    """The part of the scheduler's manager that is asked."""

    target = oslo_messaging.Target(version=rpcapi.SchedulerAPI.RPC_API_VERSION)

    def __init__(self):
        # Only where Cinder's objects are registered.
        from cinder.scheduler import host_manager  # noqa: PLC0415

        self.asked = threading.Event()
        self.manager = host_manager.HostManager()
        state = host_manager.BackendState('eic@other', None)
        state.update_from_volume_capability(CAPABILITIES)
        self.manager.backend_state_map = {'eic@other': state}
        self.manager._update_backend_state_map = lambda _context: None

    def get_pools(self, context, filters=None):
        self.asked.set()
        return self.manager.get_pools(context, filters)


@pytest.fixture
def scheduler(cinder_conf):
    endpoint = Endpoint()
    target = oslo_messaging.Target(topic=rpcapi.SchedulerAPI.TOPIC, server='test')
    server = release.rpc_server(target, endpoint)
    server.start()
    yield endpoint
    server.stop()
    server.wait()


def test_the_scheduler_says_which_pools_there_are(scheduler):
    found = Deployment(lambda: [OWN])
    assert found.pools() == (OWN, OTHER)
    assert scheduler.asked.is_set()


def test_a_scheduler_that_is_not_there_leaves_the_own_pools(cinder_conf, monkeypatch):
    monkeypatch.setattr(deployment, '_RPC_TIMEOUT', 0.2)
    assert Deployment(lambda: [OWN]).pools() == (OWN,)
