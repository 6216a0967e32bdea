"""What the tests of Cinder's own NetApp drivers have in common.

A driver runs in this process as cinder-volume would run it: configured from a
file, with a database (SQLite). Only privilege separation is off.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from eic_plugins.support import compat
from tests.contract import release
from tests.contract.simulator import Simulator

BACKEND = 'stock'
MIB = 1 << 20
GIB = 1 << 30


def config(served: Simulator, state: Path, **options: object) -> str:
    """A cinder.conf with one backend."""
    own = {
        'volume_backend_name': BACKEND,
        'volume_driver': 'cinder.volume.drivers.netapp.common.NetAppDriver',
        'netapp_storage_family': 'ontap_cluster',
        'netapp_use_legacy_client': False,
        'netapp_allow_zapi_fallback': False,
        'netapp_server_hostname': served.host,
        'netapp_server_port': served.port,
        'netapp_transport_type': 'https',
        'netapp_ssl_cert_path': served.ca,
        'netapp_login': 'stock',
        'netapp_password': 'stock-secret',
        'netapp_driver_reports_provisioned_capacity': True,
        **options,
    }
    lines = '\n'.join(f'{name} = {text}' for name, text in own.items())
    return f"""
[DEFAULT]
state_path = {state}
enabled_backends = {BACKEND}
host = contract
[database]
connection = sqlite:///{state}/cinder.sqlite
[coordination]
backend_url = file://{state}
[oslo_concurrency]
lock_path = {state}
[{BACKEND}]
{lines}
"""


@contextlib.contextmanager
def configured(state: Path, text: str) -> Iterator[Any]:
    """Cinder's configuration and an empty database."""
    import cinder.privsep  # noqa: PLC0415 - only when these tests run
    from cinder import coordination, objects  # noqa: PLC0415
    from cinder.common import config  # noqa: F401, PLC0415
    from oslo_config import cfg  # noqa: PLC0415

    file = state / 'cinder.conf'
    file.write_text(text)
    cfg.CONF(['--config-file', str(file)], project='cinder')
    cinder.privsep.sys_admin_pctxt.set_client_mode(False)
    objects.register_all()
    coordination.COORDINATOR.start()
    with (
        _no_periodic_tasks(),
        _no_pool_of_threads(),
        _database(f'sqlite:///{state}/cinder.sqlite?timeout=60'),
    ):
        yield cfg.CONF
    coordination.COORDINATOR.stop()
    cinder.privsep.sys_admin_pctxt.set_client_mode(True)
    # Not reset(): it would forget the defaults that Cinder has set.
    cfg.CONF.clear()


@contextlib.contextmanager
def _no_periodic_tasks() -> Iterator[None]:
    """They would go on asking the simulator when their driver's test is over,
    among the calls of other tests and at the end of the process.
    """
    from cinder.volume.drivers.netapp.dataontap.utils import (  # noqa: PLC0415
        loopingcalls,
    )

    with mock.patch.object(loopingcalls.LoopingCalls, 'start_tasks'):
        yield


@contextlib.contextmanager
def _no_pool_of_threads() -> Iterator[None]:
    """What Cinder leaves to eventlet's is done at once: that pool answers to the
    first thread that used it, which is the only one of cinder-volume.
    """
    from eventlet import tpool  # noqa: PLC0415

    with mock.patch.object(
        tpool, 'execute', lambda call, *args, **kwargs: call(*args, **kwargs)
    ):
        yield


@contextlib.contextmanager
def _database(url: str) -> Iterator[None]:
    """A database for these tests, in place of the process's only one."""
    from oslo_db.sqlalchemy import enginefacade  # noqa: PLC0415

    own = enginefacade.transaction_context()
    own.configure(connection=url)
    restore = compat.cinder_transactions().patch_factory(own)
    try:
        engine = release.engine()
        _begin_at_once(engine)
        compat.cinder_models().BASE.metadata.create_all(engine)
        yield
    finally:
        restore()
        own.dispose_pool()


def _begin_at_once(engine: Any) -> None:
    """Transactions of several threads wait for each other from their beginning.

    SQLite refuses one at once that has read and then writes, if another one has
    written in between; Cinder's databases do not.
    """
    from sqlalchemy import event  # noqa: PLC0415

    @event.listens_for(engine, 'before_cursor_execute', retval=True)
    def begin(
        _connection: Any,
        _cursor: Any,
        statement: str,
        parameters: Any,
        _context: Any,
        _many: bool,
    ) -> tuple[str, Any]:
        # As oslo.db begins them.
        return ('BEGIN IMMEDIATE' if statement == 'BEGIN' else statement, parameters)


def admin_context() -> Any:
    """The cloud's administrator, in a cloud with a default volume type."""
    from cinder import context  # noqa: PLC0415
    from cinder.volume import volume_types  # noqa: PLC0415

    found = context.get_admin_context()
    # Every volume has a type, and this is the default one.
    volume_types.create(found, '__DEFAULT__', {})
    return found


def new_driver(driver_class: Any) -> Any:
    """A driver as the volume manager makes it, not yet set up."""
    from cinder.db import api  # noqa: PLC0415
    from cinder.volume import configuration, driver  # noqa: PLC0415

    return driver_class(
        configuration=configuration.Configuration(
            driver.volume_opts, config_group=BACKEND
        ),
        host=f'contract@{BACKEND}',
        db=api,
        is_vol_db_empty=True,
    )


def set_up(driver: Any, admin: Any) -> None:
    """As the volume manager sets a driver up, once or again."""
    driver.do_setup(admin)
    driver.check_for_setup_error()
    driver.set_initialized()


def start_driver(admin: Any) -> Any:
    """Cinder's own driver, set up."""
    from cinder.volume.drivers.netapp import common  # noqa: PLC0415

    found = new_driver(common.NetAppDriver)
    set_up(found, admin)
    return found


def forget_devices(driver: Any) -> None:
    """What the driver remembers of LUNs or namespaces may be gone."""
    library = getattr(driver, 'library', None)
    for table in ('lun_table', 'namespace_table'):
        getattr(library, table, {}).clear()


def new_volume(admin: Any, pool: str, size: int = 1) -> Any:
    """A volume in the database; ``size`` in GiB."""
    from cinder import objects  # noqa: PLC0415

    volume = objects.Volume(
        admin,
        size=size,
        host=f'contract@{BACKEND}#{pool}',
        display_name='test',
        status='creating',
        project_id='p',
        user_id='u',
        admin_metadata={},
        metadata={},
        availability_zone='nova',
    )
    volume.create()
    return volume


def new_snapshot(admin: Any, volume: Any) -> Any:
    """A snapshot in the database."""
    from cinder import objects  # noqa: PLC0415

    snapshot = objects.Snapshot(
        admin,
        volume_id=volume.id,
        volume_size=volume.size,
        status='creating',
        project_id='p',
        user_id='u',
        display_name='test',
        metadata={},
    )
    snapshot.create()
    return snapshot


def write(file: Path, content: bytes) -> None:
    """Over the first bytes of a volume."""
    with file.open('r+b') as stream:
        stream.write(content)


def head(file: Path, size: int = MIB) -> bytes:
    """The first bytes of a volume: it is large and mostly empty."""
    with file.open('rb') as stream:
        return stream.read(size)
