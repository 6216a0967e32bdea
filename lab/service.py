"""A process of the lab: what is run, and what decides that it must be restarted."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Service:
    """A process of the lab, and what decides that it must be restarted."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    configs: tuple[Path, ...] = ()
    in_namespace: bool = False
    stop_seconds: float = 15.0
    """After which it is killed."""
    holder: str = ''
    """The service that holds the namespaces it runs in, if not the lab's own."""

    def fingerprint(self) -> str:
        """Changes when the command or a configuration file changes."""
        digest = hashlib.sha256(repr((self.argv, sorted(self.env.items()))).encode())
        for path in self.configs:
            digest.update(path.read_bytes())
        return digest.hexdigest()
