"""Files of released packages that recipes change or are read with."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

_TIMEOUT = 300


def file_of(package: str, end: str) -> Path:
    """The installed file of a package whose path ends so."""
    files = importlib.metadata.files(package) or []
    (found,) = [each for each in files if str(each).endswith(end)]
    return Path(str(found.locate())).resolve()


def paste_file(service: str) -> Path:
    """The api-paste.ini that Cinder or Nova comes with."""
    return file_of(service, f'etc/{service}/api-paste.ini')


def need(module: str) -> None:
    """Skip where the extra "recipes" is not installed: on older releases."""
    if importlib.util.find_spec(module) is not None:
        return
    # Where packages can be had, `make test` has installed it.
    if os.environ.get('EIC_INDEX') == 'required':
        raise ModuleNotFoundError(module)
    reason = f'{module} is missing: pip install -e .[recipes]'
    pytest.skip(reason, allow_module_level=True)


def play(
    playbook: Path,
    home: Path,
    variables: Mapping[str, str],
    *options: str,
    **settings: str,
) -> None:
    """Run a playbook on this machine.

    :param home: where Ansible has its own files
    :param settings: variables of the environment, without ``ANSIBLE_``
    """
    extra = [
        part for key, value in variables.items() for part in ('-e', f'{key}={value}')
    ]
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name('ansible-playbook')),
            '--connection=local',
            *options,
            *extra,
            str(playbook),
        ],
        env={
            **os.environ,
            'ANSIBLE_HOME': str(home),
            'ANSIBLE_PYTHON_INTERPRETER': sys.executable,
            'ANSIBLE_DEPRECATION_WARNINGS': 'False',
            'ANSIBLE_NOCOLOR': '1',
            # It refuses to start in any locale but one of UTF-8.
            'LC_ALL': 'C.UTF-8',
            **{f'ANSIBLE_{key}': value for key, value in settings.items()},
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
