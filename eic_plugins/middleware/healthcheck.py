"""Plugin of oslo.middleware's healthcheck: Glance and ONTAP as they were last seen.

In a section of api-paste.ini that has the healthcheck::

    [app:healthcheckapp]
    paste.app_factory = oslo_middleware:Healthcheck.app_factory
    backends = disable_by_file,eic

It asks nobody. Of Glance (and in nova-api of Cinder) it says what the filters of the
process saw that answers the healthcheck. ONTAP no API process ever sees: of it the
plugin says what the drivers on the same host have written into ``[eic]
metrics_directory``.

What it says is for people and monitoring. The filters let requests go on without
these remotes, so a process is as good without them, and the answer stays 200. With
``eic_report_only = False`` in the section it is 503 while one of them is out of order.
That is for an endpoint of the monitoring alone, not for a load balancer.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_middleware.healthcheck import pluginbase

from eic_plugins import config
from eic_plugins.middleware.remotes import WATCHED, LastSeen, Watched
from eic_plugins.support import ontap_sightings
from eic_plugins.support.clock import SYSTEM, Clock

OPTIONS = [
    cfg.BoolOpt(
        'eic_report_only',
        default=True,
        help='Whether the healthcheck answers 200 whatever the plugin eic has seen.',
    )
]
"""Of the section in api-paste.ini, or of group ``[healthcheck]``."""


class Healthcheck(pluginbase.HealthcheckBaseExtension):
    """Says how the remotes were last seen.

    :param watched: the remotes that the process has seen
    """

    def __init__(
        self,
        oslo_conf: cfg.ConfigOpts,
        conf: dict[str, Any],
        watched: Watched = WATCHED,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(oslo_conf, conf)
        config.register(oslo_conf)
        oslo_conf.register_opts(OPTIONS, group='healthcheck')
        self._report_only = bool(self._conf_get('eic_report_only'))
        directory = oslo_conf[config.GROUP].metrics_directory
        self._directory = Path(directory) if directory else None
        self._watched = watched
        self._clock = clock

    def healthcheck(self, server_port: int) -> pluginbase.HealthcheckResult:
        """What was last seen; the details name the backends, the reason none."""
        seen = self._watched.last_seen()
        backends = list(self._backends())
        in_order = all(each.in_order for each in [*seen, *backends])
        said = [str(each) for each in seen] or ['no filter of EIC is here']
        said.append(_summary(backends))
        return pluginbase.HealthcheckResult(
            available=self._report_only or in_order,
            reason=f'EIC: {"; ".join(said)}',
            details='; '.join(map(str, [*seen, *backends])) or None,
        )

    def _backends(self) -> Iterable[LastSeen]:
        if self._directory is None:
            return
        now = self._clock.time()
        for backend, answered, failed in ontap_sightings.read(self._directory):
            yield LastSeen(
                f'ONTAP of backend {backend}',
                None if answered is None else max(0.0, now - answered),
                None if failed is None else max(0.0, now - failed),
                in_order=(failed or 0.0) <= (answered or 0.0),
            )


def _summary(backends: list[LastSeen]) -> str:
    if not backends:
        return 'ONTAP is not seen from here'
    well = sum(each.in_order for each in backends)
    return f'ONTAP is in order for {well} of {len(backends)} backends'
