"""The vocabulary of the bundle: what an image, a copy, a pool and a plan are.

Everything that flows between the API plane (paste filters), the scheduler
plane (the weigher) and the volume plane (the drivers) is one of the frozen
dataclasses below. This module imports nothing else of the bundle.
"""

import dataclasses
import enum
import hashlib
import json
from collections.abc import Container, Mapping
from typing import Any

CINDER_DOWNLOAD = 'cinder_download'
"""Route name for Cinder's own download, which is behind every other route."""

CACHED_IMAGE_PREFIX = 'img-cache-'
"""Cached images are named as the stock NetApp NFS driver names them."""

SIGNATURE_PROPERTIES = (
    'img_signature',
    'img_signature_hash_method',
    'img_signature_key_type',
    'img_signature_certificate_uuid',
)
"""What the owner of a signed image sets; Cinder wants all of them or none."""

NOTE_KEY = 'eic_outcome'
"""The outcome's key in ``volume_image_metadata``."""
_STRONG_HASHES = frozenset(
    {
        'sha256',
        'sha384',
        'sha512',
        'sha3_256',
        'sha3_384',
        'sha3_512',
        'blake2b',
        'blake2s',
    }
)
_RAW_FORMATS = frozenset({'raw', 'iso'})
"""Cinder, too, takes a CD for the raw disk that it is."""

METADATA_VALUE_LIMIT = 255
"""Cinder's, in characters."""


class Reason(enum.StrEnum):
    """Why a route was refused; the same words in logs and outcome."""

    NO_LOCATION = 'no_location'
    LOCATION_UNSUPPORTED = 'location_unsupported'
    LOCATION_NOT_ALLOWED = 'location_not_allowed'
    LOCATION_INVALID = 'location_invalid'
    LOCATION_OUTSIDE_EXPORT = 'location_outside_export'
    LOCATION_AMBIGUOUS = 'location_ambiguous'
    OTHER_CLUSTER = 'other_cluster'
    IMAGE_VOLUME_NOT_FOUND = 'image_volume_not_found'
    IMAGE_VOLUME_FORBIDDEN = 'image_volume_forbidden'
    IMAGE_VOLUME_NOT_READY = 'image_volume_not_ready'
    IMAGE_VOLUME_NOT_RAW = 'image_volume_not_raw'
    IMAGE_VOLUME_NOT_ON_NFS = 'image_volume_not_on_nfs'
    SVM_NOT_PEERED = 'svm_not_peered'
    COPY_FORBIDDEN = 'copy_forbidden'
    PLACE_GONE = 'place_gone'
    FLEXVOL_UNUSABLE = 'flexvol_unusable'
    OTHER_FLEXVOL = 'other_flexvol'
    SAME_FLEXVOL = 'same_flexvol'
    NOT_CACHED = 'not_cached'
    FORMAT_NOT_RAW = 'format_not_raw'
    CONTAINER_NOT_BARE = 'container_not_bare'
    IMAGE_NOT_ACTIVE = 'image_not_active'
    IMAGE_TOO_LARGE = 'image_too_large'
    ENCRYPTED = 'encrypted'
    SIGNATURE_INCOMPLETE = 'signature_incomplete'
    SIGNATURE_INVALID = 'signature_invalid'
    FILE_NOT_LUN = 'file_not_lun'
    FLEXGROUP = 'flexgroup'
    NO_STOCK_FILE = 'no_stock_file'
    NO_CHECKSUM = 'no_checksum'
    CLONE_LIMIT_REACHED = 'clone_limit_reached'
    NO_ROOM = 'no_room'
    DOWNLOAD_FAILED = 'download_failed'
    CONVERSION_FAILED = 'conversion_failed'
    CONVERSION_DISABLED = 'conversion_disabled'
    IMAGE_REFUSED = 'image_refused'
    FILL_FAILED = 'fill_failed'
    INSPECTION_FAILED = 'inspection_failed'
    NOT_READABLE = 'not_readable'
    NOT_MOUNTED = 'not_mounted'
    CLONE_FAILED = 'clone_failed'
    PERMISSION_DENIED = 'permission_denied'
    LOOKUP_FAILED = 'lookup_failed'
    CANNOT_GROW = 'cannot_grow'
    ONTAP_UNREACHABLE = 'ontap_unreachable'
    ONTAP_BUSY = 'ontap_busy'
    POOL_UNKNOWN = 'pool_unknown'
    WAIT_TIMED_OUT = 'wait_timed_out'
    LOCKS_UNAVAILABLE = 'locks_unavailable'
    LOCK_LOST = 'lock_lost'
    INTERNAL_ERROR = 'internal_error'

    @property
    def message(self) -> str:
        """The sentence an operator reads beside the code."""
        return _MESSAGES[self]


