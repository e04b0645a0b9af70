"""What changed between two versions of a format, judged in both directions.

Two canonical models are compared, never their text. A verdict needs a proof: ``breaking`` has a
file (a `change.Demand` says which), ``ok`` has an argument, and what has neither is ``review``.
"""
