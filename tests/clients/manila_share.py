"""Manila's NetApp driver makes a share with a manila.conf: in Manila's Python.

``snippets.py`` runs it with the backend of the simulator's README, and reads the JSON
that it prints last.
"""

import configparser
import json
import sys
import uuid
from pathlib import Path
from unittest import mock

from manila import context, coordination
from manila.common import config as manila_config  # noqa: F401 - registers options
from manila.share import configuration, driver, share_types
from manila.share.drivers.netapp import common
from manila.share.drivers.netapp.dataontap.cluster_mode import lib_base
from oslo_concurrency import lockutils
from oslo_config import cfg


def main(path):
    section, names = written(path)
    cfg.CONF(['--config-file', path], project='manila')
    locks = Path(path).parent
    lockutils.set_defaults(str(locks))
    cfg.CONF.set_override('backend_url', f'file://{locks}', 'coordination')
    coordination.LOCK_COORDINATOR.start()
    backend = configuration.Configuration(driver.share_opts, config_group=section)
    admin = context.get_admin_context()
    with (
        # They go on in threads, and share types are in a database.
        mock.patch.object(
            lib_base.NetAppCmodeFileStorageLibrary, '_start_periodic_tasks'
        ),
        mock.patch.object(share_types, 'get_extra_specs_from_share', return_value={}),
    ):
        found = common.NetAppDriver(private_storage=mock.Mock(), configuration=backend)
        found.do_setup(admin)
        found.check_for_setup_error()
        pools = [each['pool_name'] for each in found.get_share_stats(True)['pools']]
        share = a_share(section, pools[0])
        exports = found.create_share(admin, share, share_server=None)
        found.delete_share(admin, share, share_server=None)
    said = {
        'pools': pools,
        'export': exports[0]['path'],
        'unknown': [name for name in names if name not in getattr(cfg.CONF, section)],
    }
    print(json.dumps(said))


def written(path):
    """The one section, and the names in it."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path)
    (section,) = parser.sections()
    return section, list(parser[section])


def a_share(section, pool):
    """What the manager would give the driver, as far as the driver looks at it."""
    number = str(uuid.uuid4())
    return {
        'id': number,
        'share_id': number,
        'name': f'share-{number}',
        'host': f'host@{section}#{pool}',
        'size': 1,
        'share_proto': 'NFS',
        'share_type_id': None,
        'share_group_id': None,
        'replica_state': None,
        'snapshot_id': None,
        'metadata': {},
        'mount_point_name': None,
        'share_server': None,
        'encryption_key_ref': None,
        'project_id': 'p',
    }


if __name__ == '__main__':
    main(sys.argv[1])
