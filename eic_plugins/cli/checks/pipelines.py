"""Checks of the paste files of cinder-api and nova-api."""

from collections.abc import Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.configuration import Configuration
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import (
    Change,
    Finding,
    NotSeenError,
    failure,
    warning,
)
from eic_plugins.cli.checks.paste_file import PasteFile, Pipeline, misplaced

_NAME = 'eic'
_BOOT = ('boot_from_volume', 'boot_from_volume_projects', 'boot_volume_type')
_OTHER = {'cinder': 'nova', 'nova': 'cinder'}


def cinder_filter(facts: Facts) -> Iterator[Finding]:
    """The filter is in every pipeline of cinder-api with authentication."""
    paste = facts.paste('cinder')
    names = _names(paste, 'cinder')
    if not _any_mention(paste, names):
        yield failure(
            f'no pipeline of {paste.path} has the filter eic: the scheduler does '
            'not know where an image is',
            *_add_everywhere(paste, names),
        )
        return
    yield from _missing(paste, names)


def cinder_filter_factory(facts: Facts) -> Iterator[Finding]:
    """The filter of cinder-api is made by the factory for Cinder."""
    return _factory(facts.paste('cinder'), 'cinder')


def cinder_filter_place(facts: Facts) -> Iterator[Finding]:
    """The filter of cinder-api stands right before the application."""
    return _place(facts.paste('cinder'), 'cinder')


def cinder_filter_options(facts: Facts) -> Iterator[Finding]:
    """The filter's section in cinder-api's paste file has known options alone."""
    return _options(facts.paste('cinder'), 'cinder')


def nova_filter(facts: Facts) -> Iterator[Finding]:
    """The filter is in every pipeline of nova-api with authentication, or in none."""
    paste = facts.paste('nova')
    names = _names(paste, 'nova')
    if not _any_mention(paste, names):
        asked = _boot_options(facts.nova)
        found = failure if asked else warning
        yield found(
            f'no pipeline of {paste.path} has the filter eic: servers that boot '
            'from an image do not profit, only those that boot from a volume'
            + (f', and nothing reads [eic] {asked[0]}' if asked else ''),
            *_add_everywhere(paste, names, 'nova'),
        )
        return
    yield from _missing(paste, names)


def nova_filter_factory(facts: Facts) -> Iterator[Finding]:
    """The filter of nova-api is made by the factory for Nova."""
    return _factory(facts.paste('nova'), 'nova')


def nova_filter_place(facts: Facts) -> Iterator[Finding]:
    """The filter of nova-api stands right before the application."""
    return _place(facts.paste('nova'), 'nova')


def nova_filter_options(facts: Facts) -> Iterator[Finding]:
    """The filter's section in nova-api's paste file has known options alone."""
    return _options(facts.paste('nova'), 'nova')


def cinder_auth(facts: Facts) -> Iterator[Finding]:
    """cinder-api uses the pipelines that the filter is in: auth_strategy."""
    found = facts.cinder.get('auth_strategy')
    if found != 'keystone':
        yield failure(
            f'auth_strategy is {found}: the pipelines with the filter are not used',
            facts.cinder.change('auth_strategy', 'keystone'),
        )


def nova_auth(facts: Facts) -> Iterator[Finding]:
    """nova-api uses the pipelines that the filter is in: auth_strategy."""
    found = facts.nova.get('auth_strategy', 'api')
    if found != 'keystone':
        yield failure(
            f'[api] auth_strategy is {found}: the pipelines with the filter are '
            'not used',
            facts.nova.change('auth_strategy', 'keystone', 'api'),
        )


def _boot_options(nova: Configuration) -> list[str]:
    """The options of nova-api's filter that are set."""
    return [name for name in _BOOT if nova.get(name, product.EIC_SECTION)]


def _names(paste: PasteFile, service: str) -> list[str]:
    """The names of the filter; the usual one if its factory is another one."""
    found = paste.filters(product.FACTORIES[service], product.EGGS[service])
    return found or [_NAME]


def _any_mention(paste: PasteFile, names: list[str]) -> bool:
    return any(set(names) & {*pipeline.words} for pipeline in _pipelines(paste))


def _missing(paste: PasteFile, names: list[str]) -> Iterator[Finding]:
    for pipeline in _pipelines(paste):
        if not set(names) & {*pipeline.words}:
            yield failure(
                f'the pipeline {pipeline.name} of {paste.path} lacks the filter '
                f'{names[0]}: requests of that pipeline pass it by',
                paste.with_filter(pipeline, names[0]),
            )


def _factory(paste: PasteFile, service: str) -> Iterator[Finding]:
    wanted = product.FACTORIES[service]
    if paste.filters(wanted, product.EGGS[service]):
        return
    if not _any_mention(paste, [_NAME]):
        return
    found = paste.factory(_NAME)
    wrong = (
        'is that of the other service'
        if found == product.FACTORIES[_OTHER[service]]
        else 'is not that of EIC'
    )
    yield failure(
        f'[filter:{_NAME}] of {paste.path} is missing: the service does not start'
        if not found
        else f'the factory of [filter:{_NAME}] in {paste.path} {wrong}',
        paste.factory_line(_NAME, wanted),
    )


def _place(paste: PasteFile, service: str) -> Iterator[Finding]:
    for name in _names(paste, service):
        for pipeline in _pipelines(paste):
            wrong = list(misplaced(pipeline, name)) if name in pipeline.words else []
            if wrong:
                yield failure(
                    f'in {pipeline.name} of {paste.path} the filter {name} '
                    f'{", and ".join(wrong)}: it needs the body limit and the user '
                    'before it, and the router behind it',
                    paste.with_filter(pipeline, name),
                )


def _options(paste: PasteFile, service: str) -> Iterator[Finding]:
    for name in _names(paste, service):
        for option, text in paste.options_of(name).items():
            wrong = product.check_filter_option(option, text, service)
            if wrong:
                yield failure(
                    f'{option} in [filter:{name}] of {paste.path} {wrong}: the '
                    'service does not start',
                    paste.without_option(name, option),
                )


def _pipelines(paste: PasteFile) -> list[Pipeline]:
    found = paste.pipelines()
    if not found:
        raise NotSeenError(
            f'{paste.path} has no pipeline of the released form',
            'put the filter right before the application, as in the samples',
        )
    return found


def _add_everywhere(
    paste: PasteFile, names: list[str], service: str = 'cinder'
) -> list[Change]:
    changes = [paste.with_filter(each, names[0]) for each in _pipelines(paste)]
    if not paste.factory(names[0]):
        factory = product.FACTORIES[service]
        changes.append(paste.factory_line(names[0], factory))
    return changes
