"""A service's configuration, read as the service reads it, by oslo.config."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oslo_config import cfg

from eic_plugins.cli.checks.finding import Change, NotSeenError
from eic_plugins.cli.checks.sources import Source

_SHARED = 'backend_defaults'
_LIKE = 0.75


@dataclasses.dataclass(frozen=True)
class BadValue:
    """An option whose text is no value of its type."""

    section: str
    option: str


class Configuration:
    """The files of one service, later ones before earlier ones.

    :param options: the options that are read, by section
    :raises NotSeenError: a file is not there, may not be read or is no INI file
    """

    def __init__(self, source: Source, options: Mapping[str, Sequence[cfg.Opt]]):
        self.source = source
        self.files = [_readable(path, source) for path in source.all_files()]
        self._texts: list[tuple[str, Mapping[str, Mapping[str, list[str]]]]] = [
            (str(path), _sections(path)) for path in self.files
        ]
        self.oslo = cfg.ConfigOpts()
        self.oslo(
            args=[],
            project='eic-check',
            default_config_files=[str(path) for path in self.files],
            default_config_dirs=[],
            use_env=False,
        )
        self._known: dict[str, dict[str, cfg.Opt]] = {}
        for section, opts in options.items():
            self.register(section, opts)

    def register(self, section: str, options: Iterable[cfg.Opt]) -> None:
        """Have these options of a section be readable."""
        known = self._known.setdefault(section, {})
        for option in options:
            known[option.dest] = option
            self.oslo.register_opt(
                option, group=None if section == 'DEFAULT' else section
            )

    def get(self, option: str, section: str = 'DEFAULT') -> Any:
        """An option's value, or its default.

        :raises NotSeenError: its text is no value of its type
        """
        try:
            return self._values(section)[option]
        except (cfg.ConfigFileValueError, cfg.TemplateSubstitutionError) as err:
            raise NotSeenError(
                f'[{section}] {option} has no valid value', 'correct that value first'
            ) from err

    def is_set(self, option: str, section: str = 'DEFAULT') -> bool:
        """True if a file sets it."""
        return bool(self.raw(option, section))

    def raw(self, option: str, section: str = 'DEFAULT') -> list[str]:
        """The texts that are set, as the last file has them."""
        for _, sections in reversed(self._texts):
            if found := sections.get(section, {}).get(option):
                return found
        return []

    def sections(self) -> list[str]:
        """The names of all sections."""
        return sorted({name for _, sections in self._texts for name in sections})

    def options_of(self, section: str) -> list[str]:
        """The names of the options that a section sets."""
        return sorted(
            {o for _, sections in self._texts for o in sections.get(section, {})}
        )

    def change(
        self,
        option: str,
        value: str | None,
        section: str = 'DEFAULT',
        safe: bool = False,
    ) -> Change:
        """The line to change: where it stands, or where it would."""
        return Change(self._file_of(section, option), section, option, value, safe)

    def bad_values(self) -> list[BadValue]:
        """The options whose value the service would refuse."""
        return [
            BadValue(section, option)
            for section, options in self._known.items()
            for option in options
            if self._is_bad(section, option)
        ]

    def beside(self, name: str) -> list[Path]:
        """Files of a pattern in the directories of the configuration files."""
        return [
            found for each in self._directories() for found in sorted(each.glob(name))
        ]

    def resolve(self, text: str) -> Path:
        """A path that the service names; containers' hosts have it beside
        the configuration file. A relative one is beside it, too.
        """
        path = Path(text)
        if path.is_absolute() and path.exists():
            return path
        for directory in self._directories():
            if (directory / path.name).exists():
                return directory / path.name
        return path if path.is_absolute() else self.files[0].parent / path

    def _directories(self) -> list[Path]:
        own = (path.parent for path in self.files)
        return list(dict.fromkeys((*own, *self.source.beside)))

    def _values(self, section: str) -> Any:
        return self.oslo if section == 'DEFAULT' else self.oslo[section]

    def _is_bad(self, section: str, option: str) -> bool:
        try:
            self.get(option, section)
        except NotSeenError:
            return True
        return False

    def _file_of(self, section: str, option: str) -> str:
        holding = [f for f, texts in self._texts if option in texts.get(section, {})]
        having = [f for f, texts in self._texts if section in texts]
        return (holding or having or [str(self.files[0])])[-1]


class Section:
    """A backend's section of cinder.conf, with what all backends share."""

    def __init__(self, configuration: Configuration, name: str) -> None:
        self.configuration = configuration
        self.name = name

    def get(self, option: str) -> Any:
        """The value, as Cinder reads it for this backend."""
        return self.configuration.get(option, self._holding(option))

    def is_set(self, option: str) -> bool:
        """True if this section or the shared one sets it."""
        return self.configuration.is_set(option, self._holding(option))

    def change(self, option: str, value: str | None, safe: bool = False) -> Change:
        """The line to change."""
        return self.configuration.change(option, value, self._holding(option), safe)

    def _holding(self, option: str) -> str:
        own = self.configuration.is_set(option, self.name)
        shared = self.configuration.is_set(option, _SHARED)
        return _SHARED if shared and not own else self.name


def likely(name: str, known: Iterable[str]) -> str | None:
    """What was probably meant by a name that is none of those known."""
    found = difflib.get_close_matches(name, sorted(known), 1, _LIKE)
    return found[0] if found else None


def _readable(path: Path, source: Source) -> Path:
    try:
        path.read_bytes()
    except OSError as err:
        raise NotSeenError(
            f'{path} cannot be read: {err.strerror}',
            f'run eic check as a user that may read it, on {source.where}',
        ) from err
    return path


def _sections(path: Path) -> Mapping[str, Mapping[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    try:
        cfg.ConfigParser(str(path), found).parse()
    except (cfg.ParseError, UnicodeDecodeError) as err:
        line = getattr(err, 'lineno', '?')
        raise NotSeenError(
            f'{path} is no valid configuration file (line {line})',
            'correct that line',
        ) from err
    return found
