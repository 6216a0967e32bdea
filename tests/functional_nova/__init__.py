"""Nova up to 32 (2025.2) patches the standard library when its API is imported.

So that comes before anything that starts a thread, as in nova-api. With
``OS_NOVA_DISABLE_EVENTLET_PATCHING=1`` these tests run unpatched there too.
"""

import nova.api.openstack  # noqa: F401
