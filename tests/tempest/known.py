"""Why tests fail, and whose fault that is: kept by hand, checked by each run."""

import dataclasses
import re
from collections.abc import Iterator, Mapping

from tests.tempest.groups import SIDES, Group
from tests.tempest.results import Found

Results = Mapping[str, Mapping[str, Found]]
"""By side, then by group."""


@dataclasses.dataclass(frozen=True)
class Known:
    """Tests that fail: what their names begin with, and a pattern of the error."""

    test: str
    error: str
    whose: str
    """"stock": of the released driver or service; "lab": it lacks something;
    "eic": documented, or to be mended; "tempest": no cloud could pass."""
    why: str
    sides: tuple[str, ...] = SIDES

    def explains(self, side: str, test: str, error: str) -> bool:
        """Whether that failure is this one."""
        return (
            side in self.sides
            and test.startswith(self.test)
            and re.search(self.error, error) is not None
        )


_VOLUME_SERVER = (
    '[as of every server on a volume]'
    '(nova.md#what-is-different-for-users-of-such-a-server)'
)
_SERVERS = 'tempest.api.compute.servers.'
_ACTIONS = f'{_SERVERS}test_server_actions.'
_OTHER_IMAGE = 'Unable to rebuild with a different image'


def _of_eic(test: str, error: str, why: str) -> Known:
    return Known(
        f'{_SERVERS}{test}', error, 'eic', f'{why}, {_VOLUME_SERVER}', ('eic',)
    )


KNOWN: tuple[Known, ...] = (
    *(
        _of_eic(test, 'string indices must be integers', 'the server shows no image')
        for test in (
            'test_create_server.ServersTestJSON.test_verify_server_details',
            'test_create_server.ServersTestManualDisk.test_verify_server_details',
            'test_server_actions.ServerActionsTestOtherA'
            '.test_rebuild_server_in_stop_state',
        )
    ),
    *(
        _of_eic(
            f'test_list_server_filters.ListServerFiltersTestJSON.{test}',
            'not in <map object',
            'the list by image does not find it',
        )
        for test in (
            'test_list_servers_detailed_filter_by_image',
            'test_list_servers_filter_by_image',
        )
    ),
    *(
        _of_eic(test, _OTHER_IMAGE, 'another image takes microversion 2.93')
        for test in (
            'test_server_actions.ServerActionsTestJSON.test_rebuild_server',
            'test_server_actions.ServerActionsTestOtherA'
            '.test_rebuild_server_with_volume_attached',
            'test_servers.ServerShowV247Test.test_update_rebuild_list_server',
            'test_servers_microversions.ServerShowV254Test.test_rebuild_server',
            'test_servers_microversions.ServerShowV257Test.test_rebuild_server',
        )
    ),
    *(
        _of_eic(test, 'Backup is not supported', 'there is no `createBackup`')
        for test in (
            'test_server_actions.ServerActionsTestOtherB.test_create_backup',
            'test_server_actions.ServersAaction247Test.test_create_backup',
        )
    ),
    _of_eic(
        'test_server_actions.ServerActionsTestOtherB.test_shelve_unshelve_server',
        '1 != 0',
        'shelving keeps the volume and makes no image',
    ),
    _of_eic(
        'test_server_rescue',
        'Cannot rescue a volume-backed instance',
        'rescue takes microversion 2.87',
    ),
    Known(
        f'{_ACTIONS}ServerActionsTestOtherA.test_remove_server_all_security_groups',
        'security_groups',
        'lab',
        'it has no Neutron, and so no security groups',
    ),
    Known(
        f'{_ACTIONS}ServerActionsTestOtherB.test_get_console_output_with_unlimited_size',
        'enough console log length',
        'lab',
        "the console of Nova's fake driver always has the same three lines",
    ),
    Known(
        f'{_ACTIONS}ServerActionsV293TestJSON.test_rebuild_volume_backed_server',
        'validation_resources cannot be None',
        'lab',
        'the test logs in at a guest, over a network',
    ),
    Known(
        'cinder_tempest_plugin.scenario.test_snapshots.SnapshotDataIntegrityTests',
        'No matching service found in the catalog',
        'lab',
        'the test logs in at a guest, over a network',
    ),
    Known(
        'cinder_tempest_plugin.scenario.test_volume_concurrency.'
        'ConcurrentVolumeActionsTest.test_create_backups_and_restores',
        'failed to build',
        'lab',
        'it has no cinder-backup, and the test does not ask tempest.conf about it',
    ),
    *(
        Known(
            test,
            r'failed to reach active state \(current state queued\)',
            'lab',
            "Nova's fake driver makes no image of a server's local disk",
            ('stock',),
        )
        for test in (
            f'{_ACTIONS}ServerActionsTestOtherB.test_create_backup',
            'tempest.scenario.test_snapshots_with_add_location.'
            'TestImageHashVerification.test_instance_snapshot_image_hash_verification',
        )
    ),
)


def explanation(
    side: str, test: str, error: str, known: tuple[Known, ...] = KNOWN
) -> Known | None:
    """Why it fails."""
    return next((each for each in known if each.explains(side, test, error)), None)


def surprises(
    results: Results, groups: tuple[Group, ...], known: tuple[Known, ...] = KNOWN
) -> Iterator[str]:
    """Failures that nobody has explained, and explanations that fit nothing."""
    for side, found in results.items():
        for group in found.values():
            for test, error in group.failed.items():
                if explanation(side, test, error, known) is None:
                    yield f'{side}: {test}: {error}'
    for each in known:
        for side in each.sides:
            if _was_run(side, each, results, groups) and not _fits(side, each, results):
                yield f'{side}: {each.test} passes now, or fails in another way'


def _fits(side: str, known: Known, results: Results) -> bool:
    return any(
        known.explains(side, test, error)
        for group in results[side].values()
        for test, error in group.failed.items()
    )


def _was_run(
    side: str, known: Known, results: Results, groups: tuple[Group, ...]
) -> bool:
    return any(
        group.name in results.get(side, {}) and group.has(known.test)
        for group in groups
    )
