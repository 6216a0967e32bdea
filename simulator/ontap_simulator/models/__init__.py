"""The state of the simulated cluster and the rules it follows.

One module per kind of thing. Nothing in here knows HTTP.
"""
