"""EIC and the stock driver side by side, in one run on one lab: `make bench`.

Each question is a module with ``run(lab) -> dict``: the answer as
:class:`benchmarks.model.Answer` puts it into JSON. docs/bench.md says how to
read the result.
"""
