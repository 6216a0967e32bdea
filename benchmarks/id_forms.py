"""How a set of image ids can travel: as ids, as short digests, as a Bloom filter.

Needs no lab. Each form is asked as a weigher asks it: of text, as it came.
"""

import bisect
import dataclasses
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.arithmetic import median
from eic_plugins.support.id_filter import IdFilter, Wanted

COUNTS = (10, 100, 1_000, 5_000, 10_000)
_ASKED = 20_000
_ROUNDS = 5
# Base64's characters in ASCII's order, so that text sorts as the numbers do.
_DIGITS = '+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

Ask = Callable[[Wanted], bool]


@dataclasses.dataclass(frozen=True)
class Form:
    """One way to send a set."""

    sent: str
    ask: Ask


def image_ids(first: int, count: int) -> list[str]:
    """Random ones, the same in each run."""
    return [
        str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
        for number in range(first, first + count)
    ]


def as_ids(ids: Sequence[str]) -> Form:
    """The ids themselves, as a list."""
    listed = list(ids)
    return Form(json.dumps(listed), lambda wanted: wanted.id in listed)


def as_digests(ids: Sequence[str], characters: int) -> Form:
    """Digests of so many characters (six bits each), sorted, in one text."""
    text = ''.join(sorted({_digest(each, characters) for each in ids}))
    places = range(0, len(text), characters)

    def ask(wanted: Wanted) -> bool:
        digest = _digest(wanted.id, characters)
        at = bisect.bisect_left(
            places, digest, key=lambda place: text[place : place + characters]
        )
        return text[at * characters : (at + 1) * characters] == digest

    return Form(json.dumps(text), ask)


def as_filter(ids: Sequence[str]) -> Form:
    """What EIC's drivers send."""
    made = IdFilter.of(ids)
    return Form(json.dumps(dataclasses.asdict(made)), made.may_have)


def rows() -> list[dict[str, Any]]:
    """Each form with so many ids."""
    strangers = [Wanted(each) for each in image_ids(10**6, _ASKED)]
    forms: dict[str, Callable[[Sequence[str]], Form]] = {
        'ids': as_ids,
        'digests of 24 bits': lambda ids: as_digests(ids, 4),
        'Bloom filter': as_filter,
    }
    return [
        _row(name, make(image_ids(0, count)), count, strangers)
        for count in COUNTS
        for name, make in forms.items()
    ]


def _row(
    name: str, form: Form, count: int, strangers: Sequence[Wanted]
) -> dict[str, Any]:
    # A list is exact, and slow to ask.
    asked = strangers if name != 'ids' else strangers[:200]
    return {
        'form': name,
        'images': count,
        'bytes': len(form.sent),
        'wrong_in_1000': 1000 * sum(map(form.ask, asked)) / len(asked),
        'overlooked': sum(
            not form.ask(Wanted(each)) for each in image_ids(0, min(count, 500))
        ),
        'look_us': _look(form.ask, asked[0]),
    }


def _look(ask: Ask, wanted: Wanted) -> float:
    """Microseconds of CPU of one pool's look-up; the id is hashed already."""
    ask(wanted)
    times = []
    for _ in range(_ROUNDS):
        began = time.process_time_ns()
        for _ in range(500):
            ask(wanted)
        times.append((time.process_time_ns() - began) / 500e3)
    return median(times)


def _digest(each: str, characters: int) -> str:
    number = int.from_bytes(hashlib.sha256(each.encode()).digest()[:8])
    return ''.join(
        _DIGITS[number >> 6 * place & 63] for place in reversed(range(characters))
    )
