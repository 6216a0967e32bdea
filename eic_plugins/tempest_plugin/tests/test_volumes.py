"""Volumes from images: the route that is shown, the bytes, and whose wishes count."""

from tempest import config
from tempest.lib import decorators

from eic_plugins.model import NOTE_KEY
from eic_plugins.tempest_plugin import seen
from eic_plugins.tempest_plugin.base import EicTest

CONF = config.CONF


class OutcomeTest(EicTest):
    """What a volume shows of the way by which it got its image."""

    @classmethod
    def skip_checks(cls) -> None:
        """The operator may have turned it off."""
        super().skip_checks()
        if CONF.eic.record_outcome == 'never':
            raise cls.skipException('[eic] record_outcome is never')

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d01')
    def test_a_volume_shows_its_route_and_why_not_a_faster_one(self) -> None:
        """Nobody has seen the image before: another route than cached is taken."""
        image, _ = self.upload()
        shown = seen.in_metadata(self.volume_of(image['id']))
        self.assertTrue(shown.by_eic, shown)
        self.assertNotEqual('cached', shown.route)
        self.assertIn('cached', shown.refused)
        self.assertEqual([], shown.unknown_reasons)
        self.assertIn(shown.bytes_kept_off_host, {0, image['size']})
        self.assertGreaterEqual(shown.seconds, 0)

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d02')
    def test_metadata_of_the_user_stays_as_it_is(self) -> None:
        """Then the outcome is noted beside the image's properties."""
        if CONF.eic.record_outcome != 'auto':
            raise self.skipException('[eic] record_outcome is not auto')
        image, _ = self.upload()
        volume = self.volume_of(image['id'], metadata={'mine': 'as it was'})
        self.assertEqual('as it was', volume['metadata']['mine'])
        self.assertEqual([], seen.of_eic(volume['metadata']))
        self.assertTrue(seen.in_image_metadata(volume).by_eic)

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d03')
    def test_a_note_is_of_its_own_volume(self) -> None:
        """A clone of the volume has the note too, and it names the first one."""
        if CONF.eic.record_outcome != 'auto':
            raise self.skipException('[eic] record_outcome is not auto')
        image, _ = self.upload()
        volume = self.volume_of(image['id'], metadata={'mine': 'as it was'})
        made = self.volumes.create_volume(
            source_volid=volume['id'], size=volume['size']
        )['volume']
        self.addCleanup(self._delete_volume, made['id'])
        clone = self.ready(made['id'])
        self.assertIn(NOTE_KEY, clone['volume_image_metadata'])
        self.assertRaises(ValueError, seen.in_image_metadata, clone)

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d04')
    def test_a_hint_of_the_user_is_not_believed(self) -> None:
        """Where an image is, only the service says."""
        image, _ = self.upload()
        forged = {'copies': [{'server': '192.0.2.1', 'path': '/nobody/is/here'}]}
        answer = self.request_volume(image['id'], hints={'eic': forged})
        volume = self.ready(answer['volume']['id'])
        self.assertTrue(seen.in_metadata(volume).by_eic)


class SecondVolumeTest(EicTest):
    """Two volumes of an image in one pool."""

    @classmethod
    def skip_checks(cls) -> None:
        """They must come into the same pool, and show by which route."""
        super().skip_checks()
        if not CONF.eic.volume_type or CONF.eic.record_outcome == 'never':
            raise cls.skipException(
                'there is no [eic] volume_type, or record_outcome is never'
            )

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d05')
    def test_the_second_volume_is_a_clone_without_download(self) -> None:
        """It took no route but the cached image, and no byte through a host."""
        image, _ = self.upload()
        self.volume_of(image['id'])
        shown = seen.in_metadata(self.volume_of(image['id']))
        self.assertEqual('cached', shown.route)
        self.assertEqual({}, shown.refused)
        self.assertEqual(image['size'], shown.bytes_kept_off_host)

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d06')
    def test_the_second_volume_has_the_bytes_of_the_image(self) -> None:
        """Uploaded again, it is the image with zeros behind it, by Glance's hash."""
        image, content = self.upload()
        self.volume_of(image['id'])
        volume = self.volume_of(image['id'])
        self.assertEqual('cached', seen.in_metadata(volume).route)
        made = self.volumes.upload_volume(
            volume['id'], image_name='eic-bytes', disk_format='raw'
        )['os-volume_upload_image']
        self.addCleanup(self.images.delete_image, made['image_id'])
        self.ready(volume['id'])
        uploaded = self.images.show_image(made['image_id'])
        self.assertEqual(
            seen.digest_of_volume(content, volume['size'], uploaded['os_hash_algo']),
            uploaded['os_hash_value'],
        )

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d07')
    def test_a_volume_is_its_own_when_the_image_is_gone(self) -> None:
        """It can be enlarged, and a volume can be made of it."""
        image, _ = self.upload()
        self.volume_of(image['id'])
        volume = self.volume_of(image['id'])
        self.images.delete_image(image['id'])
        self.images.wait_for_resource_deletion(image['id'])
        self.volumes.extend_volume(volume['id'], new_size=volume['size'] + 1)
        self.assertEqual(volume['size'] + 1, self.ready(volume['id'])['size'])
        clone = self.volumes.create_volume(
            source_volid=volume['id'], size=volume['size'] + 1
        )['volume']
        self.addCleanup(self._delete_volume, clone['id'])
        self.assertEqual('true', self.ready(clone['id'])['bootable'])

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d08')
    def test_the_pool_reports_itself_to_the_scheduler(self) -> None:
        """An admin sees that the volume's pool is one of EIC's."""
        image, _ = self.upload()
        volume = self.volume_of(image['id'])
        host = self.os_admin.volumes_client_latest.show_volume(volume['id'])['volume'][
            'os-vol-host-attr:host'
        ]
        pools = self.os_admin.volume_scheduler_stats_client_latest.list_pools(
            detail=True
        )['pools']
        (pool,) = [each for each in pools if each['name'] == host]
        self.assertIn('eic', pool['capabilities'])


class HoldTest(EicTest):
    """Whether the answer to a user waits for the volume."""

    @decorators.idempotent_id('2f9c1f3e-6f0b-4c0e-9a41-6a1f0f4c7d09')
    def test_a_users_answer_is_held_if_the_operator_says_so(self) -> None:
        """Held: the volume is there when the answer is. Otherwise no header."""
        image, _ = self.upload()
        answer = self.request_volume(image['id'])
        header = answer.headers.get('x-eic-hold')
        if CONF.eic.hold_requests != 'all':
            self.assertIsNone(header)
        else:
            self.assertIn(header, {'available', 'budget', 'limit'})
        if header == 'available':
            shown = self.show(answer['volume']['id'])
            self.assertEqual('available', shown['status'])
        self.ready(answer['volume']['id'])
