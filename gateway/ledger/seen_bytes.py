"""Which bytes have certainly not come before: asked for every new file, and answered in memory.

A SHA-256 stands anywhere among those of ten years. In their index each new file asks for a page of its own,
which is rarely in memory. A service therefore keeps 42 bits of each SHA-256, in 4 bytes: what is not among
them is new, and what is among them is looked for in the ledger as ever.

It must never lack what the ledger has. Nothing is accepted without an entry of the audit trail in the same
transaction (invariant of the ledger), whoever does it. So whatever is named by an entry that was committed
since the last question is read before the next one is answered.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from gateway.ledger.audit import head
from gateway.ledger.audit_chain import GENESIS, Head
from gateway.ledger.statements import read_rows
from gateway.ledger.tables import audit, transfers
from gateway.ledger.transfer_rows import sha256_head

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

_BITS = 10
#: The index is read in so many parts, so that no reader lasts long and nothing large is moved.
PARTS = 1 << _BITS
_KEPT = 32
_SHIFT = 64 - _BITS - _KEPT
_MASK = (1 << _KEPT) - 1
#: New bytes are moved to the parts when they are so many.
_RECENT = 10_000
_FIRST, _WIDTH = -(2**63), 2**64 // PARTS

_HEAD = transfers.c.sha256_head
_IN_PART = (
    select(_HEAD.op(">>")(_SHIFT).op("&")(_MASK))
    .where(_HEAD.between(bindparam("first"), bindparam("last")))
    .order_by(_HEAD)
)
#: The bytes of all transfers that entries of the audit trail after a known one name.
_NAMED = select(_HEAD).where(
    transfers.c.id.in_(select(audit.c.object_id).where(audit.c.sequence > bindparam("known"))),
    _HEAD.is_not(None),
)
#: A known entry of the trail, and the last.
_ENDS = (
    select(audit.c.sequence, audit.c.hash)
    .where(
        audit.c.sequence.in_(
            [bindparam("known"), select(func.max(audit.c.sequence)).scalar_subquery()],
        )
    )
    .order_by(audit.c.sequence)
)


class SeenBytes:
    """Four bytes of every file in a ledger that one machine works with; asked by many threads.

    `begin` it, `read_part` all `PARTS`, and only then ask what is `possible`.
    """

    def __init__(self, reading: Callable[[], AbstractContextManager[Connection]]) -> None:
        """Know how the ledger gives what is committed (`Ledger.read`); nothing is read yet."""
        self._reading = reading
        self._parts = [array("I") for _ in range(PARTS)]
        self._recent: set[int] = set()  #: what is not in the parts yet: to move those takes its time
        self._known = Head(0, GENESIS)  #: how far the audit trail is taken into account
        self._is_continued = True
        self._asked = threading.Lock()

    def begin(self) -> None:
        """Remember where the audit trail ends now: what it names later is read again."""
        with self._reading() as connection:
            self._known = head(connection)

    def read_part(self, part: int) -> int:
        """Read one of `PARTS` of the index; return how many files it has."""
        first = _FIRST + part * _WIDTH
        with self._reading() as connection:
            rows = read_rows(connection, _IN_PART, first=first, last=first + _WIDTH - 1)
        self._parts[part] = array("I", [row[0] for row in rows])
        return len(rows)

    def possible(self, connection: Connection, sha256s: Sequence[str]) -> Sequence[str]:
        """Return those of ``sha256s`` that may be in the ledger, as ``connection`` sees it.

        That is all that are there, and of the others one in millions. ``connection`` may be writing: what
        it wrote itself counts too, and is not relied on, for it may be undone.
        """
        with self._asked:
            self._catch_up()
            if not self._is_continued:
                return sha256s
            self._add(connection)
            return [one for one in sha256s if self._has(one)]

    def _catch_up(self) -> None:
        """Take in what was committed since the last question, if the trail is still that one."""
        with self._reading() as committed:
            ends = [Head(*row) for row in read_rows(committed, _ENDS, known=self._known.count)]
            self._add(committed)
        if self._known.count and self._known not in ends:
            self._is_continued = False  # another ledger stands in its place: nothing is known of it
        elif ends:
            self._known = ends[-1]

    def _add(self, connection: Connection) -> None:
        """Take in what entries of the audit trail after the last known one name."""
        named = read_rows(connection, _NAMED, known=self._known.count)
        self._recent.update(found for (found,) in named)
        if len(self._recent) > _RECENT:
            for part, kept in map(_split, self._recent):
                insort(self._parts[part], kept)
            self._recent.clear()

    def _has(self, sha256: str) -> bool:
        wanted = sha256_head(sha256) or 0
        if wanted in self._recent:
            return True
        part, kept = _split(wanted)
        found = self._parts[part]
        place = bisect_left(found, kept)
        return place < len(found) and found[place] == kept


def _split(head: int) -> tuple[int, int]:
    """Return in which part the signed first 64 bits of a SHA-256 are, and what is kept of them there."""
    return (head - _FIRST) // _WIDTH, head >> _SHIFT & _MASK
