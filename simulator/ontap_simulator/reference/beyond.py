"""What is accepted although the reference does not have it, and why."""

from collections.abc import Mapping

FIELDS: Mapping[str, Mapping[str, str]] = {
    # No release of NetApp's library has these. NetApp's own driver in Cinder asks
    # every cluster for them when it starts (_get_cluster_nodes_info), and knows by
    # them whether minimum QoS can be had.
    '/cluster/nodes': {
        'is_all_flash_optimized': 'bool',
        'is_all_flash_select_optimized': 'bool',
    },
}
"""Fields that GET shows, by the path of the collection."""

PROPERTIES: Mapping[str, frozenset[str]] = {
    # The reference has it as a parameter. NetApp's own driver in Cinder puts it into
    # the body (cancel_file_copy), and nobody has said that an array refuses it.
    'PATCH /cluster/jobs': frozenset({'action'}),
    # Another parameter that NetApp's own clients have in the body: the Ansible
    # collection (na_ontap_volume, snapshot_restore) and the driver in Manila.
    'PATCH /storage/volumes': frozenset({'restore_to'}),
    # The reference's own example says on which node the home port is, and its
    # schema says that nobody sets it.
    'POST /network/ip/interfaces': frozenset({'location.home_port.node'}),
    'PATCH /network/ip/interfaces': frozenset({'location.home_port.node'}),
}
"""Properties of a body, by the method and the path of the collection."""

PARAMETERS: Mapping[str, frozenset[str]] = {
    # The library's own example changes the place of a rule in this way.
    'PATCH /protocols/nfs/export-policies/{}/rules': frozenset({'new_index'}),
    # NetApp's documentation of the library has it, and its driver in Manila sends it.
    'GET /snapmirror/relationships': frozenset({'list_destinations_only'}),
}
"""Parameters, by the method and the path of the collection."""

NAMES_ALONE: Mapping[str, frozenset[str]] = {
    # NetApp's Ansible collection has the name where the reference has an object with
    # a name (na_ontap_svm, na_ontap_broadcast_domain, na_ontap_interface).
    '/svm/svms': frozenset({'ipspace'}),
    '/network/ethernet/broadcast-domains': frozenset({'ipspace'}),
    '/network/ip/interfaces': frozenset({'service_policy'}),
}
"""Objects of a body that may be a name, by the path of the collection."""
