"""Nova's two sides: each with its own Cinder, and no network."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab import (
    cinder,
    cinder_config,
    context,
    description,
    identity,
    no_network,
    nova,
    nova_config,
)
from lab.boots import Side
from lab.context import Lab
from lab.paths import REPOSITORY, Paths
from lab.topology import DRIVERS, FLAVORS


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    return context.load(Paths(tmp_path / 'lab'))


def written(lab: Lab, name: str) -> str:
    nova_config.write(lab)
    return (nova.etc(lab) / name).read_text()


@pytest.mark.parametrize(('driver', 'port'), [('eic', 18776), ('stock', 18777)])
def test_the_servers_of_a_side_get_their_volumes_from_its_cinder(
    lab: Lab, driver: str, port: int
) -> None:
    template = f'http://127.0.0.1:{port}/v3/%(project_id)s'
    api = nova_config.api_sections(lab, nova.api_of(driver), driver)
    compute = nova_config.compute_sections(lab, driver)
    assert api['cinder']['endpoint_template'] == template
    assert compute['cinder']['endpoint_template'] == template
    assert api['DEFAULT']['default_schedule_zone'] == driver


def test_who_names_no_volume_type_gets_the_driver_of_the_side(lab: Lab) -> None:
    cinder_config.write(lab)
    for driver in DRIVERS:
        text = (cinder.api_configs(lab, cinder.api_of(driver))[-1]).read_text()
        assert f'default_volume_type = {driver}\n' in text


def test_service_tokens_are_sent(lab: Lab) -> None:
    common = written(lab, 'nova.conf')
    assert 'send_service_user_token = True' in common


def test_a_nova_compute_knows_no_database(lab: Lab) -> None:
    for name in (
        'nova.conf',
        *(f'{nova.compute_service(driver)}.conf' for driver in DRIVERS),
    ):
        assert 'mysql' not in written(lab, name)
    assert 'mysql' in written(lab, 'database.conf')


def test_the_stock_nova_api_has_the_packaged_pipeline() -> None:
    assert nova_config.paste(nova.STOCK_API).parts[-2:] == ('nova', 'api-paste.ini')
    sample = REPOSITORY / 'api-paste-nova.ini.sample'
    assert (nova_config.paste(nova.API) == sample) == sample.exists()


def test_two_hosts_have_two_identities(lab: Lab) -> None:
    paths = {
        nova_config.compute_sections(lab, driver)['DEFAULT']['state_path']
        for driver in DRIVERS
    }
    assert len(paths) == 2


def test_the_stock_cloud_leads_past_the_catalog(lab: Lab) -> None:
    stock = description.stock_overrides(lab)
    assert stock['compute_endpoint_override'] == 'http://127.0.0.1:18775/v2.1'
    assert stock['block_storage_endpoint_override'] == ('http://127.0.0.1:18777/v3')


def test_one_flavor_opts_in() -> None:
    opted_in = [
        f.name for f in FLAVORS if ('eic:boot_from_volume', 'true') in f.extra_specs
    ]
    assert opted_in == ['eic.tiny']


@pytest.mark.parametrize(
    ('method', 'path', 'status', 'body'),
    [
        ('GET', '/v2.0/ports', '200 OK', {'ports': []}),
        ('GET', '/v2.0/security-groups', '200 OK', {'security_groups': []}),
        ('GET', '/v2.0/extensions.json', '200 OK', {'extensions': []}),
        (
            'GET',
            '/v2.0/quotas/1f2e',
            '200 OK',
            {'quota': {'network': 0, 'port': -1, 'security_group': 0}},
        ),
        ('PUT', '/v2.0/quotas/1f2e', '404 Not Found', None),
        ('GET', '/v2.0/ports/1', '404 Not Found', None),
        ('POST', '/v2.0/ports', '404 Not Found', None),
    ],
)
def test_there_are_no_networks(
    method: str, path: str, status: str, body: dict[str, Any] | None
) -> None:
    seen = []
    answer = b''.join(
        no_network.application(
            {'REQUEST_METHOD': method, 'PATH_INFO': path},
            lambda line, headers: seen.append(line),
        )
    )
    assert seen == [status]
    assert body is None or json.loads(answer) == body


class ListedServers(identity.Cloud):
    """Servers and their statuses, without a cloud."""

    def __init__(self, statuses: dict[str, str]) -> None:
        self.statuses = statuses
        self.asked: list[tuple[str, str]] = []

    def nova(
        self, method: str, path: str, json: Any = None, service: str = 'nova-api'
    ) -> Any:
        self.asked.append((service, path))
        wanted = path.rpartition('=')[2]
        return {
            'servers': [
                {'id': server}
                for server, status in self.statuses.items()
                if status == wanted
            ]
        }


def test_servers_are_seen_when_they_are_active_or_failed() -> None:
    api = ListedServers({'one': 'ACTIVE', 'two': 'ERROR', 'three': 'BUILD'})
    seen = Side(api, 'stock').watch('name', 2)
    assert {entry.server_id: entry.status for entry in seen} == {
        'one': 'ACTIVE',
        'two': 'ERROR',
    }
    assert {service for service, _ in api.asked} == {'nova-api-stock'}
