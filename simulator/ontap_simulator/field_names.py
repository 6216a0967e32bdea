"""``fields=``: names separated by commas, and braces that share their beginning."""

from collections.abc import Iterator

from ontap_simulator.errors.common import OntapError


class BracesError(OntapError):
    """The braces of ``fields=`` do not match."""

    code = '262286'

    def __init__(self) -> None:
        super().__init__('Mismatching braces in the fields= query.', target='fields')


def split_fields(text: str) -> list[str]:
    """The names: ``a,b.{c,d}`` is ``a``, ``b.c`` and ``b.d``.

    :raises BracesError: a brace has no partner
    """
    return [name for part in _parts(text) for name in _expanded(part) if name != '!']


def _expanded(part: str) -> Iterator[str]:
    head, brace, rest = part.partition('{')
    if not brace:
        yield from [head] if head else []
        return
    if not rest.endswith('}'):
        raise BracesError
    for name in split_fields(rest[:-1]):
        yield f'{head}{name}'


def _parts(text: str) -> Iterator[str]:
    """What is between the commas that are in no braces."""
    depth, start = 0, 0
    for index, character in enumerate(text):
        depth += {'{': 1, '}': -1}.get(character, 0)
        if depth < 0:
            raise BracesError
        if character == ',' and not depth:
            yield text[start:index].strip()
            start = index + 1
    if depth:
        raise BracesError
    yield text[start:].strip()
