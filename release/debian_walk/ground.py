"""What Debian's packages find on a host, and not here."""

from release.debian_walk import ini
from release.debian_walk.machine import Machine
from release.debian_walk.report import Report

_APPARMOR = '/sys/kernel/security/apparmor'
_KEYSTONE = '/etc/keystone/keystone-uwsgi.ini'
_CINDER = '/etc/cinder/cinder.conf'
PATIENCE = '[eic]\nglance_timeout = 60\n'
"""A busy machine checks a password for seconds; without an answer EIC takes another
route, and that is not what the walk asks about."""


def prepare(machine: Machine, report: Report) -> None:
    """What the walk changes beside the page, and says."""
    patience(machine, report)
    apparmor(machine, report)


def patience(machine: Machine, report: Report) -> None:
    """EIC waits for Keystone as long as a busy machine takes."""
    report.say(f'    ({" ".join(PATIENCE.split())}, for this machine may be busy)')
    file = machine.file(_CINDER)
    text = ini.merged(file.read_text(), PATIENCE)
    # In place: the file keeps its owner.
    with file.open('w') as stream:
        stream.write(text)


def apparmor(machine: Machine, report: Report) -> None:
    """Do without AppArmor, if this kernel has none: Debian's Keystone asks for it."""
    if machine.file(_APPARMOR).exists():
        return
    report.say('    (no AppArmor here: taken out of keystone-uwsgi.ini)')
    machine.shell(
        f"sed -i 's/^plugins = python3,apparmor/plugins = python3/; "
        f"/^apparmor-profile/d' {_KEYSTONE}"
    )
