"""What Debian's packages find on a host, and not here."""

from release.debian_walk.machine import Machine
from release.debian_walk.report import Report

_APPARMOR = '/sys/kernel/security/apparmor'
_KEYSTONE = '/etc/keystone/keystone-uwsgi.ini'


def prepare(machine: Machine, report: Report) -> None:
    """Do without AppArmor, if this kernel has none: Debian's Keystone asks for it."""
    if machine.file(_APPARMOR).exists():
        return
    report.say('    (no AppArmor here: taken out of keystone-uwsgi.ini)')
    machine.shell(
        f"sed -i 's/^plugins = python3,apparmor/plugins = python3/; "
        f"/^apparmor-profile/d' {_KEYSTONE}"
    )
