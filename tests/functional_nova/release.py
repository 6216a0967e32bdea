"""Nova's internals that these tests use, where older releases have them otherwise."""

import inspect

from nova import exception, service_auth
from nova.api.openstack.compute.servers import ServersController
from nova.compute import api
from nova.limit import placement
from nova.scheduler import utils as scheduler_utils
from nova.volume import cinder


def schemas_of_create():
    """The schemas of a request to create a server, each with its first microversion.

    Nova 31 (2025.1) has no list of them: each is a decorator around the next.
    """
    create = ServersController.create
    if hasattr(create, 'request_body_schemas'):
        return [
            (schema, str(first.get_string()))
            for schema, first, _last in create.request_body_schemas._schemas
        ]
    return list(_decorators(create))


def _decorators(function):
    while hasattr(function, '__wrapped__'):
        names = inspect.getclosurevars(function).nonlocals
        if 'request_body_schema' in names:
            yield names['request_body_schema'], names['min_version']
        function = function.__wrapped__


def allow_no_local_disk(monkeypatch):
    """A unified limit: this project may have nothing of ``class:DISK_GB``."""
    if hasattr(placement, '_get_deltas'):
        monkeypatch.setattr(api.API, '_enforce_create_unified_limits', _enforce)
    else:
        name = 'enforce_num_instances_and_flavor'
        monkeypatch.setattr(api.placement_limits, name, _enforce_by_flavor)


def reset_session():
    """Nova keeps one session to Cinder, with the timeout that it was made with.

    Up to Nova 32 (2025.2) its client of Cinder keeps it.
    """
    (service_auth if hasattr(service_auth, '_SESSIONS') else cinder).reset_globals()


def _enforce(_api, _context, flavor, is_bfv, ports, profiles, least, most):
    asked = scheduler_utils.request_spec_for_limits(flavor, is_bfv, ports, profiles)
    _refuse_disks(placement._get_deltas(asked, most))
    return most


def _enforce_by_flavor(_context, _project, flavor, is_bfv, least, most, **_more):
    """Up to Nova 33 (2026.1)."""
    _refuse_disks(placement._get_deltas_by_flavor(flavor, is_bfv, most))
    return most


def _refuse_disks(deltas):
    if deltas.get('class:DISK_GB'):
        raise exception.TooManyInstances(
            overs='class:DISK_GB', req=10, used=0, allowed=0
        )
