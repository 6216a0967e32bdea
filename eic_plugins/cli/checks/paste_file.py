"""A paste file: its pipelines of filters, and where a filter stands in them."""

import configparser
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from eic_plugins.cli.checks.finding import Change, NotSeenError

_FACTORY = 'paste.filter_factory'
_AUTHENTICATED = 'keystone'
"""So begin the pipelines that Cinder and Nova use with ``auth_strategy``
keystone."""
_AUTH_FACTORY = 'pipeline_factory'


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """One line of filters; the last word is the application."""

    section: str
    option: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """As a message names it."""
        return f'{self.option} in [{self.section}]'


class _Parser(configparser.RawConfigParser):
    """One that leaves the case of names as it is."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


class PasteFile:
    """One paste file.

    :raises NotSeenError: it cannot be read, or is no paste file
    """

    def __init__(self, path: Path, where: str) -> None:
        self.path = path
        parser = _Parser(strict=False, delimiters=('=', ':'), default_section=' ')
        try:
            parser.read_string(path.read_text())
        except OSError as err:
            raise NotSeenError(
                f'{path} cannot be read: {err.strerror}', f'run eic check on {where}'
            ) from err
        except (configparser.Error, UnicodeDecodeError) as err:
            raise NotSeenError(f'{path} is no valid paste file') from err
        self._sections: Mapping[str, Mapping[str, str]] = {
            name: dict(parser.items(name)) for name in parser.sections()
        }

    def pipelines(self) -> list[Pipeline]:
        """The pipelines of authenticated requests."""
        return [
            Pipeline(name, option, tuple(line.split()))
            for name, options in self._sections.items()
            if name.startswith('composite:') and _AUTH_FACTORY in options.get('use', '')
            for option, line in options.items()
            if option.startswith(_AUTHENTICATED)
        ]

    def filters(self, factory: str, egg: str) -> list[str]:
        """The names of the filters that a factory makes.

        :param egg: the same, as ``use = egg:…`` names it
        """
        return [
            name.partition(':')[2]
            for name, options in self._sections.items()
            if name.startswith('filter:')
            and (
                options.get(_FACTORY, '').strip() == factory
                or options.get('use', '').strip() == egg
            )
        ]

    def factory(self, name: str) -> str:
        """What makes a filter, '' if the file does not say."""
        options = self._sections.get(f'filter:{name}', {})
        return (options.get(_FACTORY) or options.get('use') or '').strip()

    def options_of(self, name: str) -> Mapping[str, str]:
        """What a filter's section sets, beside its factory."""
        options = self._sections.get(f'filter:{name}', {})
        return {k: v for k, v in options.items() if k not in {_FACTORY, 'use'}}

    def with_filter(self, pipeline: Pipeline, name: str) -> Change:
        """The change that puts a filter where it belongs, once."""
        others = [word for word in pipeline.words if word != name]
        return self._line(pipeline, [*others[:-1], name, *others[-1:]])

    def factory_line(self, name: str, factory: str) -> Change:
        """The change that makes a filter what it should be."""
        return Change(str(self.path), f'filter:{name}', _FACTORY, factory, safe=True)

    def without_option(self, name: str, option: str) -> Change:
        """The change that takes an option of a filter away."""
        return Change(str(self.path), f'filter:{name}', option, None, safe=True)

    def _line(self, pipeline: Pipeline, words: list[str]) -> Change:
        return Change(
            str(self.path), pipeline.section, pipeline.option, ' '.join(words)
        )


def misplaced(pipeline: Pipeline, name: str) -> Iterator[str]:
    """What is wrong with the place of a filter, in words; nothing if it is well."""
    words = pipeline.words
    if words.count(name) > 1:
        yield 'stands there more than once'
    if words[-2:-1] != (name,):
        yield 'does not stand right before the application'
    for needed in ('sizelimit', 'keystonecontext'):
        if needed not in words[: words.index(name)]:
            yield f'does not stand behind {needed}'
