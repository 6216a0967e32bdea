"""How often Cinder's database is asked for a volume of a cached image."""

from collections.abc import Iterator

import pytest
import sqlalchemy

from eic_plugins.volume.pools.own_service import OwnService
from tests.contract import block, release
from tests.contract.test_image_kinds import (  # noqa: F401 - fixtures
    cinder_conf,
    protocol,
)
from tests.contract.test_refused_calls import (  # noqa: F401 - fixtures
    put,
    share_driver,
    world,
)
from tests.contract.world import World

pytestmark = [pytest.mark.usefixtures('nfs'), block.NEEDS_ROOT]
WRITES = ('INSERT INTO volume_metadata',)
"""What a volume's outcome is."""
STATEMENTS = {
    # Nobody is to probe the format.
    'nfs': {'INSERT INTO volume_admin_metadata', *WRITES},
    'iscsi': {*WRITES},
}


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Statements since then."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(' '.join(statement.split()))

    engine = release.engine()
    sqlalchemy.event.listen(engine, 'before_cursor_execute', note)
    yield found
    sqlalchemy.event.remove(engine, 'before_cursor_execute', note)


@pytest.mark.parametrize('protocol', sorted(STATEMENTS), indirect=True, scope='module')
def test_a_hit_reads_nothing_and_writes_what_only_the_driver_knows(
    world: World, protocol: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is asked for once in a process; here there is no service.
    monkeypatch.setattr(OwnService, 'uuid', lambda *_: None)
    image = put(world, '')
    volume = world.new_volume()
    if not world.clone_image(volume, image):
        world.download(volume, image)
    volume = world.new_volume()
    monkeypatch.setattr(world, '_save', lambda *_: None)
    asked.clear()
    assert world.clone_image(volume, image)
    assert not [each for each in asked if 'FROM volume_types' in each]
    inserts = {each.partition(' (')[0] for each in asked if 'INSERT' in each}
    assert inserts == STATEMENTS[protocol]
    assert not [each for each in asked if each.startswith('UPDATE volumes ')]
