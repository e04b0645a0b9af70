"""Hostile input: what comes from outside is mutated, and what the gateway promises of it is checked.

`python -m tests.fuzz TARGET` searches; what a search found stays in `corpus/` and is tried by the
default suite every time.
"""
