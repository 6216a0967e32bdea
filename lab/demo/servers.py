"""Boots servers with the ordinary client, through both sides' Nova."""

import secrets

from lab import leftovers, nova
from lab.boots import BuiltServer, Side
from lab.context import Lab
from lab.demo import disk
from lab.demo.server_cases import (
    CASES,
    ServerCase,
    have_filter,
)
from lab.demo.server_rows import ServerRow, routes_of
from lab.demo.user import CommandLineUser, arrival
from lab.demo.watching import while_watching
from lab.observer import Observer


def run(lab: Lab, user: CommandLineUser, images: dict[str, str]) -> list[ServerRow]:
    """All cases, each through its sides, one after the other."""
    rows = []
    for case in CASES:
        if case.needs_filter and not have_filter():
            lab.console.line(
                f'  skip   {case.title}: the Nova filter '
                '(eic_plugins.middleware.nova) is not there'
            )
            continue
        for driver in case.drivers:
            with lab.console.step(f'{driver}: {case.title}'):
                rows.append(_run_one(lab, user, driver, images[driver], case))
    return rows


def _run_one(
    lab: Lab,
    user: CommandLineUser,
    driver: str,
    image_id: str,
    case: ServerCase,
) -> ServerRow:
    side = Side(user.api, driver)
    name = f'demo-{secrets.token_hex(4)}'
    observer = Observer(lab, driver, image_id)
    mark = observer.mark()
    try:
        built, began = _boot(lab, user, side, name, image_id, case)
        cost = observer.since(mark)
        volumes = [volume for each in built for volume in side.volumes(each.server_id)]
        shown = [side.cinder('GET', f'/volumes/{each}')['volume'] for each in volumes]
    finally:
        side.delete(_servers_named(side, name), ())
    side.delete((), volumes)
    return ServerRow(
        api=nova.api_of(driver),
        driver=driver,
        case=case,
        statuses=[each.status for each in built],
        seconds=sorted(each.at - began for each in built if each.status == 'ACTIVE'),
        routes=routes_of(driver, shown, round(cost.downloaded / disk.SIZE)),
        files_left=leftovers.remove_volume_files(lab, volumes),
    )


def _servers_named(side: Side, name: str) -> list[str]:
    listed = side.nova('GET', f'/servers?name={name}')['servers']
    return [server['id'] for server in listed]


def _boot(
    lab: Lab,
    user: CommandLineUser,
    side: Side,
    name: str,
    image_id: str,
    case: ServerCase,
) -> tuple[list[BuiltServer], float]:
    """`openstack server create`, watched; and when its request came in."""
    log = lab.paths.access_log(nova.api_of(side.driver))
    offset = log.stat().st_size
    with while_watching(
        lambda cancel: side.watch(name, case.servers, cancel)
    ) as watching:
        user.create_servers(side.driver, name, case.client_arguments(image_id))
        return watching.result(), arrival(log, offset, '/servers')
