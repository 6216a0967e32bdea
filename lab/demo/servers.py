"""Boots servers with the ordinary client, through both sides' Nova."""

import secrets
from collections.abc import Sequence
from typing import Any

from lab import nova, simulator
from lab.boots import BuiltServer, Side
from lab.context import Lab
from lab.demo import disk
from lab.demo.observe import Cost, Observer
from lab.demo.server_cases import (
    CASES,
    ServerCase,
    have_filter,
)
from lab.demo.server_rows import ServerRow, routes_of_eic, routes_of_stock
from lab.demo.user import CommandLineUser, arrival
from lab.demo.watching import while_watching
from lab.topology import pools


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
    lab: Lab, user: CommandLineUser, driver: str, image_id: str, case: ServerCase
) -> ServerRow:
    side = Side(user.api, driver)
    name = f'demo-{secrets.token_hex(4)}'
    observer = Observer(lab, driver, image_id)
    mark = observer.mark()
    try:
        seen, began = _boot(lab, user, side, name, image_id, case)
        cost = observer.since(mark)
        volumes = [volume for entry in seen for volume in side.volumes(entry.server_id)]
        shown = [
            side.cinder('GET', f'/volumes/{volume_id}')['volume']
            for volume_id in volumes
        ]
    finally:
        servers = [
            entry['id']
            for entry in side.nova('GET', f'/servers?name={name}')['servers']
        ]
        side.delete(servers, ())
    side.delete((), volumes)
    return ServerRow(
        nova.api_of(driver),
        driver,
        case,
        [entry.status for entry in seen],
        sorted(entry.at - began for entry in seen if entry.status == 'ACTIVE'),
        _routes(driver, shown, cost),
        remove_files(lab, files_left(lab, volumes)),
    )


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
        user.create_servers(side.driver, name, image_id, case.client_arguments)
        return watching.result(), arrival(log, offset, '/servers')


def _routes(
    driver: str,
    volumes: Sequence[dict[str, Any]],
    cost: Cost,
) -> dict[str, int]:
    if driver == 'eic':
        return routes_of_eic(
            [volume['metadata'].get('eic_route', 'unknown') for volume in volumes]
        )
    return routes_of_stock(len(volumes), round(cost.downloaded / disk.SIZE))


def remove_files(lab: Lab, left: list[str]) -> list[str]:
    """Remove the files that were counted: nothing else ever would."""
    for name in left:
        share, _, file_name = name.rpartition('/')
        root = simulator.flexvol_directory_from_host(lab, share)
        (root / file_name).unlink(missing_ok=True)
    return left


def files_left(lab: Lab, volumes: Sequence[str]) -> list[str]:
    """Files of these volumes on any FlexVol."""
    roots = {
        pool.share: simulator.flexvol_directory_from_host(lab, pool.share)
        for pool in pools()
    }
    return [
        f'{share}/volume-{volume_id}'
        for share, root in roots.items()
        for volume_id in volumes
        if (root / f'volume-{volume_id}').exists()
    ]
