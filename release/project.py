"""What is released: two projects of one repository, each with versions of its own."""

import dataclasses
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True)
class Project:
    """One of them; ``folder`` is where it is, from the repository's root."""

    name: str
    folder: str

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return self.name.replace('-', '_')


BUNDLE = Project('eic-plugins', '.')
SIMULATOR = Project('eic-ontap-simulator', 'simulator')
PROJECTS = (BUNDLE, SIMULATOR)
