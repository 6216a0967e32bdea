"""What the tests have in common: images of their own, volumes and servers of them."""

import io
import json
import os
from collections.abc import Callable
from typing import Any

from tempest import config, test
from tempest.common import compute, waiters
from tempest.lib.common.utils import data_utils, test_utils

CONF = config.CONF
HINTS = 'OS-SCH-HNT:scheduler_hints'


class EicTest(test.BaseTestCase):
    """A test by a user, with an admin who looks on."""

    credentials = ('primary', 'admin')

    @classmethod
    def skip_checks(cls) -> None:
        """No EIC, or no Glance to upload images to."""
        super().skip_checks()
        available = CONF.service_available
        if not (available.eic and available.cinder and available.glance):
            raise cls.skipException('EIC, Cinder or Glance is not available')

    @classmethod
    def setup_clients(cls) -> None:
        """Those that the tests use, in short."""
        super().setup_clients()
        cls.images = cls.os_primary.image_client_v2
        cls.volumes = cls.os_primary.volumes_client_latest
        cls.servers = cls.os_primary.servers_client

    def upload(self, **properties: Any) -> tuple[dict[str, Any], bytes]:
        """A new raw image of random bytes, which no pool can have cached."""
        content = os.urandom(CONF.eic.image_size << 20)
        image = self.images.create_image(
            name=_name('image'),
            disk_format='raw',
            container_format='bare',
            visibility='private',
            **properties,
        )
        self._later(self.images.delete_image, image['id'])
        self.images.store_image_file(image['id'], io.BytesIO(content))
        return self.images.show_image(image['id']), content

    def volume_of(self, image_id: str, **fields: Any) -> dict[str, Any]:
        """A volume of an image, when it can be used."""
        return self.ready(self.request_volume(image_id, **fields)['volume']['id'])

    def request_volume(
        self, image_id: str, hints: dict[str, Any] | None = None, **fields: Any
    ) -> Any:
        """Cinder's answer to the request, which has its headers as ``response``.

        tempest's own call cannot send hints.
        """
        volume = {
            'name': _name('volume'),
            'imageRef': image_id,
            'size': CONF.volume.volume_size,
            **({'volume_type': CONF.eic.volume_type} if CONF.eic.volume_type else {}),
            **fields,
        }
        body = {'volume': volume, **({HINTS: hints} if hints is not None else {})}
        response, text = self.volumes.post('volumes', json.dumps(body))
        made = json.loads(text)
        self._later(self._delete_volume, made['volume']['id'])
        return Answer(response, made)

    def ready(self, volume_id: str) -> dict[str, Any]:
        """The volume, when it can be used."""
        waiters.wait_for_volume_resource_status(self.volumes, volume_id, 'available')
        return self.show(volume_id)

    def show(self, volume_id: str) -> dict[str, Any]:
        """The volume as its owner sees it."""
        shown: dict[str, Any] = self.volumes.show_volume(volume_id)['volume']
        return shown

    def boot(self, image_id: str, flavor: str, **fields: Any) -> 'Answer':
        """Nova's answer to the request for a server."""
        body, _ = compute.create_test_server(
            self.os_primary,
            tenant_network=self.get_tenant_network(),
            name=_name('server'),
            image_id=image_id,
            flavor=flavor,
            **fields,
        )
        self._later(self._delete_server, body['id'])
        return Answer(body.response, body)

    def active(self, server_id: str) -> dict[str, Any]:
        """The server, when it runs."""
        waiters.wait_for_server_status(self.servers, server_id, 'ACTIVE')
        shown: dict[str, Any] = self.servers.show_server(server_id)['server']
        return shown

    def flavor(self, opted: str) -> str:
        """A flavor like that of the cloud's tests, with an opinion about EIC's boot."""
        flavors = self.os_admin.flavors_client
        model = flavors.show_flavor(CONF.compute.flavor_ref)['flavor']
        specs = flavors.list_flavor_extra_specs(model['id'])['extra_specs']
        made = flavors.create_flavor(
            name=_name('flavor'),
            ram=model['ram'],
            vcpus=model['vcpus'],
            disk=max(model['disk'], 1),
        )['flavor']
        self._later(flavors.delete_flavor, made['id'])
        wanted = {k: v for k, v in specs.items() if k != 'eic:boot_from_volume'}
        if opted:
            wanted['eic:boot_from_volume'] = opted
        if wanted:
            flavors.set_flavor_extra_spec(made['id'], **wanted)
        return str(made['id'])

    def _delete_volume(self, volume_id: str) -> None:
        self.volumes.delete_volume(volume_id)
        self.volumes.wait_for_resource_deletion(volume_id)

    def _delete_server(self, server_id: str) -> None:
        self.servers.delete_server(server_id)
        waiters.wait_for_server_termination(self.servers, server_id)

    def _later(self, delete: Callable[[str], object], what: str) -> None:
        self.addCleanup(test_utils.call_and_ignore_notfound_exc, delete, what)


class Answer(dict[str, Any]):
    """The body of an answer, with the headers that came with it."""

    def __init__(self, response: Any, body: dict[str, Any]) -> None:
        super().__init__(body)
        self.headers: dict[str, str] = response


def _name(what: str) -> str:
    return str(data_utils.rand_name(f'eic-{what}', prefix=CONF.resource_name_prefix))
