"""The groups of tests that are run, and the two sides of the lab."""

import dataclasses
import re
from collections.abc import Iterable

SIDES = ('eic', 'stock')
_SCENARIOS = (
    'test_volume_boot_pattern',
    'test_instances_with_cinder_volumes',
    'test_server_volume_attachment',
    'test_shelve_instance',
    'test_snapshots_with_add_location',
    'test_stamp_pattern',
    'test_volume_migrate_attached',
)


@dataclasses.dataclass(frozen=True)
class Group:
    """Tests that are one line of the page.

    :param begins: regular expression of the beginnings of their names
    """

    name: str
    title: str
    begins: str
    sides: tuple[str, ...] = SIDES

    def has(self, test: str) -> bool:
        """Whether a test is one of them."""
        return re.match(self.begins, test) is not None


GROUPS = (
    Group('volume', '`tempest.api.volume`', r'tempest\.api\.volume\.'),
    Group(
        'cinder-plugin', '`cinder_tempest_plugin.api`', r'cinder_tempest_plugin\.api\.'
    ),
    Group(
        'servers', '`tempest.api.compute.servers`', r'tempest\.api\.compute\.servers\.'
    ),
    Group(
        'server-volumes',
        '`tempest.api.compute.volumes`',
        r'tempest\.api\.compute\.volumes\.',
    ),
    Group(
        'scenario',
        'scenarios with volumes, of `tempest.scenario` and '
        '`cinder_tempest_plugin.scenario`',
        rf'tempest\.scenario\.({"|".join(_SCENARIOS)})\.'
        r'|cinder_tempest_plugin\.scenario\.',
    ),
    Group(
        'eic',
        "EIC's own, `eic_plugins.tempest_plugin`",
        r'eic_plugins\.tempest_plugin\.',
        ('eic',),
    ),
)


def of(test: str) -> Group | None:
    """The group that a test belongs to."""
    return next((group for group in GROUPS if group.has(test)), None)


def pattern(groups: Iterable[Group]) -> str:
    """What selects the tests of several groups."""
    return f'^({"|".join(group.begins for group in groups)})'
