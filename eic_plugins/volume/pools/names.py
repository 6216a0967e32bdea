"""The names that the pools of one backend go by."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PoolNames:
    """Pools are named by the backend, and what the backend is called.

    ``host`` is ``HOST@BACKEND``, ``cluster_name`` the same of Cinder's cluster if
    cinder-volume runs active-active, ``backend_name`` the option
    ``volume_backend_name``.
    """

    host: str
    cluster_name: str | None = None
    backend_name: str | None = None

    def reported(self, pool: str) -> str:
        """What the scheduler calls it: ``HOST@BACKEND#POOL``."""
        return f'{self.cluster_name or self.host}#{pool}'

    def all_of(self, pool: str) -> frozenset[str]:
        """Whatever an operator may call it."""
        section = self.host.partition('@')[2]
        return frozenset(
            {
                pool,
                section,
                self.backend_name or section,
                f'{self.host}#{pool}',
                self.reported(pool),
            }
        )