_MESSAGES: Mapping[Reason, str] = {
    Reason.NO_LOCATION: 'Glance gave no location for the image; check that the '
    'service user has the roles "service" and, for '
    'users\' private images, "admin"',
    Reason.LOCATION_UNSUPPORTED: 'no eic.locations plugin reads this location, '
    'or it lacks share_location and mountpoint in '
    "Glance's filesystem_store_metadata_file",
    Reason.LOCATION_NOT_ALLOWED: "Cinder's option allowed_direct_url_schemes "
    'does not have cinder; add it to have images '
    'in Cinder volumes cloned',
    Reason.LOCATION_INVALID: 'the location is malformed or leaves its mountpoint',
    Reason.LOCATION_OUTSIDE_EXPORT: 'no FlexVol of the SVM is junctioned at or '
    "above the location's path",
    Reason.LOCATION_AMBIGUOUS: "the location's NFS server is a name or address of "
    'several SVMs, in several IPspaces perhaps; give '
    'the SVM with the images an address of its own',
    Reason.OTHER_CLUSTER: "the location's NFS server is not a LIF of the "
    "pool's cluster",
    Reason.IMAGE_VOLUME_NOT_FOUND: 'Cinder has no such volume as the cinder:// '
    'location names',
    Reason.IMAGE_VOLUME_FORBIDDEN: "nothing shows that the location's Cinder "
    'volume is of this image: its project, image_owner or glance_image_id would '
    'show it',
    Reason.IMAGE_VOLUME_NOT_READY: "the location's Cinder volume is in a state "
    'other than available or in-use, is not '
    'read-only, or is smaller than the image',
    Reason.IMAGE_VOLUME_NOT_RAW: "the location's Cinder volume is encrypted or not raw",
    Reason.IMAGE_VOLUME_NOT_ON_NFS: "the location's Cinder volume is on no NFS share",
    Reason.SVM_NOT_PEERED: "the copy is in another SVM of the pool's cluster, "
    'and the two are not peered with the application '
    'file_copy',
    Reason.COPY_FORBIDDEN: 'ONTAP lets only the administrator of the SVM that a file '
    'is copied to ask for that',
    Reason.PLACE_GONE: 'the FlexVol or the SVM that the copy was in is not there any '
    'more',
    Reason.FLEXVOL_UNUSABLE: 'the FlexVol that the copy is in is offline, or a mirror',
    Reason.OTHER_FLEXVOL: 'the copy is in another FlexVol, where a FlexClone '
    'cannot reach it',
    Reason.SAME_FLEXVOL: 'the copy is in the FlexVol of the pool: a FlexClone '
    'needs no copy',
    Reason.NOT_CACHED: 'the pool has no cached image yet',
    Reason.FORMAT_NOT_RAW: 'the image is not raw: it must be converted by a host',
    Reason.CONTAINER_NOT_BARE: 'the image is inside a container',
    Reason.IMAGE_NOT_ACTIVE: 'the image is not active',
    Reason.IMAGE_TOO_LARGE: 'the image does not fit into the volume',
    Reason.ENCRYPTED: 'the image or the volume type is encrypted',
    Reason.SIGNATURE_INCOMPLETE: 'the image has only some of the img_signature '
    'properties, which Cinder refuses',
    Reason.SIGNATURE_INVALID: "the image's signature is not right, or could not be "
    'verified; the log says why',
    Reason.FILE_NOT_LUN: "the image's copy is a file, and no documented call of "
    'ONTAP makes a LUN or a namespace of it; for LUNs, the '
    'option experimental_lun_from_file tries another call',
    Reason.FLEXGROUP: 'the pool is a FlexGroup, whose files are not cloned '
    'through this route',
    Reason.NO_STOCK_FILE: 'the stock driver left no cached file of the image '
    'in the pool',
    Reason.NO_CHECKSUM: "nothing proves that the file has the image's bytes (it is "
    'of the stock driver, or of a Cinder volume that its '
    'project may write to): Glance has no os_hash_value of '
    'them, or the image is not raw',
    Reason.CLONE_LIMIT_REACHED: "the FlexVol's shared data, or its node's load "
    'of clones to split, is near the limit of ONTAP',
    Reason.NO_ROOM: 'one cached image more would leave the pool with '
    'thres_avl_size_perc_start percent or less available, or '
    'exceed cache_max_size_gb or cache_max_count, and what may '
    'be evicted is too little: enlarge the pool, or change these',
    Reason.DOWNLOAD_FAILED: 'the image could not be fetched from Glance and '
    'converted into the cached image; the log says why',
    Reason.CONVERSION_FAILED: 'the image could not be unpacked or converted to '
    'raw; the log says why',
    Reason.CONVERSION_DISABLED: 'the image is not raw, and Cinder is set to '
    'convert none (image_conversion_disable)',
    Reason.IMAGE_REFUSED: "Cinder's own checks refuse the image: its format is "
    'not the one that is declared, or it names other '
    'files, or a VMDK type or compression that cinder.conf '
    'does not allow',
    Reason.FILL_FAILED: 'ONTAP refused to make the cached image',
    Reason.INSPECTION_FAILED: 'the bytes are not the raw disk that the image '
    'claims to be; declare the format that they have',
    Reason.NOT_READABLE: 'the user of cinder-volume may not read or change the '
    'file that ONTAP made',
    Reason.NOT_MOUNTED: "the pool's share is not mounted on this host, and cannot be "
    'mounted',
    Reason.CANNOT_GROW: 'ONTAP does not let the clone of the cached image grow to '
    "the volume's size; store the image with a larger disk, "
    'or make volumes of it smaller',
    Reason.CLONE_FAILED: 'ONTAP refused to clone the cached image, or the '
    'clone could not be used',
    Reason.PERMISSION_DENIED: "the role of the backend's ONTAP user does not "
    'allow a call, whose path the log names: give it '
    'that with "security login rest-role create"',
    Reason.LOOKUP_FAILED: 'ONTAP refused to say where a file or a pool is; the '
    'log says how',
    Reason.ONTAP_UNREACHABLE: 'the cluster could not be reached, did not answer '
    'in time, or its certificate is not trusted',
    Reason.ONTAP_BUSY: 'the cluster said that too much is asked of it, for longer '
    'than the request can wait',
    Reason.POOL_UNKNOWN: "the pool's share is of no FlexVol of netapp_vserver",
    Reason.WAIT_TIMED_OUT: 'another volume was still making the cached image '
    'after fill_wait_timeout',
    Reason.LOCKS_UNAVAILABLE: 'the backend of [coordination] did not answer, so that '
    'nobody could tell whether another host makes the cached image',
    Reason.LOCK_LOST: "this host's lock ended while it made the cached image, and "
    'another host makes it now: what was made was not published',
    Reason.INTERNAL_ERROR: 'an error of ours; the log has the traceback',
}


