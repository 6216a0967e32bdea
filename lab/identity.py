"""Speaks to the lab's own services, as its admin or as a user."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from keystoneauth1 import session
from keystoneauth1.identity import v3

from lab import files
from lab.context import Lab
from lab.topology import (
    COMPUTE_MICROVERSION,
    DEMO_PROJECT,
    DEMO_USER,
    REGION,
    SERVICE_PROJECT,
)

_TIMEOUT = 30
_UPLOAD_TIMEOUT = 300
ADMIN_USER = 'admin'
ADMIN_PROJECT = 'admin'
ROLES = {
    'demo': ('member', 'reader'),
    # The role service validates tokens and opens Glance's Locations API. That
    # API answers 404 for an image that the caller cannot see. For the private
    # images of users the role admin is needed as well; DevStack and Kolla give
    # it to Cinder's user, too.
    'glance': ('service',),
    'cinder': ('service', 'admin'),
    'placement': ('service',),
    'nova': ('service', 'admin'),
    'eic': ('service', 'admin'),
}


class Cloud:
    """A user's access to the APIs, at fixed URLs: no catalog is asked."""

    def __init__(self, lab: Lab, user: str, project: str) -> None:
        self._ports = lab.ports
        auth = v3.Password(
            auth_url=auth_url(lab),
            username=user,
            project_name=project,
            password=lab.secrets[f'user-{user}'],
            user_domain_name='Default',
            project_domain_name='Default',
        )
        self.session = session.Session(auth=auth, timeout=_TIMEOUT)
        """For a request whose answer is looked at whole."""

    @functools.cached_property
    def project_id(self) -> str:
        """The project that requests are made for."""
        return str(self.session.get_project_id())

    @property
    def token(self) -> str:
        """A token, for who speaks to an API in another way."""
        return str(self.session.get_token())

    def request(
        self,
        method: str,
        service: str,
        path: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One request; returns the decoded body, if there is one."""
        url = f'{self._ports.url(service)}{path}'
        answer = self.session.request(
            url, method, json=json, headers=dict(headers or {})
        )
        return answer.json() if answer.content else None

    def upload(
        self, path: str, content: bytes | BinaryIO, store: str | None = None
    ) -> None:
        """PUT an image's bytes to Glance, into the store named if any."""
        headers = {'Content-Type': 'application/octet-stream'}
        if store:
            headers['X-Image-Meta-Store'] = store
        self.session.put(
            f'{self._ports.url("glance")}{path}',
            data=content,
            headers=headers,
            timeout=_UPLOAD_TIMEOUT,
        )

    def cinder(self, method: str, path: str, json: Any = None) -> Any:
        """A request to the Cinder API that the catalog names."""
        return self.request(method, 'cinder-api', f'/v3/{self.project_id}{path}', json)

    def nova(
        self, method: str, path: str, json: Any = None, service: str = 'nova-api'
    ) -> Any:
        """A request to a Nova API, the one that the catalog names or the
        stock one, at the lab's microversion.
        """
        return self.request(
            method,
            service,
            f'/v2.1{path}',
            json,
            {'OpenStack-API-Version': f'compute {COMPUTE_MICROVERSION}'},
        )


def auth_url(lab: Lab) -> str:
    """Keystone's URL."""
    return f'{lab.ports.url("keystone")}/v3'


def admin(lab: Lab) -> Cloud:
    """The cloud as its admin sees it."""
    return Cloud(lab, ADMIN_USER, ADMIN_PROJECT)


def credentials(lab: Lab, user: str) -> dict[str, object]:
    """keystoneauth's options with which a service authenticates."""
    return {
        'auth_type': 'password',
        'auth_url': auth_url(lab),
        'username': user,
        'password': lab.secrets[f'user-{user}'],
        'project_name': SERVICE_PROJECT,
        'user_domain_name': 'Default',
        'project_domain_name': 'Default',
        'region_name': REGION,
    }


def authtoken(lab: Lab, user: str) -> dict[str, object]:
    """The [keystone_authtoken] of a service."""
    return {
        **credentials(lab, user),
        'www_authenticate_uri': auth_url(lab),
        'service_token_roles': 'service',
        'service_token_roles_required': True,
    }


def internal_tenant(lab: Lab) -> Mapping[str, str]:
    """Cinder's options for its internal tenant: its user in its project.

    Empty until Keystone has both. Kept in a file: Cinder's configuration is
    also written while Keystone is down.
    """
    return files.read_json(_tenant_file(lab)) or {}


def keep_internal_tenant(lab: Lab, project_id: str, user_id: str) -> None:
    """Remember Cinder's internal tenant."""
    files.write_json(
        _tenant_file(lab),
        {
            'cinder_internal_tenant_project_id': project_id,
            'cinder_internal_tenant_user_id': user_id,
        },
    )


def _tenant_file(lab: Lab) -> Path:
    return lab.paths / 'cinder/internal-tenant.json'


def create_all(lab: Lab) -> None:
    """Create projects, users, role assignments and the catalog."""
    cloud = admin(lab)
    projects = {
        name: _ensure(cloud, 'project', name)
        for name in (SERVICE_PROJECT, DEMO_PROJECT)
    }
    roles = _ids(cloud, 'role')
    for user, names in ROLES.items():
        user_id = _ensure(cloud, 'user', user, password=lab.secrets[f'user-{user}'])
        project = DEMO_PROJECT if user == DEMO_USER else SERVICE_PROJECT
        for role in names:
            _keystone(
                cloud,
                'PUT',
                f'/projects/{projects[project]}/users/{user_id}/roles/{roles[role]}',
            )
        if user == 'cinder':
            keep_internal_tenant(lab, projects[project], user_id)
    _ensure_catalog(lab, cloud)


def _ensure_catalog(lab: Lab, cloud: Cloud) -> None:
    wanted = {
        'image': ('glance', lab.ports.url('glance')),
        'placement': ('placement', lab.ports.url('placement')),
        'compute': ('nova', f'{lab.ports.url("nova-api")}/v2.1'),
        'block-storage': ('cinder', f'{lab.ports.url("cinder-api")}/v3'),
    }
    have = {e['service_id'] for e in _keystone(cloud, 'GET', '/endpoints')['endpoints']}
    for kind, (name, url) in wanted.items():
        service_id = _ensure(cloud, 'service', name, type=kind)
        if service_id in have:
            continue
        for interface in ('public', 'internal', 'admin'):
            _keystone(
                cloud,
                'POST',
                '/endpoints',
                {
                    'endpoint': {
                        'service_id': service_id,
                        'interface': interface,
                        'region_id': REGION,
                        'url': url,
                    }
                },
            )


def _ensure(cloud: Cloud, kind: str, name: str, **attributes: str) -> str:
    existing = _ids(cloud, kind).get(name)
    if existing:
        return existing
    made = _keystone(cloud, 'POST', f'/{kind}s', {kind: {'name': name, **attributes}})
    return str(made[kind]['id'])


def _ids(cloud: Cloud, kind: str) -> dict[str, str]:
    listed = _keystone(cloud, 'GET', f'/{kind}s')[f'{kind}s']
    return {entry['name']: entry['id'] for entry in listed}


def _keystone(cloud: Cloud, method: str, path: str, json: Any = None) -> Any:
    return cloud.request(method, 'keystone', f'/v3{path}', json)
