"""What the Nova filter did with a request, and why: the header ``X-EIC-Boot``."""

import dataclasses
import enum


class Done(enum.StrEnum):
    """What was done with the request."""

    REWRITTEN = 'rewritten'
    PASSED = 'passed'
    LEFT = 'left'


class BootReason(enum.StrEnum):
    """Why; documented in docs/nova.md."""

    CREATES_VOLUME = 'creates_volume'
    BLOCK_DEVICE_MAPPING = 'block_device_mapping'
    NO_IMAGE = 'no_image'
    NOT_UNDERSTOOD = 'not_understood'
    OPTED_OUT = 'opted_out'
    NOT_OPTED_IN = 'not_opted_in'
    TRUSTED_CERTIFICATES = 'trusted_certificates'
    FILE_INJECTION = 'file_injection'
    FLAVOR_UNKNOWN = 'flavor_unknown'
    IMAGE_UNKNOWN = 'image_unknown'
    IMAGE_NOT_LOOKED_UP = 'image_not_looked_up'
    IMAGE_NOT_ACTIVE = 'image_not_active'
    IMAGE_FORMAT = 'image_format'
    IMAGE_ENCRYPTED = 'image_encrypted'
    IMAGE_SIGNED = 'image_signed'
    IMAGE_WITH_KERNEL = 'image_with_kernel'
    IMAGE_MAPS_DEVICES = 'image_maps_devices'
    IMAGE_TOO_LARGE = 'image_too_large'
    IMAGE_SIZE_UNKNOWN = 'image_size_unknown'
    EPHEMERAL_ENCRYPTION = 'ephemeral_encryption'
    REFUSED_BY_NOVA = 'refused_by_nova'
    CINDER_FAILED = 'cinder_failed'
    INTERNAL_ERROR = 'internal_error'
    FLAVOR = 'flavor'
    IMAGE = 'image'
    PROJECT = 'project'
    DEFAULT = 'default'


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What was done and why, as the header says it."""

    done: Done
    reason: BootReason

    def __str__(self) -> str:
        return f'{self.done}; reason={self.reason}'


def left(reason: BootReason) -> Verdict:
    """The request is Nova's, as it came."""
    return Verdict(Done.LEFT, reason)
