"""OpenStack's own test suite, as it is released, on both sides of the lab.

``make tempest`` runs it and writes ``docs/tempest.md``. With the lab up::

    .venv/bin/python -m tests.tempest --python .venv-tempest/bin/python
    ... --side eic --group volume       # only that; the rest of the page stays
    ... --write                         # only the page, from what is kept

docs/tempest.json has what each group found, by side.
"""
