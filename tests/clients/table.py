"""``docs/simulator.md``: what clients tried, what passed, and why not."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.clients.tally import Tally

DOCUMENT = Path(__file__).parents[2] / 'docs' / 'simulator.md'
_HEAD = """# Other people's clients and the simulator

`eic-ontap-simulator` simulates one ONTAP cluster; [its README](../simulator/README.md)
says how to start it and what it answers. This page says what clients meet that know
nothing of it. They are run as their authors released them. `make clients` writes this
page: do not edit it. `tests/contract/test_clients.py` runs Cinder's client and NetApp's
examples in each `make test`; Ansible and Manila need an environment of their own, of
600 MB.

"""
_MEANING = """
A call passes if the client raises nothing and, where the test knows the right result,
returns it. In the playbook of Ansible, a task that asks again for what is there has to
say that nothing has changed.

## What does not pass

Whose fault it is: *simulator*: ONTAP can do it and the simulator cannot. *client*: it
could not pass on any ONTAP. *call*: it is about something of NetApp's own cluster.

| Client | Call | Whose fault | Why |
|---|---|---|---|
"""


def render(tallies: Sequence[Tally]) -> str:
    """The whole page."""
    return (
        f'{_HEAD}| Client | Version | Calls tried | Passed |\n|---|---|---|---|\n'
        + ''.join(row_of(tally) for tally in tallies)
        + _MEANING
        + ''.join(row for tally in tallies for row in _failures(tally))
    )


def row_of(tally: Tally) -> str:
    """The line of the page's table that is about a client."""
    return (
        f'| {tally.client} | {tally.version} | {len(tally.attempts)} '
        f'| {tally.passed} |\n'
    )


def _failures(tally: Tally) -> Iterator[str]:
    for attempt in tally.attempts:
        if not attempt.passed:
            known = tally.known.get(attempt.call)
            whose = known.whose if known else 'unknown'
            why = known.why if known else attempt.error
            yield f'| {tally.client} | `{attempt.call}` | {whose} | {why} |\n'
