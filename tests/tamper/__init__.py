"""Tamper evidence: whatever is changed behind the gateway's back is found, by its own code, at its place."""
