"""`up`: the steps from a bare machine to a running lab."""

import functools
import time
from collections.abc import Callable

from lab import (
    cinder,
    cloud,
    compute_cloud,
    description,
    glance,
    keystone,
    mariadb,
    namespace,
    no_network,
    nova,
    packages,
    placement,
    preflight,
    rabbitmq,
    simulator,
    steps,
)
from lab.context import Lab, keep_ports
from lab.errors import LabError
from lab.steps import Step
from lab.topology import CLUSTERS, DRIVERS


def up(lab: Lab) -> None:
    """Have everything running; what runs already is left alone."""
    began = time.monotonic()
    lab.processes.kill(lab.processes.strays())
    preflight.check_machine(lab)
    keep_ports(lab)
    _install_packages(lab)
    try:
        steps.run(_steps(lab), lab.console, lab.cancel)
    except LabError:
        lab.console.line(
            'What did start is still running: put the cause right and run '
            '`make lab` again, or stop it with `make lab-down`.'
        )
        raise
    description.write(lab)
    lab.console.line(
        f'The lab is up ({time.monotonic() - began:.1f} s). '
        f'It is described in {lab.paths.lab_json}'
    )


def start_one(lab: Lab, name: str) -> None:
    """Start a single service, as `up` would."""
    starters(lab)[name]()
    description.write(lab)


def starters(lab: Lab) -> dict[str, Callable[[], None]]:
    """How each service is started, in an order in which that works."""
    table: dict[str, Callable[[], None]] = {
        'namespace': lambda: namespace.start(lab),
        **{
            simulator.name(c): functools.partial(simulator.start, lab, c)
            for c in CLUSTERS
        },
        mariadb.NAME: lambda: mariadb.start(lab),
        rabbitmq.EPMD: lambda: rabbitmq.start(lab),
        rabbitmq.NAME: lambda: rabbitmq.start(lab),
        keystone.NAME: lambda: keystone.start(lab),
        glance.NAME: lambda: glance.start(lab),
        cinder.API: lambda: _start_cinder_api(lab, cinder.API),
        cinder.STOCK_API: lambda: _start_cinder_api(lab, cinder.STOCK_API),
        cinder.SCHEDULER: lambda: cinder.start_scheduler(lab),
        placement.NAME: lambda: placement.start(lab),
        no_network.NAME: lambda: nova.start_network(lab),
        nova.CONDUCTOR: lambda: _start_nova(lab, nova.start_conductor),
        nova.SCHEDULER: lambda: _start_nova(lab, nova.start_scheduler),
    }
    for name in (nova.API, nova.STOCK_API):
        table[name] = functools.partial(
            _start_nova, lab, functools.partial(nova.start_api, name=name)
        )
    for driver in DRIVERS:
        table[cinder.volume_service(driver)] = functools.partial(
            _start_cinder_volume, lab, driver
        )
        table[nova.compute_service(driver)] = functools.partial(
            _start_nova_compute, lab, driver
        )
    return table


def _start_nova(lab: Lab, start: Callable[[Lab], None]) -> None:
    nova.write_config(lab)
    start(lab)


def _start_nova_compute(lab: Lab, driver: str) -> None:
    nova.write_config(lab)
    nova.start_compute(lab, driver)
    compute_cloud.wait_for_hosts(lab, [driver])


def _start_cinder_api(lab: Lab, name: str) -> None:
    cinder.write_config(lab)
    cinder.start_api(lab, name)


def _start_cinder_volume(lab: Lab, driver: str) -> None:
    cinder.write_config(lab)
    cinder.start_volume(lab, driver)
    cloud.wait_for_pools(lab, [driver])


def _install_packages(lab: Lab) -> None:
    if not packages.missing(packages.LAB_PACKAGES):
        return
    log = lab.paths.log('apt')
    log.parent.mkdir(exist_ok=True)
    lab.console.line(f'  Installing Debian packages (log: {log}) ...')
    with lab.console.ticking(), lab.console.step('Debian packages'):
        packages.ensure(packages.LAB_PACKAGES, log)


