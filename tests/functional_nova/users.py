"""Stands in for authtoken and keystonecontext: the token says who it is.

``name:project:role,role``; the catalog has one Glance.
"""

import webob.exc
from nova import context


def filter_factory(_global_conf, glance):
    """What ``paste.filter_factory`` names."""
    catalog = [
        {
            'type': 'image',
            'endpoints': [
                {'region': 'one', 'publicURL': glance, 'internalURL': glance}
            ],
        }
    ]

    def wrap(app):
        def users(environ, start_response):
            token = environ.get('HTTP_X_AUTH_TOKEN')
            if not token:
                return webob.exc.HTTPUnauthorized()(environ, start_response)
            name, project, roles = token.split(':')
            environ['nova.context'] = context.RequestContext(
                user_id=name,
                project_id=project,
                roles=roles.split(','),
                auth_token=token,
                service_catalog=catalog,
            )
            return app(environ, start_response)

        return users

    return wrap
