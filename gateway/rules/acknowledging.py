"""What is done next at the remote end of a file that is in custody? Decided from a look, never assumed.

A reply may be lost and a sender may put a new file under the same name at any moment. So every step is
decided by what stands there now, does nothing to a file that is not the one that was taken, and comes to
the same end when it is decided again after a crash.

The file is first set aside: renamed to a name that holds the transfer's id, so that nobody else has it.
A rename may catch a new file of the sender's; so it is looked there again, and only the file that was
taken goes on, to its name in the directory for taken files (where that is free) or to its removal.
"""

from __future__ import annotations

import enum
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.model import Sighting

#: Longest file name of the usual servers, in bytes.
_LONGEST = 255


class Verdict(enum.Enum):
    """What is to be done, or what is the case."""

    SET_ASIDE = "set-aside"  #: rename it to the name that is its transfer's alone
    FINISH = "finish"  #: it is set aside: give it its last name, or remove it
    GIVE_BACK = "give-back"  #: what was set aside was never taken: back under its own name
    DONE = "done"  #: it has its last name, or is removed
    GONE = "gone"  #: somebody took it away
    REPLACED = "replaced"  #: the sender has put another file in its place
    BLOCKED = "blocked"  #: another file was set aside, and its own name is taken again


@dataclass(frozen=True, slots=True)
class Taken:
    """The file that was taken, as it was seen then."""

    size: int
    mtime_ns: int

    def is_it(self, standing: Sighting | None) -> bool:
        """Return whether what stands there is that file, as far as a look can tell.

        Some servers state a time in a list and none of a single file, or the other way about.
        """
        if standing is None or (standing.kind, standing.size) != ("file", self.size):
            return False
        return standing.mtime_ns == self.mtime_ns or 0 in (standing.mtime_ns, self.mtime_ns)


def aside_name(name: str, transfer: str) -> str:
    """Return the hidden name under which a file waits for its removal: its transfer's alone."""
    return f".gateway-taken-{transfer}-{_short_hash(name)}"


def own_name(name: str, transfer: str) -> str:
    """Return the name that a taken file gets where its own is not free: its transfer's alone.

    A name too long is cut between characters, and told apart by its hash: what came with a file
    often has a name that begins as its own.
    """
    mark = f".{transfer}"
    if len(os.fsencode(name)) + len(mark) <= _LONGEST:
        return name + mark
    mark += f"-{_short_hash(name)}"
    while len(os.fsencode(name)) + len(mark) > _LONGEST:
        name = name[:-1]
    return name + mark


def _short_hash(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:8]


def next_step(
    taken: Taken, here: Sighting | None, aside: Sighting | None, there: Sighting | None = None
) -> Verdict:
    """Return what is to be done next.

    ``here`` is what stands under the file's name at the source, ``aside`` what has the name that is
    its transfer's alone, ``there`` what has its name in the directory for taken files.
    """
    if aside is not None:
        if taken.is_it(aside):
            return Verdict.FINISH
        return Verdict.GIVE_BACK if here is None else Verdict.BLOCKED
    if taken.is_it(here):
        return Verdict.SET_ASIDE
    if taken.is_it(there):
        return Verdict.DONE
    return Verdict.GONE if here is None else Verdict.REPLACED
