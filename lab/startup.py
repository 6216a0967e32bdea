"""`up`: the steps from a bare machine to a running lab."""

import functools
import time

from lab import (
    description,
    guest_hosts,
    guest_support,
    members,
    packages,
    preflight,
    preparations,
    steps,
)
from lab.context import Lab, keep_ports
from lab.errors import LabError
from lab.members import MEMBERS
from lab.steps import Step


def up(lab: Lab) -> None:
    """Have everything running; what runs already is left alone."""
    began = time.monotonic()
    lab.processes.kill(lab.processes.strays())
    preflight.check_machine(lab)
    keep_ports(lab)
    _install_packages(lab)
    guest_support.decide(lab)
    if not guest_support.there(lab):
        guest_hosts.leave_out(lab)
    try:
        steps.run(all_steps(lab), lab.console, lab.cancel)
    except LabError:
        lab.console.line(
            'What did start is still running: put the cause right and run '
            '`make lab` again, or stop it with `make lab-down`.'
        )
        raise
    description.write(lab)
    lab.console.line(
        f'The lab is up ({time.monotonic() - began:.1f} s). '
        f'It is described in {lab.paths.lab_json}'
    )


def start_one(lab: Lab, name: str) -> None:
    """Start a single service, as `up` would."""
    MEMBERS[name].start_alone(lab)
    description.write(lab)


def all_steps(lab: Lab) -> list[Step]:
    """What `up` does, in whichever order the needs allow."""
    return [
        *(
            Step(member.name, functools.partial(member.start, lab), member.needs)
            for member in members.of(lab).values()
        ),
        *(
            Step(each.name, functools.partial(each.action, lab), each.needs)
            for each in preparations.of(lab)
        ),
    ]


def _install_packages(lab: Lab) -> None:
    if not packages.missing(packages.LAB_PACKAGES):
        return
    log = lab.paths.log('apt')
    log.parent.mkdir(exist_ok=True)
    lab.console.line(f'  Installing Debian packages (log: {log}) ...')
    with lab.console.ticking(), lab.console.step('Debian packages'):
        packages.ensure(packages.LAB_PACKAGES, log)
