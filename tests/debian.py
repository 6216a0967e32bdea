"""Which of the libraries that EIC asks for a release of Debian has, by its own index.

``python -m tests.debian`` writes the table into docs/compatibility.md. apt reads the
index of that release into a directory of its own: nothing is installed, and this
machine's sources stay what they are.
"""

import configparser
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PAGE = ROOT / 'docs/compatibility.md'
BEGIN, END = '<!-- debian: begin -->', '<!-- debian: end -->'
SUITE, NAME = 'trixie', 'Debian 13'
SERVICES = {'python3': 'Python', 'cinder-common': 'Cinder', 'nova-common': 'Nova'}
"""Not asked for, but what the release comes with."""
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
_NAMES = {
    'python-glanceclient': 'python3-glanceclient',
    'prometheus-client': 'python3-prometheus-client',
    'microversion-parse': 'python3-microversion-parse',
}
"""Debian's names of packages that are not ``python3-`` and the library's own."""
_DEADLINE = 300


def asked_for() -> list[Requirement]:
    """What setup.cfg asks for."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    lines = setup['options']['install_requires'].splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith('#')]


def package_of(library: str) -> str:
    """Debian's name of a library's package."""
    name = library.lower().replace('_', '-')
    return _NAMES.get(name, f'python3-{name}')


def upstream(version: str) -> str:
    """``1:1.8.10-0+deb13u1`` is 1.8.10 of the library's own."""
    return re.split(r'[-+~]', version.partition(':')[2] or version)[0]


def candidates(packages: list[str]) -> Mapping[str, str]:
    """The versions of packages in that release; none of one that it lacks."""
    with tempfile.TemporaryDirectory() as folder:
        options = _apt(Path(folder))
        _run('apt-get', *options, '-qq', 'update')
        answer = _run('apt-cache', *options, 'policy', *packages)
    found = re.findall(
        r'^(\S+):\n.*?Candidate: (\S+)', answer, re.MULTILINE | re.DOTALL
    )
    return {name: upstream(version) for name, version in found if version != '(none)'}


def _apt(folder: Path) -> list[str]:
    for name in ('lists/partial', 'cache/archives/partial'):
        (folder / name).mkdir(parents=True)
    mirror = _run('apt-get', 'indextargets', '--format', '$(REPO_URI)').split()[0]
    source = f'deb [signed-by={KEYRING}] {mirror} {SUITE} main\n'
    (folder / 'sources').write_text(source)
    places = {
        'Dir::Etc::sourcelist': folder / 'sources',
        'Dir::Etc::sourceparts': '/dev/null',
        'Dir::State::lists': folder / 'lists',
        'Dir::Cache': folder / 'cache',
        'APT::Sandbox::User': 'root',
    }
    return [part for key, at in places.items() for part in ('-o', f'{key}={at}')]


def _run(*command: str) -> str:
    done = subprocess.run(
        command, check=True, text=True, capture_output=True, timeout=_DEADLINE
    )
    return done.stdout


def table(versions: Mapping[str, str]) -> str:
    """In Markdown: what the release has beside what EIC asks for."""
    lines = [f'| | {NAME} | EIC asks for |', '| --- | --- | --- |']
    lines += [f'| {name} | {versions[key]} | |' for key, name in SERVICES.items()]
    for asked in sorted(asked_for(), key=lambda each: each.name.lower()):
        found = versions.get(package_of(asked.name))
        lines.append(f'| {asked.name} | {_cell(asked, found)} | {asked.specifier} |')
    return '\n'.join(lines)


def _cell(asked: Requirement, found: str | None) -> str:
    if found is None:
        return '**no package**'
    fits = asked.specifier.contains(Version(found), prereleases=True)
    return found if fits else f'**{found}**'


def main() -> int:
    """Write the table."""
    packages = [package_of(asked.name) for asked in asked_for()]
    text = table(candidates([*SERVICES, *packages]))
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f'{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
