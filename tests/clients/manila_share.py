"""Manila's NetApp driver makes a share with a manila.conf: in Manila's Python.

``snippets.py`` runs it with the backend of the simulator's README, and reads the JSON
that it prints last.
"""

import configparser
import json
import sys
import uuid
from unittest import mock

from manila import context
from manila.common import config as manila_config  # noqa: F401 - registers options
from manila.share import configuration, driver
from manila.share.drivers.netapp import common, options
from oslo_config import cfg


def main(path):
    section, names = written(path)
    cfg.CONF(['--config-file', path], project='manila')
    backend = configuration.Configuration(driver.share_opts, config_group=section)
    backend.append_config_values(driver.ganesha_opts)
    with mock.patch(
        'manila.share.drivers.netapp.dataontap.cluster_mode.lib_base.'
        'NetAppCmodeFileStorageLibrary._start_periodic_tasks'
    ):
        found = common.NetAppDriver(private_storage=mock.Mock(), configuration=backend)
        found.do_setup(context.get_admin_context())
        found.check_for_setup_error()
    pools = [pool['pool_name'] for pool in found.get_share_stats(refresh=True)['pools']]
    share = a_share(section, pools[0])
    exports = found.create_share(context.get_admin_context(), share)
    found.delete_share(context.get_admin_context(), share)
    unknown = [name for name in names if name not in getattr(cfg.CONF, section)]
    print(
        json.dumps({'pools': pools, 'export': exports[0]['path'], 'unknown': unknown})
    )


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
    assert options
    main(sys.argv[1])