@dataclasses.dataclass(frozen=True)
class Image:
    """A Glance image as the planner needs it (sizes in bytes, disks in GiB)."""

    id: str
    status: str
    disk_format: str | None
    container_format: str | None
    size: int
    virtual_size: int | None = None
    min_disk: int = 0
    os_hash_value: str | None = None
    os_hash_algo: str | None = None
    owner: str | None = None
    updated_at: str = ''
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def cached_name(self) -> str:
        """File name of this image's cached image, in every pool."""
        return CACHED_IMAGE_PREFIX + self.id

    @property
    def identity(self) -> str:
        """A short word that changes when the image's bytes do.

        Of the hash when Glance has one; otherwise of size and time of change.
        """
        return _fingerprint(self.os_hash_value or f'{self.size}@{self.updated_at}')

    @property
    def signature(self) -> str:
        """A short word that changes when there is another signature to be
        verified, or another certificate; '' if there is none.
        """
        if not self.signature_complete:
            return ''
        return _fingerprint(
            *(str(self.properties[key]) for key in SIGNATURE_PROPERTIES)
        )

    @property
    def raw_size(self) -> int:
        """Bytes that the image's raw disk must have, 0 if Glance does not say."""
        return self.size if self.plainly_raw else self.virtual_size or 0

    @property
    def plainly_raw(self) -> bool:
        """True if the image's file is a raw disk as it stands."""
        return self.raw_format and self.container_format == 'bare'

    @property
    def raw_format(self) -> bool:
        """True if no conversion makes the image a raw disk."""
        return self.disk_format in _RAW_FORMATS

    @property
    def provable(self) -> bool:
        """True if Glance has a checksum of the raw disk's bytes that proves
        something: whoever registers a location may name the algorithm.
        """
        return bool(
            self.plainly_raw
            and self.os_hash_value
            and self.os_hash_algo in _STRONG_HASHES
        )

    @property
    def signed(self) -> bool:
        """True if the owner asks for the signature to be verified."""
        return any(self.properties.get(key) is not None for key in SIGNATURE_PROPERTIES)

    @property
    def signature_complete(self) -> bool:
        """True if all that is needed to verify a signature is there."""
        return all(self.properties.get(key) is not None for key in SIGNATURE_PROPERTIES)

    @property
    def encrypted(self) -> bool:
        """True if the bytes are ciphertext for one Cinder key."""
        return bool(self.properties.get('cinder_encryption_key_id'))


