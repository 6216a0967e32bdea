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
}
"""Properties of a body, by the method and the path of the collection."""
