"""What differs between the supported releases of OpenStack: the one place that knows.

Everything else is written for the newest release, and asks here for what it needs,
never for a version. Each function names the releases that need it, and goes with
the last of them. tests/functional/test_releases.py holds the installed release
against what stands here.

Cinder is imported when it is asked about: the filter of nova-api loads without.
"""

import importlib
import importlib.metadata
from typing import Any

_FOLLOWS_ONTAPS_DEFAULT = 29
_ASKS_OVER_TLS = 29


def cinder_models() -> Any:
    """The module of Cinder's database models.

    ``cinder.db.sqlalchemy.models`` up to Cinder 28 (2026.1).
    """
    return _first('cinder.db.models', 'cinder.db.sqlalchemy.models')


def cinder_transactions() -> Any:
    """What begins Cinder's database transactions: oslo.db's enginefacade.

    In ``cinder.db.sqlalchemy.api`` up to Cinder 28 (2026.1).
    """
    module = _first('cinder.db.sqlalchemy.api', 'cinder.db.api')
    return module.main_context_manager


def share_options() -> Any:
    """The options of Cinder's drivers for shares.

    Up to Cinder 27 (2025.2), their module takes Cinder's objects for registered when
    it is imported.
    """
    importlib.import_module('cinder.objects').register_all()
    return importlib.import_module('cinder.volume.drivers.nfs').nfs_opts


def netapp_option(options: Any, name: str, default: Any) -> Any:
    """An option of the stock NetApp drivers that older releases do not have.

    ``netapp_ssl_cert_verify`` is new in Cinder 29 (2026.2): before it, the stock
    REST client always verifies. ``netapp_disaggregated_platform`` is new in
    Cinder 27 (2025.2), and so are ``netapp_lun_clone_busy_timeout`` and
    ``netapp_lun_clone_busy_interval``, whose defaults stand where they are asked for.
    The options of a certificate to log in with are new in Cinder 26 (2025.1).

    :param options: a backend's section, as Cinder's ``Configuration``
    :param default: what holds where there is no such option
    """
    value = options.safe_get(name)
    return default if value is None else value


def luns_allocate_space(default: bool) -> bool:
    """Whether the stock driver has a new LUN allocate space, of a type without a spec.

    Up to Cinder 28 (2026.1) it turns that off. From then on it does what ONTAP does.

    :param default: ONTAP's own answer, by its version
    """
    return default and _cinder() >= _FOLLOWS_ONTAPS_DEFAULT


def netapp_transport() -> str:
    """What ``netapp_transport_type`` is where nobody says it.

    ``http`` up to Cinder 28 (2026.1). Where Cinder is not installed, the newest
    release's default counts.
    """
    try:
        return 'https' if _cinder() >= _ASKS_OVER_TLS else 'http'
    except importlib.metadata.PackageNotFoundError:
        return 'https'


def _cinder() -> int:
    """The major version of Cinder."""
    return int(importlib.metadata.version('cinder').partition('.')[0])


def _first(*names: str) -> Any:
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as err:
            if err.name is None or not name.startswith(err.name):
                raise
    return importlib.import_module(names[-1])
