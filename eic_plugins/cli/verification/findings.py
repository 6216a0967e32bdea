"""What was found of each open question, and what EIC does about it.

The questions are those of docs/facts.md, and the traits of the simulator's
personalities.
"""

import dataclasses
from collections.abc import Mapping

NOT_TRIED = 'not tried'
USUAL: dict[str, str] = {
    'clone_owner': 'source',
    'rename_existing': 'refused',
    'file_resize': 'grows',
    'copy_path': 'any',
    'return_timeout': 'honoured',
    'job_links': 'found',
    'file_copy_peering': 'either',
    'split_status': 'shown',
    'symbolic_links': 'link',
    'clone_visible': 'at_once',
    'speed': 'fast',
    'private_cli_lun': 'served',
}
"""What is expected of an ONTAP, of each fact."""

USUAL_OF_DEVICES: dict[str, str] = {
    'clone_identity': 'new',
    'clone_size': 'source',
    'device_comment': 'kept',
    'lun_rename': 'done',
    'space_allocation': 'set',
    'lun_copy': 'done',
}
"""The same of facts that concern LUNs or namespaces alone. NetApp's reference has
them, and the simulator no other choice."""

_CONSEQUENCES: Mapping[tuple[str, str], str] = {
    ('clone_owner', 'root'): 'Volumes are made readable through the mount. That takes '
    "root: set nas_secure_file_operations = False, or the user's own export without "
    'root squash.',
    ('rename_existing', 'replaced'): 'Nothing: no file is in the way of a new cached '
    'image, or it is deleted first.',
    ('file_resize', 'refused'): 'An image without whole blocks is downloaded to LUNs '
    '([eic] experimental_lun_from_file). Shares are not concerned.',
    ('copy_path', 'relative'): 'Nothing: it is what EIC asks for.',
    ('copy_path', 'with_volume'): 'The first copy of each cinder-volume is asked for '
    'twice, then the form is known.',
    ('return_timeout', 'ignored'): 'Each clone takes one look at its job more.',
    ('job_links', 'missing'): 'A clone is judged by its destination. Copies between '
    'FlexVols cannot be judged if return_timeout is ignored, too: such images are '
    'downloaded.',
    ('file_copy_peering', 'source'): 'Make the SVM peering from the SVM that has the '
    'images. Otherwise, images of that SVM are downloaded.',
    ('file_copy_peering', 'destination'): 'Make the SVM peering from the SVM of the '
    'pools. Otherwise, images of another SVM are downloaded.',
    ('split_status', 'refused'): 'The limits of shared data and of split load are not '
    'seen beforehand: ONTAP refuses at the limit, and the image is downloaded. See '
    'docs/operations.md.',
    ('split_status', 'empty'): 'The limits of shared data and of split load are not '
    'seen beforehand: ONTAP refuses at the limit, and the image is downloaded. See '
    'docs/operations.md.',
    ('symbolic_links', 'target'): "A link that Glance's store has is copied as what it "
    'leads to. EIC still clones no link itself.',
    ('clone_visible', 'late'): 'A volume waits until NFS shows its file, 5 seconds at '
    'most.',
    ('speed', 'slow'): 'Each volume takes that much longer. Nothing else changes.',
    ('clone_identity', 'source'): 'Do not use EIC: a host would take two volumes for '
    'one disk.',
    ('clone_size', 'other'): 'A clone that is smaller than its image, or 16 MiB larger '
    'than its volume, is deleted, and the image is downloaded.',
    ('device_comment', 'cut'): 'No record is believed: each volume is downloaded.',
    ('device_comment', 'refused'): 'No record can be kept: each volume is downloaded.',
    ('lun_rename', 'refused'): 'No cached image can be published: each volume is '
    'downloaded.',
    ('space_allocation', 'unset'): 'Volumes of a type with netapp:space_allocation '
    'lack it.',
    ('lun_copy', 'refused'): 'The first volume in each pool is downloaded.',
    ('private_cli_lun', 'refused'): '[eic] experimental_lun_from_file has no use: the '
    'first LUN of an image is downloaded.',
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One fact, as it is here.

    :param here: one of the fact's choices, or ``not tried``
    :param detail: what was seen, or why it was not tried
    """

    fact: str
    here: str
    detail: str = ''

    @property
    def usual(self) -> str:
        """What was expected."""
        return (USUAL | USUAL_OF_DEVICES)[self.fact]

    @property
    def differs(self) -> bool:
        """True if it is known to be another answer."""
        return self.here not in {self.usual, NOT_TRIED}

    @property
    def consequence(self) -> str:
        """What EIC does differently here; empty if nothing."""
        return _CONSEQUENCES.get((self.fact, self.here), '')


@dataclasses.dataclass(frozen=True)
class Measure:
    """One number, with its unit in ``value``."""

    name: str
    value: str
