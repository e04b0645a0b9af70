"""Putting a whole new ledger in the place of the present one; that one is set aside, never removed."""

from __future__ import annotations

import os
from datetime import datetime

from gateway.custody import syncs
from gateway.custody.look import exists
from gateway.custody.moves import rename_new
from gateway.custody.refusals import shown
from gateway.errors import LedgerError
from gateway.ledger.backup import SIDE_FILES


def beside(path: str, what: str, now: datetime) -> str:
    """Return a free name beside the ledger file ``path`` that says ``what`` it is and since when."""
    wanted = f"{path}.{what}-{now:%Y%m%dT%H%M%SZ}"
    number, name = 1, wanted
    while any(exists(name + suffix) for suffix in ("", *SIDE_FILES)):
        number, name = number + 1, f"{wanted}-{number + 1}"
    return name


def place(new: str, path: str, aside: str) -> bool:
    """Give the closed ledger ``new`` the name ``path``; what has it goes to ``aside``. Durable on return.

    Returns whether there was one. Both are in one directory. Killed anywhere, it leaves the old ledger,
    the new one, or none at ``path``; called again it comes to the same end. Raises LedgerError where
    ``new`` is not closed.
    """
    if any(exists(new + suffix) for suffix in SIDE_FILES):
        raise LedgerError("The new ledger is still in use", where=shown(new))
    syncs.sync_files([new])
    was_there = exists(path)
    # The ledger before its log: a log that is left alone stands in nobody's way, a ledger without
    # its log would be an older one. And no log of the old ledger may meet the new one.
    for suffix in ("", *SIDE_FILES):
        if exists(path + suffix):
            rename_new(path + suffix, aside + suffix)
    syncs.sync_directory(os.path.dirname(path))
    rename_new(new, path)
    syncs.sync_directory(os.path.dirname(path))
    return was_there
