"""Checks of credentials and of service tokens, in cinder.conf and nova.conf."""

from collections.abc import Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.configuration import Configuration
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, NotSeenError, failure, warning

_PASSWORDS = {'password', 'v3password', product.KEEPING_AUTH}
_SERVICE_USER = 'service_user'
_SHORTEST_SECRET = 16
_TOKENS = 'keystone_authtoken'


def cinder_credentials(facts: Facts) -> Iterator[Finding]:
    """[eic] or [service_user] of cinder.conf says how to ask Glance."""
    return _credentials(facts.cinder)


def nova_credentials(facts: Facts) -> Iterator[Finding]:
    """[eic] or [service_user] of nova.conf says how to ask Glance."""
    names = {product.FACTORIES['nova'], product.EGGS['nova']}
    paste = facts.paste('nova')
    words = {word for pipeline in paste.pipelines() for word in pipeline.words}
    if not words & {*paste.filters(*sorted(names, reverse=True)), 'eic'}:
        return iter(())
    return _credentials(facts.nova)


def cinder_glance_auth(facts: Facts) -> Iterator[Finding]:
    """[glance] of cinder.conf has credentials that keep their token."""
    cinder = facts.cinder
    found = cinder.get('auth_type', 'glance')
    if cinder.get('auth_section', 'glance'):
        found = cinder.get('auth_type', 'glance') or 'password'
    if not found:
        yield warning(
            '[glance] has no credentials: Cinder cannot read locations itself, and '
            'warns for each volume from an image',
            remedy='copy the credentials of [service_user] to [glance], with '
            f'auth_type = {product.KEEPING_AUTH}',
        )
    elif found in _PASSWORDS - {product.KEEPING_AUTH}:
        yield warning(
            f'[glance] auth_type is {found}: Cinder asks Keystone for a new token for '
            'each volume from an image',
            cinder.change('auth_type', product.KEEPING_AUTH, 'glance'),
        )


def cinder_record_secret(facts: Facts) -> Iterator[Finding]:
    """The records of cached images are sealed with a secret that is one."""
    cinder = facts.cinder
    secrets = list(filter(None, cinder.get('record_secret', product.EIC_SECTION)))
    if any(len(secret) < _SHORTEST_SECRET for secret in secrets):
        yield warning(
            f'[eic] record_secret has a secret of less than {_SHORTEST_SECRET} '
            'characters: who may read a record can guess it',
            remedy='set record_secret to what "openssl rand -hex 32" prints, followed '
            'by a comma and the old one, on all hosts of cinder-volume',
        )
    elif not secrets and not cinder.get('connection', 'database'):
        yield warning(
            'neither [eic] record_secret nor [database] connection is set: cached '
            'images are not known any more after a restart',
            remedy='set record_secret in [eic] to what "openssl rand -hex 32" prints, '
            'the same on all hosts of cinder-volume',
        )


def nova_sends_service_tokens(facts: Facts) -> Iterator[Finding]:
    """Nova sends service tokens, by which the filter of cinder-api knows it."""
    return _sends(
        facts.nova, "Nova's requests are not held until the volume can be used"
    )


def cinder_sends_service_tokens(facts: Facts) -> Iterator[Finding]:
    """Cinder sends service tokens, which Nova and Glance ask for."""
    return _sends(
        facts.cinder, 'long operations fail when the token of the user expires'
    )


def cinder_requires_service_role(facts: Facts) -> Iterator[Finding]:
    """cinder-api takes a service token for one if it has a service's role."""
    return _requires(facts.cinder)


def nova_requires_service_role(facts: Facts) -> Iterator[Finding]:
    """nova-api takes a service token for one if it has a service's role."""
    return _requires(facts.nova)


def glance_requires_service_role(facts: Facts) -> Iterator[Finding]:
    """glance-api takes a service token for one if it has a service's role."""
    return _requires(facts.glance)


def _credentials(configuration: Configuration) -> Iterator[Finding]:
    for section in (product.EIC_SECTION, _SERVICE_USER):
        found = configuration.get('auth_type', section)
        if found:
            yield from _incomplete(configuration, section, found)
            return
    yield failure(
        'neither [eic] nor [service_user] has auth_type: EIC cannot ask Glance where '
        'an image is',
        remedy='give [eic] auth_type, auth_url, username, password, project_name, '
        'user_domain_name and project_domain_name of a service user with the roles '
        'service and admin',
    )


def _incomplete(
    configuration: Configuration, section: str, auth_type: str
) -> Iterator[Finding]:
    if auth_type not in _PASSWORDS or configuration.is_set('auth_section', section):
        return
    for names in (
        ('auth_url', 'auth-url'),
        ('username', 'user_id', 'user_name', 'user-name'),
        ('password',),
        ('project_name', 'project_id', 'tenant_name', 'system_scope'),
    ):
        if not any(configuration.is_set(name, section) for name in names):
            yield failure(
                f'[{section}] has no {names[0]}: Keystone gives no token',
                remedy=f'set {names[0]} in [{section}]',
            )


def _sends(configuration: Configuration, otherwise: str) -> Iterator[Finding]:
    if not configuration.get('send_service_user_token', _SERVICE_USER):
        yield failure(
            f'[service_user] does not send service tokens: {otherwise}',
            configuration.change('send_service_user_token', 'True', _SERVICE_USER),
        )
    elif not configuration.get('auth_type', _SERVICE_USER) and not configuration.get(
        'auth_section', _SERVICE_USER
    ):
        yield failure(
            '[service_user] has no credentials, so that no service token is sent: '
            f'{otherwise}',
            remedy='give [service_user] auth_type, auth_url, username, password and '
            'the rest, as [keystone_authtoken] has them',
        )


def _requires(configuration: Configuration) -> Iterator[Finding]:
    roles = configuration.get('service_token_roles', _TOKENS)
    if not configuration.get('service_token_roles_required', _TOKENS):
        yield failure(
            '[keystone_authtoken] service_token_roles_required is off: any token of '
            'a user counts as that of a service',
            configuration.change('service_token_roles_required', 'True', _TOKENS),
        )
    elif 'service' not in {role.lower() for role in roles}:
        yield warning(
            f'[keystone_authtoken] service_token_roles is {",".join(roles)}: the role '
            'service, which OpenStack gives its services, is none of them',
            configuration.change(
                'service_token_roles', ','.join([*roles, 'service']), _TOKENS
            ),
        )


def no_credentials(configuration: Configuration) -> None:
    """Say so once, for checks that ask Glance.

    :raises NotSeenError: there are none
    """
    if not any(
        configuration.get('auth_type', section)
        for section in (product.EIC_SECTION, _SERVICE_USER)
    ):
        raise NotSeenError(
            'cinder.conf has no credentials for Glance', 'see cinder-credentials'
        )
