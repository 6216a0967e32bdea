"""What an operator can do about each reason, and where the manual has it.

``eic``, cinder-volume's log and the manual share these sentences and anchors.
"""

from collections.abc import Mapping

from eic_plugins.model import Reason

_MANUAL = 'docs/operations.md'
_NOTHING = 'nothing is to be done'
_LOG = "look into cinder-volume's log, at the id of the request"

_REMEDIES: Mapping[Reason, str] = {
    Reason.NO_LOCATION: 'run "eic check glance-roles glance-locations-api", and give '
    'the service user what it lacks',
    Reason.LOCATION_UNSUPPORTED: 'set filesystem_store_metadata_file in the store of '
    'glance-api.conf ("eic check glance-metadata-file glance-metadata-keys"); images '
    'that were stored before keep their location, so upload them again',
    Reason.LOCATION_NOT_ALLOWED: 'add cinder to allowed_direct_url_schemes in '
    'cinder.conf',
    Reason.LOCATION_INVALID: 'correct mountpoint and share_location in '
    'filesystem_store_metadata_file ("eic check glance-share-location '
    'glance-mountpoint")',
    Reason.LOCATION_OUTSIDE_EXPORT: 'correct share_location in '
    'filesystem_store_metadata_file to what is mounted ("eic check '
    'ontap-images-export")',
    Reason.LOCATION_AMBIGUOUS: 'give the SVM with the images an address that no other '
    'SVM has, and name it in share_location',
    Reason.OTHER_CLUSTER: "have Glance's store on an NFS export of the pool's cluster; "
    'until then an image is downloaded once for the cluster',
    Reason.IMAGE_VOLUME_NOT_FOUND: 'upload the image again: its Cinder volume is gone',
    Reason.IMAGE_VOLUME_FORBIDDEN: 'set the metadata image_owner or glance_image_id of '
    "the Cinder volume to the image's, or upload the image again",
    Reason.IMAGE_VOLUME_NOT_READY: 'wait until the Cinder volume is available, and '
    'make it read-only: openstack volume set --read-only VOLUME',
    Reason.IMAGE_VOLUME_NOT_RAW: 'store the image in a volume type without encryption, '
    'as raw',
    Reason.IMAGE_VOLUME_NOT_ON_NFS: 'have the Cinder store of Glance use a volume type '
    'of an NFS backend of the cluster',
    Reason.SVM_NOT_PEERED: 'peer the two SVMs: vserver peer create -applications '
    'file-copy ("eic check ontap-peering"), or name the SVM in [eic] '
    'create_svm_peering',
    Reason.COPY_FORBIDDEN: 'give the backend a netapp_login of its netapp_vserver, or '
    "one of the cluster's",
    Reason.PLACE_GONE: f'{_NOTHING}: it is looked up again for the next volume',
    Reason.FLEXVOL_UNUSABLE: 'bring it online, or have a copy of the image in a '
    'FlexVol of type rw',
    Reason.OTHER_FLEXVOL: f'{_NOTHING}: the image is copied inside the cluster',
    Reason.SAME_FLEXVOL: f'{_NOTHING}: the image is cloned',
    Reason.NOT_CACHED: f'{_NOTHING}: the next volume finds the cached image. To have '
    'it before the first one, set the property eic_precache of the image',
    Reason.FORMAT_NOT_RAW: 'upload the image as raw: a QCOW2 image is downloaded and '
    'converted once for a cluster',
    Reason.CONTAINER_NOT_BARE: 'upload the image with container_format bare',
    Reason.IMAGE_NOT_ACTIVE: 'wait until the image is active, or activate it: '
    'openstack image set --activate IMAGE',
    Reason.IMAGE_TOO_LARGE: 'ask for a larger volume',
    Reason.ENCRYPTED: f'{_NOTHING}: Cinder makes encrypted volumes itself',
    Reason.SIGNATURE_INCOMPLETE: 'set all img_signature properties of the image, or '
    'none',
    Reason.SIGNATURE_INVALID: 'sign the image again, or correct its img_signature '
    f'properties and the certificate; {_LOG}',
    Reason.FILE_NOT_LUN: f'{_NOTHING}: the image is downloaded once for the SVM, and '
    'copied as a LUN from then on',
    Reason.FLEXGROUP: 'use a FlexVol for the pool',
    Reason.NO_STOCK_FILE: f'{_NOTHING}: the stock driver was never there, or its file '
    'was removed',
    Reason.NO_CHECKSUM: 'upload the image again, as raw: Glance then has its '
    'os_hash_value',
    Reason.CLONE_LIMIT_REACHED: 'wait until ONTAP has split clones (volume file clone '
    'split load show), or add a FlexVol as a pool',
    Reason.NO_ROOM: 'enlarge the FlexVol, or lower thres_avl_size_perc_start, or raise '
    'cache_max_size_gb or cache_max_count ("eic check ontap-space cinder-cache-cap")',
    Reason.DOWNLOAD_FAILED: f'{_LOG}; "eic check glance-api conversion-directory"',
    Reason.CONVERSION_FAILED: f'{_LOG}, and at the room in image_conversion_dir',
    Reason.CONVERSION_DISABLED: 'set image_conversion_disable = False in cinder.conf, '
    'or upload the image as raw',
    Reason.IMAGE_REFUSED: 'upload the image with the format that it has, and without a '
    'backing file',
    Reason.FILL_FAILED: f"{_LOG}: it has ONTAP's own words",
    Reason.INSPECTION_FAILED: 'upload the image with the format that its bytes have',
    Reason.NOT_READABLE: "have Glance's and Cinder's users share a group, and "
    'filesystem_store_file_perm = 660, or set nas_secure_file_operations = False '
    '("eic check glance-image-files glance-file-perm")',
    Reason.NOT_MOUNTED: f'{_LOG}: it says what mount said',
    Reason.CLONE_FAILED: f"{_LOG}: it has ONTAP's own words",
    Reason.PERMISSION_DENIED: 'give the role that path: security login rest-role '
    'create ("eic check ontap-role" prints the command)',
    Reason.LOOKUP_FAILED: f'{_LOG}; "eic check ontap-lifs ontap-shares"',
    Reason.CANNOT_GROW: 'upload the image with a larger disk, or make its volumes '
    'smaller',
    Reason.ONTAP_UNREACHABLE: 'run "eic check ontap-reachable"; it is asked again '
    'after half a minute',
    Reason.ONTAP_BUSY: 'look at eic_ontap_busy_total, and at what else asks the '
    'cluster over REST; ONTAP limits requests by cluster and by user',
    Reason.POOL_UNKNOWN: 'correct nfs_shares_config or netapp_vserver ("eic check '
    'ontap-shares ontap-lifs")',
    Reason.WAIT_TIMED_OUT: 'raise fill_wait_timeout, and with it '
    'block_device_allocate_retries in nova.conf ("eic check nova-patience"), or '
    'precache the image',
    Reason.LOCKS_UNAVAILABLE: 'start the backend that [coordination] backend_url '
    'names ("eic check coordination-reachable"); what is cached needs no lock',
    Reason.LOCK_LOST: 'see why the host stood still, or did not reach the backend of '
    '[coordination], for longer than its lock_timeout ("eic check '
    'coordination-backend")',
    Reason.INTERNAL_ERROR: f'{_LOG}, and report its traceback',
}


def remedy(reason: Reason) -> str:
    """What to do about a reason: a sentence without its full stop."""
    return _REMEDIES[reason]


def anchor(reason: Reason) -> str:
    """Where the manual has a reason."""
    return f'{_MANUAL}#reason-{reason.value.replace("_", "-")}'
