"""A real Prometheus of Debian's, which scrapes something on loopback."""

import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

DEADLINE = 60
INTERVALS = ('scrape_interval', 'scrape_timeout', 'evaluation_interval')


class Prometheus:
    """One that runs."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The answer to an instant query; an invalid one raises an error."""
        query = urllib.parse.urlencode({'query': expression})
        return list(self._get(f'/api/v1/query?{query}')['data']['result'])

    def targets(self) -> list[dict[str, Any]]:
        """What is scraped, and how that went."""
        return list(self._get('/api/v1/targets')['data']['activeTargets'])

    def is_up(self) -> bool:
        """Whether each target was scraped."""
        health = [target['health'] for target in self.targets()]
        return bool(health) and set(health) == {'up'}

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f'{self._url}{path}', timeout=DEADLINE) as answer:  # noqa: S310
            return json.load(answer)


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return int(one.getsockname()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask again until it is so."""
    ends = time.monotonic() + DEADLINE
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            if condition():
                return
        if time.monotonic() > ends:
            raise TimeoutError
        time.sleep(0.1)


@contextlib.contextmanager
def scraping(
    directory: Path, targets: Sequence[str], rules: Sequence[Path] = ()
) -> Iterator[Prometheus]:
    """Prometheus, when it has scraped all targets.

    :param directory: what it keeps
    :param targets: hosts and ports
    :param rules: files with rules
    """
    jobs = [{'job_name': 'eic', 'static_configs': [{'targets': list(targets)}]}]
    configuration = {
        'global': dict.fromkeys(INTERVALS, '1s'),
        'rule_files': [str(path) for path in rules],
        'scrape_configs': jobs,
    }
    (directory / 'prometheus.yml').write_text(yaml.safe_dump(configuration))
    address = f'127.0.0.1:{free_port()}'
    with (directory / 'prometheus.log').open('w') as log:
        process = subprocess.Popen(
            [
                'prometheus',
                f'--config.file={directory}/prometheus.yml',
                f'--storage.tsdb.path={directory}/tsdb',
                f'--web.listen-address={address}',
            ],
            stdout=log,
            stderr=log,
        )
        try:
            prometheus = Prometheus(f'http://{address}')
            wait_until(prometheus.is_up)
            yield prometheus
        finally:
            process.kill()
            process.wait()
