"""The errors of LUNs, namespaces, igroups and subsystems.

Codes are those of NetApp's reference. LUNs and namespaces follow the same
rules under different numbers: LUN and NAMESPACE have them by the rule's name.
README.md lists what is inferred.
"""

import dataclasses

from ontap_simulator.exceptions import OntapError

_STATUS = {
    '4': 404,
    '5374875': 404,
    '5374876': 404,
    '72090006': 404,
    '5374852': 404,
    '5374922': 404,
    '5374931': 404,
    '72090001': 404,
    '72090007': 404,
    '72090019': 404,
    '72090004': 404,
    '5374878': 404,
    '5374078': 404,
    '5374083': 404,
    '72089651': 404,
    '1254207': 409,
    '5374242': 409,
    '72089725': 409,
    '1260136': 409,
    '1254196': 409,
    '5374023': 409,
    '72090025': 409,
    '5374035': 409,
    '72089705': 409,
    '72089790': 409,
    '5374930': 409,
}


class BlockError(OntapError):
    """An error of the block resources, by its code."""

    def __init__(self, code: str, message: str, target: str | None = None) -> None:
        super().__init__(
            message, code=code, target=target, status=_STATUS.get(code, 400)
        )


@dataclasses.dataclass(frozen=True)
class BlockCodes:
    """The code of each rule that LUNs and namespaces share."""

    noun: str
    os_types: tuple[str, ...]
    exists: str
    rename_exists: str
    not_found: str
    delete_not_found: str
    clone_missing: str
    clone_ambiguous: str
    clone_property: str
    clone_with: str
    convert_missing: str
    convert_mapped: str
    convert_property: str
    required: str
    bad_characters: str
    no_volume: str
    no_base_name: str
    too_small: str
    too_large: str
    bad_size: str
    shrinks: str
    mapped: str


ISCSI_SERVICE_MISSING = '5374078'
FCP_SERVICE_MISSING = '5374083'

LUN = BlockCodes(
    noun='LUN',
    os_types=(
        'aix',
        'hpux',
        'hyper_v',
        'linux',
        'netware',
        'openvms',
        'solaris',
        'solaris_efi',
        'vmware',
        'windows',
        'windows_2008',
        'windows_gpt',
        'xen',
    ),
    exists='5374242',
    rename_exists='1254196',
    not_found='5374875',
    delete_not_found='5374875',
    clone_missing='5374875',
    clone_ambiguous='5374874',
    clone_property='5374883',
    clone_with='5374942',
    convert_missing='72090006',
    convert_mapped='72089756',
    convert_property='5374944',
    required='5374884',
    bad_characters='5374121',
    no_volume='5374859',
    no_base_name='5374862',
    too_small='5374124',
    too_large='5374125',
    bad_size='5374130',
    shrinks='5374892',
    mapped='1254197',
)
NAMESPACE = BlockCodes(
    noun='NVMe namespace',
    os_types=('aix', 'linux', 'vmware', 'windows'),
    exists='72089725',
    rename_exists='72089725',
    not_found='72090006',
    delete_not_found='4',
    clone_missing='72090006',
    clone_ambiguous='72090005',
    clone_property='72090012',
    clone_with='72090039',
    convert_missing='5374876',
    convert_mapped='1254197',
    convert_property='72090040',
    required='72090013',
    bad_characters='72089732',
    no_volume='72090014',
    no_base_name='5374862',
    too_small='72089723',
    too_large='72089724',
    bad_size='72089723',
    shrinks='72090038',
    mapped='72089796',
)

CLONE_TO_OTHER_VOLUME = '1260121'
CLONE_EXISTS = '1260136'
CLONE_FAILED = '13565952'
COPY_WITH = '5374943'
NO_SUCH_VOLUME = '917927'
OTHER_VOLUME = '5374858'
OTHER_BASE_NAME = '5374861'
NO_SUCH_QTREE = '5242927'
NO_SVM = '2621707'
SAME_SIZE = '1254226'
NO_SUCH_QOS_POLICY = '8454243'
NOT_PEERED_FOR_COPY = '26345673'
COPY_DESTINATION_BUSY = '7018919'
NAMESPACE_BLOCKS = '72089755'
LUN_OS_TYPE = '5374158'

ATTRIBUTE_INCOMPLETE = '5374928'
ATTRIBUTE_TOO_LARGE = '5374929'
ATTRIBUTE_EXISTS = '5374930'
ATTRIBUTE_MISSING = '5374931'
ATTRIBUTE_DUPLICATED = '5374932'

IGROUP_NAME = '5373958'
IGROUP_EXISTS = '5374023'
IGROUP_MISSING = '5374852'
IGROUP_MAPPED = '1254213'
IGROUP_IS_SUBSYSTEM = '5376488'
INITIATOR_IN_IGROUP = '5374035'
INITIATOR_NOT_IN_IGROUP = '5374034'
INITIATORS_MISSING = '5374033'
INITIATOR_FORMAT = '5373993'
INITIATOR_ISCSI = '5374039'
INITIATOR_FC = '5374038'
INITIATOR_SEES_TWICE = '1254193'
INITIATOR_SAME_NUMBER = '1254324'
MAP_NEEDS_LUN = '5374901'
MAP_NEEDS_IGROUP = '5374902'
MAP_NO_LUN = '1254201'
MAP_NO_IGROUP = '5374878'
MAP_EXISTS = '1254207'
MAP_MISSING = '5374922'

SUBSYSTEM_NAME = '72089709'
SUBSYSTEM_EXISTS = '72090025'
SUBSYSTEM_MISSING = '72090001'
SUBSYSTEM_NAME_MISSING = '72090021'
SUBSYSTEM_MAPPED = '72090023'
SUBSYSTEM_HAS_HOSTS = '72090024'
SUBSYSTEM_IS_IGROUP = '72090043'
NVME_SERVICE_MISSING = '72089651'
SUBSYSTEM_NEEDS_SERVICE = '72090029'
HOST_EXISTS = '72089705'
HOST_MISSING = '72090004'
HOST_NEEDS_NQN = '72090003'
HOST_DUPLICATED = '72090036'
NQN_PREFIX = '72089772'
NQN_DATE = '72089773'
NQN_QUALIFIER = '72089771'
NAMESPACE_MAPPED = '72089790'
NAMESPACE_NOT_MAPPED = '72090019'
NAMESPACE_NAME_MISSING = '72090007'
