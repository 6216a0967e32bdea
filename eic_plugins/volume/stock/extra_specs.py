"""The extra specs of a volume's type, as the request has brought them."""

from typing import Any

from cinder.volume.drivers.netapp import utils as na_utils


def of(volume: Any) -> dict[str, str]:
    """What ``na_utils.get_volume_extra_specs`` says, without asking the database
    for what a volume has with it when cinder-volume is told to make it.
    """
    known = volume.obj_attr_is_set('volume_type') and volume.volume_type
    if not known or not known.obj_attr_is_set('extra_specs'):
        return dict(na_utils.get_volume_extra_specs(volume) or {})
    specs = dict(known.extra_specs or {})
    na_utils.log_extra_spec_warnings(specs)
    return specs
