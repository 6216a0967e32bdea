"""The error codes of the rules that LUNs and namespaces share.

Both follow the same rules, but the codes differ. LUN and NAMESPACE have the code
of each rule by the rule's name.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class BlockCodes:
    """The code of each rule that LUNs and namespaces share."""

    noun: str
    only_made_with: tuple[str, ...]
    """Properties that POST takes and PATCH does not."""
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


LUN = BlockCodes(
    noun='LUN',
    only_made_with=(),
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
    # No rename, and no move: all unified releases (9.6 to 9.19).
    only_made_with=('name', 'location'),
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
