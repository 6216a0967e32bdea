"""`eic` as operators run it on the lab, and what it may never say."""

import json
import os
import re
import shutil
import signal
import site
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lab import cinder, description, files, secrets_store
from lab.context import Lab
from lab.paths import venv_bin

_SECONDS = 120
_NOBODY = 65534
_ROOT = Path(__file__).parents[2]
# Fernet tokens, as Keystone makes them.
_TOKEN = re.compile(r'gAAAAA[\w-]{20}')


class Commands:
    """Runs commands; whatever they say is looked through."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.configuration = files.config_flags(cinder.volume_configs(lab, 'eic'))

    def run(self, *arguments: str, user: str = 'demo') -> tuple[int, str, str]:
        """One command to its end: its status and what it says."""
        process = self.start(*arguments, user=user)
        out, err = process.communicate(timeout=_SECONDS)
        assert self.told_of(out + err) == []
        return process.returncode, out, err

    def start(self, *arguments: str, user: str = 'demo') -> 'subprocess.Popen[str]':
        """One command, as that user of the cloud."""
        return subprocess.Popen(
            [venv_bin('eic'), *arguments],
            env=self.environment(user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rows(self, *arguments: str, user: str = 'demo') -> list[dict[str, Any]]:
        """What a command that succeeds lists."""
        status, out, err = self.run(*arguments, '-f', 'json', user=user)
        assert status == 0, err
        found: list[dict[str, Any]] = json.loads(out)
        return found

    def interrupted(
        self, ready: Callable[[], Any], *arguments: str
    ) -> tuple[int, str, str]:
        """A command that gets Ctrl-C as soon as ``ready`` says so."""
        process = self.start(*arguments)
        ready()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=_SECONDS)
        return process.returncode, out, err

    def unprivileged(self, directory: Path, *arguments: str) -> tuple[int, str]:
        """A command of somebody who may read the configuration, and no more.

        :param directory: for copies of the configuration, which root may read alone
        """
        flags = files.config_flags(self._copied(directory))
        done = subprocess.run(
            [
                _python_of_nobody(),
                *(
                    '-c',
                    'import sys; from eic_plugins.cli.main import main; '
                    'sys.exit(main(sys.argv[1:]))',
                ),
                *arguments,
                *flags,
            ],
            env={
                'PATH': '/usr/bin:/bin',
                'HOME': str(directory),
                'PYTHONPATH': os.pathsep.join((str(_ROOT), *site.getsitepackages())),
            },
            user=_NOBODY,
            group=_NOBODY,
            extra_groups=(),
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        assert self.told_of(done.stdout + done.stderr) == []
        return done.returncode, done.stdout + done.stderr

    def _copied(self, directory: Path) -> list[Path]:
        for each in (directory, *directory.parents[:-2]):
            each.chmod(each.stat().st_mode | 0o011)
        authority = shutil.copy(self.lab.paths / 'tls/ca.pem', directory)
        Path(authority).chmod(0o444)
        copies = []
        for path in cinder.volume_configs(self.lab, 'eic'):
            copy = directory / path.name
            own = str(self.lab.paths / 'tls/ca.pem')
            copy.write_text(path.read_text().replace(own, authority))
            os.chown(copy, _NOBODY, _NOBODY)
            copy.chmod(0o400)
            copies.append(copy)
        return copies

    def environment(self, user: str) -> Mapping[str, str]:
        """As `. openrc` has it."""
        own = {k: v for k, v in os.environ.items() if not k.startswith('OS_')}
        lines = re.findall(
            r"^export (\w+)='(.*)'$", description.openrc(self.lab, user), re.M
        )
        return {**own, **dict(lines)}

    def told_of(self, said: str) -> list[str]:
        """The secrets that are in a text, by name."""
        known = {name: self.lab.secrets[name] for name in secrets_store.NAMES}
        places = {
            'path of the image store': str(self.lab.paths.image_store),
            'location nfs': 'nfs://',
            'location file': 'file://',
        }
        found = [name for name, text in {**known, **places}.items() if text in said]
        return found + ['a token'] * bool(_TOKEN.search(said))


def _python_of_nobody() -> str:
    """A Python that another user may run: root's own may be in root's home."""
    version = f'python{sys.version_info.major}.{sys.version_info.minor}'
    for found in (sys.executable, f'/usr/bin/{version}'):
        try:
            subprocess.run([found, '-c', ''], check=True, user=_NOBODY, timeout=60)
        except (OSError, subprocess.CalledProcessError):
            continue
        return found
    pytest.skip(f'nobody but root can run {version} here')


def files_that_fail(directory: Path, configuration: Sequence[str]) -> list[str]:
    """The configuration with a Glance that does not answer, and wrong passwords."""
    (directory / 'cinder').mkdir()
    wrong = directory / 'cinder/cinder.conf'
    wrong.write_text(
        '[eic]\nglance_endpoint = http://127.0.0.1:9\n'
        '[eic-gold]\nnetapp_password = a-wrong-secret\n'
        '[eic-remote]\nnetapp_server_port = 9\n'
    )
    return [*configuration, '--config-file', str(wrong)]
