"""Which handler answers which path: the whole API in one table.

``{name}`` stands for one part of a path, ``{name*}`` for the rest of it.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from ontap_simulator.exceptions import (
    ApiNotFoundError,
    MethodNotAllowedError,
)
from ontap_simulator.responses import (
    cluster,
    files,
    lun_attributes,
    luns,
    namespaces,
    network,
    nvme,
    private_cli,
    private_cli_lun,
    san,
    storage,
    support,
)
from ontap_simulator.responses.base import Handler

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    '/cluster': {'GET': cluster.get_cluster},
    '/cluster/nodes': {'GET': cluster.list_nodes},
    '/cluster/jobs': {'GET': cluster.list_jobs},
    '/cluster/jobs/{uuid}': {'GET': cluster.get_job, 'PATCH': cluster.patch_job},
    '/cluster/counter/tables': {'GET': cluster.list_tables},
    '/cluster/counter/tables/{name}': {'GET': cluster.get_table},
    '/cluster/counter/tables/{name}/rows': {'GET': cluster.list_rows},
    '/network/ip/interfaces': {'GET': network.list_interfaces},
    '/network/ip/interfaces/{uuid}': {'GET': network.get_interface},
    '/svm/svms': {'GET': cluster.list_svms},
    '/svm/svms/{uuid}': {'GET': cluster.get_svm},
    '/svm/peers': {'GET': network.list_peers, 'POST': network.create_peer},
    '/svm/peers/{uuid}': {
        'GET': network.get_peer,
        'PATCH': network.patch_peer,
        'DELETE': network.delete_peer,
    },
    '/storage/aggregates': {'GET': storage.list_aggregates},
    '/storage/aggregates/{uuid}': {'GET': storage.get_aggregate},
    '/storage/disks': {'GET': storage.list_disks},
    '/storage/volumes': {'GET': storage.list_volumes, 'PATCH': storage.patch_volumes},
    '/storage/volumes/{uuid}': {
        'GET': storage.get_volume,
        'PATCH': storage.patch_volume,
    },
    '/storage/volumes/{uuid}/snapshots': {
        'GET': storage.list_snapshots,
        'DELETE': storage.delete_snapshots,
    },
    '/storage/volumes/{uuid}/files': {'GET': files.get_file},
    '/storage/volumes/{uuid}/files/{path*}': {
        'GET': files.get_file,
        'POST': files.post_file,
        'PATCH': files.patch_file,
        'DELETE': files.delete_file,
    },
    '/storage/file/clone': {'POST': files.clone_file},
    '/storage/file/clone/split-status': {'GET': files.split_status},
    '/storage/file/clone/split-loads': {'GET': files.split_loads},
    '/storage/file/clone/split-loads/{uuid}': {'GET': files.split_load_of_node},
    '/storage/file/copy': {'POST': files.copy_files},
    '/storage/luns': luns.RESOURCE.of_collection,
    '/storage/luns/{uuid}': luns.RESOURCE.of_instance,
    '/storage/luns/{uuid}/attributes': {
        'GET': lun_attributes.list_attributes,
        'POST': lun_attributes.create_attribute,
    },
    '/storage/luns/{uuid}/attributes/{name}': {
        'GET': lun_attributes.get_attribute,
        'PATCH': lun_attributes.patch_attribute,
        'DELETE': lun_attributes.delete_attribute,
    },
    '/storage/namespaces': namespaces.RESOURCE.of_collection,
    '/storage/namespaces/{uuid}': namespaces.RESOURCE.of_instance,
    '/protocols/san/igroups': {'GET': san.list_igroups, 'POST': san.create_igroup},
    '/protocols/san/igroups/{uuid}': {
        'GET': san.get_igroup,
        'PATCH': san.patch_igroup,
        'DELETE': san.delete_igroup,
    },
    '/protocols/san/igroups/{uuid}/initiators': {
        'GET': san.list_initiators,
        'POST': san.create_initiators,
    },
    '/protocols/san/igroups/{uuid}/initiators/{name}': {'DELETE': san.delete_initiator},
    '/protocols/san/lun-maps': {
        'GET': san.list_maps,
        'POST': san.create_map,
        'DELETE': san.delete_maps,
    },
    '/protocols/san/lun-maps/{lun}/{igroup}': {
        'GET': san.get_map,
        'DELETE': san.delete_map,
    },
    '/protocols/san/iscsi/services': {'GET': san.list_iscsi_services},
    '/protocols/san/iscsi/services/{uuid}': {'GET': san.get_iscsi_service},
    '/protocols/san/fcp/services': {'GET': san.list_fcp_services},
    '/protocols/san/fcp/services/{uuid}': {'GET': san.get_fcp_service},
    '/network/fc/interfaces': {'GET': san.list_fc_interfaces},
    '/protocols/nvme/services': {'GET': nvme.list_services},
    '/protocols/nvme/services/{uuid}': {'GET': nvme.get_service},
    '/protocols/nvme/subsystems': {
        'GET': nvme.list_subsystems,
        'POST': nvme.create_subsystem,
    },
    '/protocols/nvme/subsystems/{uuid}': {
        'GET': nvme.get_subsystem,
        'PATCH': nvme.patch_subsystem,
        'DELETE': nvme.delete_subsystem,
    },
    '/protocols/nvme/subsystems/{uuid}/hosts': {
        'GET': nvme.list_hosts,
        'POST': nvme.create_hosts,
    },
    '/protocols/nvme/subsystems/{uuid}/hosts/{nqn}': {
        'GET': nvme.get_host,
        'DELETE': nvme.delete_host,
    },
    '/protocols/nvme/subsystem-maps': {
        'GET': nvme.list_maps,
        'POST': nvme.create_map,
        'DELETE': nvme.delete_maps,
    },
    '/protocols/nvme/subsystem-maps/{subsystem}/{namespace}': {
        'GET': nvme.get_map,
        'DELETE': nvme.delete_map,
    },
    '/storage/qos/policies': {
        'GET': storage.list_policies,
        'POST': storage.create_policy,
        'PATCH': storage.patch_policies,
        'DELETE': storage.delete_policies,
    },
    '/storage/qos/policies/{uuid}': {
        'GET': storage.get_policy,
        'PATCH': storage.patch_policy,
        'DELETE': storage.delete_policy,
    },
    '/snapmirror/relationships': {'GET': storage.list_relationships},
    '/support/ems/application-logs': {'POST': support.post_application_log},
    '/private/cli/lun': {'POST': private_cli_lun.create_lun_from_file},
    '/private/cli/volume/efficiency': {'GET': private_cli.volume_efficiency},
    '/private/cli/volume/file/show-disk-usage': {'GET': private_cli.show_disk_usage},
}


def _compile(template: str) -> re.Pattern[str]:
    pattern = re.sub(r'\{(\w+)\}', r'(?P<\1>[^/]+)', template)
    return re.compile(re.sub(r'\{(\w+)\*\}', r'(?P<\1>.+)', pattern))


_COMPILED = [(template, _compile(template)) for template in ROUTES]


def resolve(path: str) -> tuple[str, Mapping[str, str]]:
    """The template of a path below /api, and what its parts are.

    :raises ApiNotFoundError: there is none
    """
    for template, pattern in _COMPILED:
        match = pattern.fullmatch(path)
        if match:
            return template, {
                key: found if f'{{{key}*}}' in template else unquote(found)
                for key, found in match.groupdict().items()
            }
    raise ApiNotFoundError('API not found')


def handler(template: str, method: str) -> Handler:
    """What answers a method on a resource.

    :raises MethodNotAllowedError: nothing does
    """
    try:
        return ROUTES[template][method]
    except KeyError as err:
        raise MethodNotAllowedError(
            f'The method {method} is not supported here.'
        ) from err
