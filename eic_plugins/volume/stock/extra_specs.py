"""The extra specs of a volume's type, and whether it names a QoS policy, as the request
has brought them.
"""

from collections.abc import Mapping
from typing import Any

from cinder.volume.drivers.netapp import utils as na_utils


def of(volume: Any) -> dict[str, str]:
    """What ``na_utils.get_volume_extra_specs`` says, without asking the database
    for what a volume has with it when cinder-volume is told to make it.
    """
    known = _type_of(volume)
    if known is None:
        return dict(na_utils.get_volume_extra_specs(volume) or {})
    specs = dict(known.extra_specs or {})
    na_utils.log_extra_spec_warnings(specs)
    return specs


def name_no_qos(volume: Any, specs: Mapping[str, str]) -> bool:
    """True if a volume has no QoS policy for sure: neither by its type's QoS specs
    nor by these extra specs. The stock driver asks the database for that.
    """
    known = _type_of(volume)
    return (
        known is not None
        and known.obj_attr_is_set('qos_specs_id')
        and not known.qos_specs_id
        and not any('qos' in name.lower() for name in specs)
    )


def _type_of(volume: Any) -> Any:
    """The type that came with the request, None if none did."""
    known = volume.obj_attr_is_set('volume_type') and volume.volume_type
    return known if known and known.obj_attr_is_set('extra_specs') else None
