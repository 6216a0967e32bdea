"""Which handler answers which path: the whole API in one table.

``{name}`` stands for one part of a path, ``{name*}`` for the rest of it.
"""

from collections.abc import Mapping

from ontap_simulator.responses import (
    aggregates,
    cluster,
    consistency_groups,
    counters,
    export_policies,
    file_clones,
    file_copies,
    file_moves,
    files,
    igroups,
    interfaces,
    kept_kinds,
    lun_attributes,
    lun_maps,
    luns,
    namespaces,
    private_cli,
    private_cli_lun,
    qos,
    qtrees,
    security,
    services,
    snapshots,
    storage,
    subsystem_hosts,
    subsystem_maps,
    subsystems,
    support,
    svm_peers,
    svms,
    volumes,
)
from ontap_simulator.responses.base import Handler

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    '/cluster': {'GET': cluster.get_cluster},
    '/cluster/nodes': {'GET': cluster.list_nodes},
    '/cluster/nodes/{uuid}': {'GET': cluster.get_node},
    '/cluster/jobs': {'GET': cluster.list_jobs},
    '/cluster/jobs/{uuid}': {'GET': cluster.get_job, 'PATCH': cluster.patch_job},
    '/cluster/counter/tables': {'GET': counters.list_tables},
    '/cluster/counter/tables/{name}': {'GET': counters.get_table},
    '/cluster/counter/tables/{name}/rows': {'GET': counters.list_rows},
    '/network/ip/interfaces': {
        'GET': interfaces.list_interfaces,
        'POST': interfaces.create_interface,
    },
    '/network/ip/interfaces/{uuid}': {
        'GET': interfaces.get_interface,
        'PATCH': interfaces.patch_interface,
        'DELETE': interfaces.delete_interface,
    },
    '/svm/svms': {'GET': svms.list_svms, 'POST': svms.create_svm},
    '/svm/svms/{uuid}': {
        'GET': svms.get_svm,
        'PATCH': svms.patch_svm,
        'DELETE': svms.delete_svm,
    },
    '/svm/peers': {'GET': svm_peers.list_peers, 'POST': svm_peers.create_peer},
    '/svm/peers/{uuid}': {
        'GET': svm_peers.get_peer,
        'PATCH': svm_peers.patch_peer,
        'DELETE': svm_peers.delete_peer,
    },
    '/storage/aggregates': {'GET': aggregates.list_aggregates},
    '/storage/aggregates/{uuid}': {'GET': aggregates.get_aggregate},
    '/storage/disks': {'GET': aggregates.list_disks},
    '/storage/volumes': {
        'GET': storage.list_volumes,
        'POST': volumes.create_volume,
        'PATCH': volumes.patch_volumes,
        'DELETE': volumes.delete_volumes,
    },
    '/storage/volumes/{uuid}': {
        'GET': storage.get_volume,
        'PATCH': volumes.patch_volume,
        'DELETE': volumes.delete_volume,
    },
    '/storage/volumes/{uuid}/snapshots': {
        'GET': snapshots.list_snapshots,
        'POST': snapshots.create_snapshot,
        'PATCH': snapshots.patch_snapshots,
        'DELETE': snapshots.delete_snapshots,
    },
    '/storage/volumes/{uuid}/snapshots/{snapshot}': {
        'GET': snapshots.get_snapshot,
        'PATCH': snapshots.patch_snapshot,
        'DELETE': snapshots.delete_snapshot,
    },
    '/storage/qtrees': qtrees.QTREES.of_collection,
    '/storage/qtrees/{volume}/{id}': qtrees.QTREES.of_instance,
    '/protocols/nfs/export-policies': export_policies.POLICIES.of_collection,
    '/protocols/nfs/export-policies/{id}': export_policies.POLICIES.of_instance,
    **export_policies.RULES,
    '/security/roles': security.ROLES.of_collection,
    '/security/roles/{owner}/{name}': security.ROLES.of_instance,
    **security.PRIVILEGES,
    '/security/accounts': security.ACCOUNTS.of_collection,
    '/security/accounts/{owner}/{name}': security.ACCOUNTS.of_instance,
    **kept_kinds.ROUTES,
    '/application/consistency-groups': consistency_groups.GROUPS.of_collection,
    '/application/consistency-groups/{group}': consistency_groups.GROUPS.of_instance,
    '/application/consistency-groups/{group}/snapshots': (
        consistency_groups.SNAPSHOTS.of_collection
    ),
    '/application/consistency-groups/{group}/snapshots/{uuid}': (
        consistency_groups.SNAPSHOTS.of_instance
    ),
    '/storage/file/moves': {
        'GET': file_moves.list_moves,
        'POST': file_moves.move_files,
    },
    '/storage/file/moves/{node}/{uuid}/{index}': {'GET': file_moves.get_move},
    '/storage/volumes/{uuid}/files': {'GET': files.get_file},
    '/storage/volumes/{uuid}/files/{path*}': {
        'GET': files.get_file,
        'POST': files.post_file,
        'PATCH': files.patch_file,
        'DELETE': files.delete_file,
    },
    '/storage/file/clone': {'POST': file_clones.clone_file},
    '/storage/file/clone/split-status': {'GET': file_clones.split_status},
    '/storage/file/clone/split-loads': {'GET': file_clones.split_loads},
    '/storage/file/clone/split-loads/{uuid}': {'GET': file_clones.split_load_of_node},
    '/storage/file/copy': {'POST': file_copies.copy_files},
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
    '/protocols/san/igroups': {
        'GET': igroups.list_igroups,
        'POST': igroups.create_igroup,
    },
    '/protocols/san/igroups/{uuid}': {
        'GET': igroups.get_igroup,
        'PATCH': igroups.patch_igroup,
        'DELETE': igroups.delete_igroup,
    },
    '/protocols/san/igroups/{uuid}/initiators': {
        'GET': igroups.list_initiators,
        'POST': igroups.create_initiators,
    },
    '/protocols/san/igroups/{uuid}/initiators/{name}': {
        'GET': igroups.get_initiator,
        'PATCH': igroups.patch_initiator,
        'DELETE': igroups.delete_initiator,
    },
    '/protocols/san/lun-maps': {
        'GET': lun_maps.list_maps,
        'POST': lun_maps.create_map,
        'DELETE': lun_maps.delete_maps,
    },
    '/protocols/san/lun-maps/{lun}/{igroup}': {
        'GET': lun_maps.get_map,
        'DELETE': lun_maps.delete_map,
    },
    '/protocols/san/lun-maps/{lun}/{igroup}/reporting-nodes': {
        'GET': lun_maps.list_reporting_nodes,
        'POST': lun_maps.add_reporting_node,
    },
    '/protocols/san/lun-maps/{lun}/{igroup}/reporting-nodes/{uuid}': {
        'GET': lun_maps.get_reporting_node,
        'DELETE': lun_maps.remove_reporting_node,
    },
    '/protocols/san/iscsi/services': {'GET': services.list_iscsi_services},
    '/protocols/san/iscsi/services/{uuid}': {'GET': services.get_iscsi_service},
    '/protocols/san/fcp/services': {'GET': services.list_fcp_services},
    '/protocols/san/fcp/services/{uuid}': {'GET': services.get_fcp_service},
    '/network/fc/interfaces': {'GET': services.list_fc_interfaces},
    '/protocols/nvme/services': {'GET': services.list_nvme_services},
    '/protocols/nvme/services/{uuid}': {'GET': services.get_nvme_service},
    '/protocols/nvme/subsystems': {
        'GET': subsystems.list_subsystems,
        'POST': subsystems.create_subsystem,
    },
    '/protocols/nvme/subsystems/{uuid}': {
        'GET': subsystems.get_subsystem,
        'PATCH': subsystems.patch_subsystem,
        'DELETE': subsystems.delete_subsystem,
    },
    '/protocols/nvme/subsystems/{uuid}/hosts': {
        'GET': subsystem_hosts.list_hosts,
        'POST': subsystem_hosts.create_hosts,
    },
    '/protocols/nvme/subsystems/{uuid}/hosts/{nqn}': {
        'GET': subsystem_hosts.get_host,
        'DELETE': subsystem_hosts.delete_host,
    },
    '/protocols/nvme/subsystem-maps': {
        'GET': subsystem_maps.list_maps,
        'POST': subsystem_maps.create_map,
        'DELETE': subsystem_maps.delete_maps,
    },
    '/protocols/nvme/subsystem-maps/{subsystem}/{namespace}': {
        'GET': subsystem_maps.get_map,
        'DELETE': subsystem_maps.delete_map,
    },
    '/storage/qos/policies': {
        'GET': qos.list_policies,
        'POST': qos.create_policy,
        'PATCH': qos.patch_policies,
        'DELETE': qos.delete_policies,
    },
    '/storage/qos/policies/{uuid}': {
        'GET': qos.get_policy,
        'PATCH': qos.patch_policy,
        'DELETE': qos.delete_policy,
    },
    '/snapmirror/relationships': {'GET': storage.list_relationships},
    '/support/ems/application-logs': {'POST': support.post_application_log},
    '/private/cli/aggr': {'GET': private_cli.list_aggregates},
    '/private/cli/network/interface/capacity/details': {
        'GET': private_cli.lif_capacity
    },
    '/private/cli/lun': {'POST': private_cli_lun.create_lun_from_file},
    '/private/cli/volume/efficiency': {'GET': private_cli.volume_efficiency},
    '/private/cli/volume/file/show-disk-usage': {'GET': private_cli.show_disk_usage},
}
