"""Other people's clients, unmodified, against the simulator.

``python -m tests.clients`` runs them all and writes ``docs/simulator.md``.
"""
