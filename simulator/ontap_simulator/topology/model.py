"""A simulated cluster as its topology file describes it."""

import dataclasses
from collections.abc import Mapping

ROLES = ('admin', 'readonly')

DEFAULT_IPSPACE = 'Default'
PROTOCOLS = ('nfs', 'iscsi', 'fcp', 'nvme')


@dataclasses.dataclass(frozen=True)
class User:
    """Who may log in, with HTTP basic authentication."""

    name: str
    password: str = dataclasses.field(repr=False)
    role: str = 'admin'


@dataclasses.dataclass(frozen=True)
class AggregateConfig:
    """A local tier and the node that owns it."""

    name: str
    size: int
    node: str


@dataclasses.dataclass(frozen=True)
class LifConfig:
    """A logical interface of an SVM."""

    name: str
    address: str


@dataclasses.dataclass(frozen=True)
class VolumeConfig:
    """A FlexVol and where it is in the SVM's namespace, if it is there."""

    name: str
    junction_path: str | None
    size: int
    aggregate: str


@dataclasses.dataclass(frozen=True)
class SvmConfig:
    """A storage virtual machine."""

    name: str
    lifs: tuple[LifConfig, ...]
    volumes: tuple[VolumeConfig, ...]
    protocols: tuple[str, ...] = ('nfs',)
    ipspace: str = DEFAULT_IPSPACE
    root_volume: str | None = None
    """The name of its root volume, if it is shown."""


@dataclasses.dataclass(frozen=True)
class Topology:
    """Everything about a cluster that never changes while it runs."""

    name: str
    version: str
    host: str
    port: int
    users: tuple[User, ...]
    aggregates: tuple[AggregateConfig, ...]
    svms: tuple[SvmConfig, ...]
    copy_throughput: int = 0
    copy_limit: int = 50
    personality: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The traits that are not the simulator's own."""
