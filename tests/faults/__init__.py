"""Faults at every call that a run makes on files: kills, errors, short writes; and the matrix of kills."""