def _fingerprint(*words: str) -> str:
    """160 bits: a comment on ONTAP has room for little."""
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:40]


@dataclasses.dataclass(frozen=True)
class ImageCopy:
    """One Glance location, read by an ``eic.locations`` plugin.

    ``server`` is the NFS server as the operator wrote it (name or address);
    ``path`` the absolute path of the image file as that server exports it.
    ``raw`` if it is known to be a raw disk as it stands.
    """

    server: str
    path: str
    raw: bool = False


@dataclasses.dataclass(frozen=True)
class VolumeCopy:
    """A Cinder volume that begins with an image's bytes.

    Only Cinder's database says where that volume is. The volume plane looks it
    up; the API plane does not use it.
    """

    volume_id: str


@dataclasses.dataclass(frozen=True)
class FlexVol:
    """A FlexVol of the cluster and where its SVM's namespace has it."""

    cluster: str
    svm: str
    name: str
    uuid: str
    junction_path: str


@dataclasses.dataclass(frozen=True)
class StoredObject:
    """A file, a LUN or a namespace by its place on ONTAP: its FlexVol, and the
    path relative to that FlexVol's root.

    ``more_follows`` if the image's bytes are the first ones of a longer file,
    as in a volume of whole GiB: what is made of it is cut to the image's size.
    ``uuid`` of a LUN or a namespace that was seen there: what has that uuid has
    the bytes that were seen, whatever has the path by now. Files have none.
    ``to_prove`` if others than the operator's services may write to it: what is
    made of it must have the image's checksum.
    """

    flexvol: FlexVol
    path: str
    more_follows: bool = False
    uuid: str = dataclasses.field(default='', compare=False)
    to_prove: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition('/')[2]


@dataclasses.dataclass(frozen=True)
class Pool:
    """A Cinder pool: one NFS share, and the directory of a FlexVol that it
    exports; or one FlexVol with LUNs or namespaces (``directory`` is '').
    """

    name: str
    flexvol: FlexVol
    directory: str = ''

    def stored(self, name: str) -> StoredObject:
        """What is called ``name`` in the pool: in the share's root, if it is a file."""
        path = f'{self.directory}/{name}' if self.directory else name
        return StoredObject(self.flexvol, path)


@dataclasses.dataclass(frozen=True)
class KnownPool:
    """A pool of this Cinder deployment, of whatever backend, as it was reported.

    ``name`` is ``host@backend#pool``; ``cluster`` and ``flexvol`` are uuids,
    ``svm`` a name, ``directory`` where in the FlexVol the share begins;
    ``cached`` the ids of its cached images, ``kind`` what these are: ``files``,
    ``luns`` or ``namespaces``. If there are many, ``cached`` has the newest ones
    alone, and ``all_cached`` says of each whether it may be there.
    """

    name: str
    cluster: str
    svm: str
    flexvol: str
    cached: frozenset[str] = frozenset()
    directory: str = ''
    kind: str = ''
    all_cached: Container[str] = ()

    def may_have(self, image_id: str) -> bool:
        """True if it has the image cached, as far as is known."""
        return image_id in self.cached or image_id in self.all_cached


@dataclasses.dataclass(frozen=True)
class CachedImage:
    """An image's raw, inspected bytes in one pool (``virtual_size`` bytes)."""

    stored: StoredObject
    identity: str
    virtual_size: int
    signature: str = ''
    """What was verified of them, as ``Image.signature``; '' if nothing was."""


@dataclasses.dataclass(frozen=True)
class VolumeProperties:
    """What a new LUN or namespace has by its volume type, beside its size:
    whether it reports its space (SCSI thin provisioning), and the name of its
    QoS policy, '' for none.
    """

    space_allocation: bool = False
    qos_policy: str = ''


@dataclasses.dataclass(frozen=True)
class Source:
    """What a cached image can be made from.

    ``cached`` if it is another pool's cached image: its bytes are raw and
    inspected, and may be known to be what was signed.
    """

    stored: StoredObject
    cached: CachedImage | None = None


