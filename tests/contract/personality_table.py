"""What comes of an image under each personality: the table in docs/facts.md.

The tests hold the driver to it: ``test_personalities`` and
``test_block_personalities``. They print a row that is wrong. ``python -m
tests.contract.personality_table`` writes the table anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ontap_simulator.personality import CHOICES

FACTS = Path(__file__).parents[2] / 'docs/facts.md'
BEGIN = '<!-- The table of personalities is generated. -->\n'
END = '<!-- Its end. -->\n'

FSX = {'return_timeout': 'ignored', 'job_links': 'missing'}
"""As it was measured there."""
SINGLE: Sequence[Mapping[str, str]] = [
    {},
    *({name: choice} for name in CHOICES for choice in CHOICES[name][1:]),
    FSX,
]
SHARES = {
    'cached': 'cached',
    'flexclone': 'flexclone',
    'copy_offload': 'copy_offload',
    'copy_offload between SVMs': 'copy_offload',
    'adopt': 'adopt',
    'download of raw': 'download',
    'download of qcow2': 'download',
    'a link to the image': 'download',
}
"""The route of a volume on a share, by what there is of its image."""
ODD, WHOLE = 'a file of an odd size', 'a file of whole blocks'


def of_share(name: str, traits: Mapping[str, str]) -> str:
    """The fastest route that a cluster with these traits allows."""
    copied = SHARES[name] == 'copy_offload'
    if copied and FSX.items() <= traits.items():
        # Nothing tells when such a copy is complete.
        return 'download'
    if name == 'copy_offload between SVMs' and (
        traits.get('file_copy_peering') == 'source'
    ):
        # The peering of the tests was made from the destination.
        return 'download'
    if name == 'a link to the image' and traits.get('symbolic_links') == 'target':
        return of_share('copy_offload', traits)
    return SHARES[name]


def of_lun(name: str, traits: Mapping[str, str]) -> str:
    """The same of an image's first LUN, with ``experimental_lun_from_file``."""
    hinders: Sequence[Mapping[str, str]] = [
        FSX,
        {'private_cli_lun': 'refused'},
        # The peering is made from the SVM of the LUNs.
        {'file_copy_peering': 'source'},
        *([{'file_resize': 'refused'}] if name == ODD else []),
    ]
    if any(each.items() <= traits.items() for each in hinders):
        return 'download'
    return 'copy_offload'


def shown(traits: Mapping[str, str]) -> str:
    """A personality, as a test's name or a row of the table has it."""
    return ', '.join(f'{name} {choice}' for name, choice in traits.items()) or 'none'


def table() -> str:
    """All of it, as Markdown."""
    return ''.join(f'| {" | ".join(row)} |\n' for row in _rows())


def written() -> str:
    """The table as docs/facts.md has it."""
    return FACTS.read_text().partition(BEGIN)[2].partition(END)[0]


def _rows() -> Iterator[Sequence[str]]:
    head = ['Personality', *SHARES, f'first LUN of {ODD}', f'of {WHOLE}']
    yield head
    yield ['---'] * len(head)
    usual = _routes({})
    yield ['the first choice of all', *usual]
    for traits in SINGLE[1:]:
        name = 'FSx' if traits == FSX else shown(traits)
        found = zip(_routes(traits), usual, strict=True)
        yield [f'`{name}`', *('·' if one == as_ever else one for one, as_ever in found)]


def _routes(traits: Mapping[str, str]) -> list[str]:
    return [
        *(of_share(name, traits) for name in SHARES),
        *(of_lun(name, traits) for name in (ODD, WHOLE)),
    ]


if __name__ == '__main__':
    before, _, rest = FACTS.read_text().partition(BEGIN)
    FACTS.write_text(f'{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}')
