"""``python -m tools LIBRARIES FACTS``: writes the simulator's package data anew."""

import sys
from pathlib import Path

from tools.build import build

DATA = Path(__file__).parents[1] / 'ontap_simulator/reference/data.json'


def main(libraries: str, facts: str) -> None:
    """Write the data file."""
    DATA.write_text(build(Path(libraries), Path(facts)))


if __name__ == '__main__':
    main(*sys.argv[1:])