def _steps(lab: Lab) -> list[Step]:
    found = [
        Step('MariaDB', lambda: mariadb.start(lab)),
        Step('RabbitMQ', lambda: rabbitmq.start(lab)),
        Step('mount namespace and storage', lambda: namespace.start(lab)),
        Step(
            'ONTAP simulators',
            lambda: simulator.start_all(lab),
            ('mount namespace and storage',),
        ),
        Step('Keystone tables', lambda: keystone.prepare(lab), ('MariaDB',)),
        Step('Keystone', lambda: keystone.start(lab), ('Keystone tables',)),
        Step('Glance tables', lambda: glance.prepare(lab), ('MariaDB',)),
        Step(
            'Glance', lambda: glance.start(lab), ('Glance tables', 'ONTAP simulators')
        ),
        Step('Cinder tables', lambda: cinder.prepare(lab), ('MariaDB',)),
        Step(
            'cinder-scheduler',
            lambda: cinder.start_scheduler(lab),
            ('Cinder tables', 'RabbitMQ'),
        ),
    ]
    for name in (cinder.API, cinder.STOCK_API):
        found.append(
            Step(
                name,
                functools.partial(cinder.start_api, lab, name),
                ('Cinder tables', 'RabbitMQ'),
            )
        )
    found.append(
        Step(
            "Cinder's internal tenant",
            lambda: cinder.write_config(lab),
            ('Cinder tables', 'Keystone'),
        )
    )
    for driver in DRIVERS:
        found.append(
            Step(
                cinder.volume_service(driver),
                functools.partial(cinder.start_volume, lab, driver),
                ("Cinder's internal tenant", 'RabbitMQ', 'ONTAP simulators'),
            )
        )
    found += [
        Step(
            'volume types',
            lambda: cloud.ensure_volume_types(lab),
            (cinder.API, 'Keystone'),
        ),
        Step(
            'pools of all backends',
            lambda: cloud.wait_for_pools(lab),
            (
                'volume types',
                'cinder-scheduler',
                'Glance',
                cinder.STOCK_API,
                *map(cinder.volume_service, DRIVERS),
            ),
        ),
    ]
    return [*found, *_nova_steps(lab)]


def _nova_steps(lab: Lab) -> list[Step]:
    found = [
        Step('Placement tables', lambda: placement.prepare(lab), ('MariaDB',)),
        Step('Placement', lambda: placement.start(lab), ('Placement tables',)),
        Step('no network', lambda: nova.start_network(lab)),
        Step('Nova tables and cells', lambda: nova.prepare(lab), ('MariaDB',)),
        # Both look Placement up in the catalog once, when they start, and end
        # where Keystone does not know Nova's user yet.
        Step(
            nova.CONDUCTOR,
            lambda: nova.start_conductor(lab),
            ('Nova tables and cells', 'RabbitMQ', 'Placement', 'Keystone'),
        ),
        Step(
            nova.SCHEDULER,
            lambda: nova.start_scheduler(lab),
            ('Nova tables and cells', 'RabbitMQ', 'Placement', 'Keystone'),
        ),
    ]
    for name in (nova.API, nova.STOCK_API):
        found.append(
            Step(
                name,
                functools.partial(nova.start_api, lab, name),
                ('Nova tables and cells', 'RabbitMQ'),
            )
        )
    for driver in DRIVERS:
        found.append(
            Step(
                nova.compute_service(driver),
                functools.partial(nova.start_compute, lab, driver),
                (nova.CONDUCTOR,),
            )
        )
    found.append(
        Step(
            'compute hosts and flavors',
            lambda: compute_cloud.ensure(lab),
            (
                nova.API,
                nova.STOCK_API,
                nova.SCHEDULER,
                'no network',
                *map(nova.compute_service, DRIVERS),
            ),
        )
    )
    return found
