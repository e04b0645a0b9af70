"""What may happen to a gateway process at its nth call on files: it dies there, or calls fail for a while."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.shim import CHANGES, FOREVER, LOOKS, Action, Control, Fault, Kind

#: Errors that a call can fail with.
ERRORS = ("ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE", "ESTALE", "EDQUOT", "EINTR")
_KILLS = (Action.KILL_BEFORE, Action.KILL_AFTER, Action.KILL_WITHIN)
_FAULTS = (Action.REFUSE, Action.REFUSE, Action.REFUSE, Action.CUT_SHORT, Action.REFUSE_AFTER)
_KILLED_AT = ("outbox", "outbox", "working", "processed", "inbox", "failed", "ledger")
_PLACES = (
    "",
    "",
    "working",
    "processed",
    "failed",
    "duplicates",
    "ledger",
    "outbox",
    "inbox",
    "audit",
    "replay",
)


@dataclass(frozen=True, slots=True)
class Trap:
    """A fault of the shim, and the calls that it waits for."""

    fault: Fault
    below: Path
    kinds: frozenset[Kind] = CHANGES

    def __str__(self) -> str:
        what = self.fault
        many = "" if what.last == 0 else f" to {'the end' if what.last == FOREVER else what.last}"
        error = f" {errno.errorcode[what.error]}" if what.error else ""
        kind = "/".join(sorted(one.name.lower() for one in self.kinds)) if len(self.kinds) < 5 else "call"
        return f"{what.action.name}{error} at {kind} {what.first}{many} below {self.below.name}"

    def lay(self, control: Control) -> None:
        """Let it wait for the calls of this process."""
        control.arm(self.fault, below=os.path.realpath(self.below), kinds=self.kinds, pid=os.getpid())


def a_kill(rng: Random, site: Path) -> Trap:
    """Return a kill somewhere in what a process does next: anywhere in a pass, or in what it does at a place.

    What a pass does at a destination is a few calls of hundreds, and the most delicate ones.
    """
    action = rng.choice(_KILLS)
    if rng.random() < 0.5:
        return Trap(Fault(action, rng.randrange(1, rng.choice((20, 60, 150, 400)))), site)
    below = site / rng.choice(_KILLED_AT)
    if rng.random() < 0.5:
        return Trap(Fault(action, rng.randrange(1, 8)), below, kinds=frozenset({Kind.RENAME}))
    return Trap(Fault(action, rng.randrange(1, rng.choice((8, 20)))), below)


def a_cut(rng: Random, below: Path) -> Trap:
    """Return a kill beside one of the first calls that give a file its name below a directory."""
    action = rng.choice((Action.KILL_BEFORE, Action.KILL_BEFORE, Action.KILL_AFTER))
    return Trap(Fault(action, rng.choice((1, 1, 2, 3))), below, kinds=frozenset({Kind.RENAME}))


def an_error(rng: Random, site: Path) -> Trap:
    """Return a fault that passes: one call, some, or all below one directory of the site."""
    first = rng.randrange(1, rng.choice((10, 60, 300)))
    last = rng.choice((first, first, first + 1, first + 9, FOREVER))
    action = rng.choice(_FAULTS)
    number = 0 if action is Action.CUT_SHORT else getattr(errno, rng.choice(ERRORS))
    if number == errno.EINTR:
        last = min(last, first + 9)  # who is interrupted for ever is stopped, not refused
    return Trap(
        Fault(action, first, last, number),
        site / rng.choice(_PLACES),
        CHANGES | LOOKS if rng.random() < 0.3 else CHANGES,
    )
