"""docs/scale.md says what docs/bench.json has."""

import json

from benchmarks import scale


def test_the_table_is_made_of_the_last_measurements() -> None:
    """Else: python -m benchmarks.scale."""
    answers = json.loads((scale.DOCS / 'bench.json').read_text())['answers']
    assert scale.block(answers) in (scale.DOCS / 'scale.md').read_text()