class Scope(enum.StrEnum):
    """How much a refusal is about."""

    EVERYTHING = 'all'
    ROUTE = 'route'
    LOCATION = 'location'


@dataclasses.dataclass(frozen=True)
class Subject:
    """What a refusal is about.

    ``name`` of the route, or the URL scheme of the location; '' if the location
    has no plugin, and for everything.
    """

    scope: Scope
    name: str = ''

    def __str__(self) -> str:
        return self.name or self.scope.value


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A route that was not taken, a location that is of no use, or an image that
    is refused by whatever route; and why.
    """

    subject: Subject
    reason: Reason
    detail: str = ''

    @classmethod
    def of_route(cls, route: str, reason: Reason, detail: str = '') -> 'Refusal':
        """One route is not taken."""
        return cls(Subject(Scope.ROUTE, route), reason, detail)

    @classmethod
    def of_location(
        cls, reason: Reason, detail: str = '', scheme: str = ''
    ) -> 'Refusal':
        """A location is of no use."""
        return cls(Subject(Scope.LOCATION, scheme), reason, detail)

    @classmethod
    def of_everything(cls, reason: Reason, detail: str = '') -> 'Refusal':
        """No route is taken."""
        return cls(Subject(Scope.EVERYTHING), reason, detail)

    @property
    def route(self) -> str | None:
        """The route that is refused, None if this is about something else."""
        return self.subject.name if self.subject.scope is Scope.ROUTE else None

    def __str__(self) -> str:
        return f'{self.subject}={self.reason}'


@dataclasses.dataclass(frozen=True)
class Situation:
    """All the facts one decision is made from."""

    image: Image
    pool: Pool
    volume_size: int | None
    """Size of the volume in GiB, None if only the cached image is wanted."""
    copies: tuple[StoredObject, ...] = ()
    """Image files that ONTAP can reach, from Glance's locations."""
    unusable: tuple[Refusal, ...] = ()
    """Locations that lead to no file of this cluster, and why."""
    cached: CachedImage | None = None
    cached_elsewhere: tuple[CachedImage, ...] = ()
    stock_file: StoredObject | None = None
    """A file of the cached image's name that nobody has inspected."""
    peered_svms: frozenset[str] = frozenset()
    """Other SVMs from which files can be copied to the pool's."""
    volume_encrypted: bool = False
    pool_is_flexgroup: bool = False
    clone_limit_reached: bool = False
    refused: Refusal | None = None
    """Why these bytes are known to make no cached image."""


@dataclasses.dataclass(frozen=True)
class Offer:
    """A route that can make the cached image; ``source`` if of something on ONTAP."""

    route: str
    cost: int
    source: Source | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """The route chosen and a reason for each cheaper one refused."""

    route: str
    source: Source | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def left_to_cinder(self) -> bool:
        """True if only Cinder's own download is left."""
        return self.route == CINDER_DOWNLOAD


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was done for one volume, in seconds and bytes."""

    route: str
    refusals: tuple[Refusal, ...]
    seconds: float
    bytes_kept_off_host: int
    signature_verified: bool = False
    fills: tuple[str, ...] = ()
    """The routes by which cached images were made on the way."""

    @property
    def left_to_cinder(self) -> bool:
        """True if the volume is left to Cinder's own download."""
        return self.route == CINDER_DOWNLOAD

    def explain(self) -> str:
        """The refusals as ``route=reason`` words, for people and machines."""
        return ','.join(str(refusal) for refusal in self.refusals)

    def to_metadata(self) -> dict[str, str]:
        """The volume's metadata: no location, no address, no path."""
        metadata = {
            'eic_route': self.route,
            'eic_seconds': f'{self.seconds:.3f}',
            'eic_bytes_kept_off_host': str(self.bytes_kept_off_host),
        }
        if self.refusals:
            metadata['eic_refused'] = self.explain()[:METADATA_VALUE_LIMIT]
        return metadata

    def to_note(self, volume_id: str) -> str:
        """The same for the volume's ``volume_image_metadata``, which Cinder
        copies to snapshots, clones and images: it says of which volume it is.
        """
        return json.dumps(
            {'volume': volume_id, **self.to_metadata()}, separators=(',', ':')
        )


def read_note(note: object, volume_id: str) -> dict[str, object]:
    """What :meth:`Outcome.to_note` said of this volume; nothing otherwise."""
    try:
        fields = json.loads(note) if isinstance(note, str) else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict) or fields.get('volume') != volume_id:
        return {}
    return fields
