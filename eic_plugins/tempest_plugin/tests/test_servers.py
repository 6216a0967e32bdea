"""Servers from images: who opts in, who opts out, and what becomes of the volume."""

from tempest import config
from tempest.common import waiters
from tempest.lib import decorators

from eic_plugins.tempest_plugin import seen
from eic_plugins.tempest_plugin.base import EicTest

CONF = config.CONF
HEADER = 'x-eic-boot'
ATTACHED = 'os-extended-volumes:volumes_attached'


class BootTest(EicTest):
    """The filter in nova-api, as the header ``X-EIC-Boot`` and the server show it."""

    @classmethod
    def skip_checks(cls) -> None:
        """It is optional."""
        super().skip_checks()
        if not (CONF.service_available.nova and CONF.eic.nova_filter):
            raise cls.skipException('nova-api has no filter of EIC')

    @classmethod
    def setup_credentials(cls) -> None:
        """Where there are networks, servers get one."""
        cls.set_network_resources(network=True, subnet=True, router=True, dhcp=True)
        super().setup_credentials()

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d11')
    def test_with_an_opt_in_flavor_it_boots_from_a_volume_of_its_own(self) -> None:
        """The volume is of the image, and goes with the server."""
        image, _ = self.upload()
        answer = self.boot(image['id'], self.flavor('true'))
        self.assertEqual('rewritten; reason=flavor', answer.headers[HEADER])
        server = self.active(answer['id'])
        self.assertFalse(server['image'])
        (attached,) = server[ATTACHED]
        volume = self.show(attached['id'])
        self.assertEqual(image['id'], volume['volume_image_metadata']['image_id'])
        if CONF.eic.record_outcome != 'never':
            self.assertTrue(seen.in_metadata(volume).by_eic)
        self.servers.delete_server(server['id'])
        waiters.wait_for_server_termination(self.servers, server['id'])
        self.volumes.wait_for_resource_deletion(volume['id'])

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d12')
    def test_a_user_can_opt_out_for_one_server(self) -> None:
        """The flavor says yes, and the user says no."""
        image, _ = self.upload()
        answer = self.boot(
            image['id'],
            self.flavor('true'),
            metadata={'eic_boot_from_volume': 'false'},
        )
        self.assertEqual('left; reason=opted_out', answer.headers[HEADER])
        self._boots_from_the_image(answer['id'], image['id'])

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d13')
    def test_a_flavor_can_opt_out(self) -> None:
        """It is asked before the image and the defaults."""
        image, _ = self.upload(eic_boot_from_volume='true')
        answer = self.boot(image['id'], self.flavor('false'))
        self.assertEqual('left; reason=not_opted_in', answer.headers[HEADER])
        self._boots_from_the_image(answer['id'], image['id'])

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d14')
    def test_an_image_can_opt_in(self) -> None:
        """Where the flavor says nothing."""
        image, _ = self.upload(eic_boot_from_volume='true')
        answer = self.boot(image['id'], self.flavor(''))
        self.assertEqual('rewritten; reason=image', answer.headers[HEADER])
        server = self.active(answer['id'])
        self.assertEqual(1, len(server[ATTACHED]))

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d15')
    def test_a_boot_from_a_volume_that_the_user_made_is_left_alone(self) -> None:
        """It maps devices itself."""
        image, _ = self.upload()
        volume = self.volume_of(image['id'])
        device = {
            'uuid': volume['id'],
            'source_type': 'volume',
            'destination_type': 'volume',
            'boot_index': 0,
            'delete_on_termination': False,
        }
        answer = self.boot('', self.flavor('true'), block_device_mapping_v2=[device])
        self.assertEqual('left; reason=block_device_mapping', answer.headers[HEADER])
        (attached,) = self.active(answer['id'])[ATTACHED]
        self.assertEqual(volume['id'], attached['id'])

    def _boots_from_the_image(self, server_id: str, image_id: str) -> None:
        server = self.active(server_id)
        self.assertEqual(image_id, server['image']['id'])
        self.assertEqual([], server[ATTACHED])
