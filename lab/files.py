"""Writes the lab's files: private, whole or not at all."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Sections = Mapping[str, Mapping[str, object]]


def private_dir(path: Path) -> Path:
    """Make a directory that only its owner can enter."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file atomically; nobody else can read it at any moment."""
    private_dir(path.parent)
    temporary = path.with_name(f'.{path.name}.tmp')
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, 'w', encoding='utf-8') as stream:
        stream.write(text)
    temporary.chmod(mode)
    temporary.replace(path)


def write_in_place(path: Path, text: str, mode: int) -> None:
    """Rewrite a file that is bind-mounted elsewhere: its inode must stay."""
    private_dir(path.parent)
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text, encoding='utf-8')


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically."""
    write_private(path, json.dumps(value, indent=2, sort_keys=True) + '\n')


def read_json(path: Path) -> Any:
    """What a JSON file holds; None where there is none or half of one."""
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def ini(sections: Sections) -> str:
    """An oslo.config file; an option whose value is None is left out."""
    blocks = []
    for section, options in sections.items():
        lines = [
            f'{name} = {_ini_value(value)}'
            for name, value in options.items()
            if value is not None
        ]
        blocks.append('\n'.join([f'[{section}]', *lines]))
    return '\n\n'.join(blocks) + '\n'


def config_flags(configs: Iterable[Path]) -> list[str]:
    """The arguments with which OpenStack's programs read these files."""
    return [word for path in configs for word in ('--config-file', str(path))]


def _ini_value(value: object) -> str:
    # oslo.config would substitute what stands behind a dollar sign.
    return str(value).replace('$', '$$')
