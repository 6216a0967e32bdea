"""What cinder.conf demands of an image, as far as that is known before a fetch."""

from oslo_config import cfg

from eic_plugins.model import Image, Reason, Refusal

CONF = cfg.CONF


def verifies(image: Image) -> bool:
    """True if the image is signed and signatures are to be verified."""
    return image.signed and CONF.verify_glance_signatures != 'disabled'


def refusal(image: Image) -> Refusal | None:
    """Why Cinder will refuse the image; None if it will not."""
    if CONF.image_conversion_disable and image.disk_format != 'raw':
        return Refusal.of_everything(Reason.CONVERSION_DISABLED)
    if (
        image.container_format == 'compressed'
        and not CONF.allow_compression_on_image_upload
    ):
        return Refusal.of_everything(
            Reason.IMAGE_REFUSED, 'allow_compression_on_image_upload is False'
        )
    return None
