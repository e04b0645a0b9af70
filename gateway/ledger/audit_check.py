"""Is the audit trail what the gateway wrote? Finds the first entry that is not, and says how.

1. Every entry's hash is that of its own columns; else it was ALTERED.
2. Sequence numbers count up from 1; where one is left out, an entry is MISSING.
3. Every entry names the hash of the one before it; else that one was REWRITTEN with a hash of its own.
4. An entry that is whole under another number stands in the wrong place: it was REORDERED, or
   others before it are MISSING or INSERTED.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.exc import OperationalError

from gateway.ledger.audit_chain import GENESIS, Head, canonical, digest, is_whole, stored_members
from gateway.ledger.tables import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAGE = 1000
_MARK = 18_446_744_073_709_551_615  # a sequence number that no entry has


class AuditFault(enum.Enum):
    """What happened to the first entry that is not as it was written."""

    ALTERED = "audit-altered"  #: a column was changed
    MISSING = "audit-missing"  #: an entry was removed
    REORDERED = "audit-reordered"  #: the entry was moved here from another place
    INSERTED = "audit-inserted"  #: an entry that the gateway did not write stands before this one
    REWRITTEN = "audit-rewritten"  #: an entry was replaced by another one with a valid hash
    TRUNCATED = "audit-truncated"  #: a checkpoint knows of entries that are no longer there


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """The first broken place of the trail."""

    fault: AuditFault
    sequence: int  #: the entry it concerns
    message: str
    column: str | None = None  #: which differs, where that can be known

    @property
    def code(self) -> str:
        """The stable code of the fault."""
        return self.fault.value


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a verification found; ``checked`` entries (or checkpoints) were right."""

    checked: int
    head: Head
    problem: AuditProblem | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None


def verify(connection: Connection, progress: Callable[[int, int], None] | None = None) -> AuditReport:
    """Check the whole chain up to the first broken entry.

    ``progress`` is called now and then with the entries checked and their number. Use it inside
    one `Ledger.read` block. The end of the trail needs the checkpoints: `checkpoint_trail.verify_against`.
    """
    total = connection.execute(select(func.count()).select_from(audit)).scalar() or 0
    sequence, previous = 0, GENESIS
    for row in rows(connection):
        problem = _check(connection, row, sequence + 1, previous)
        if problem or isinstance(row, Unreadable):
            return AuditReport(sequence, Head(sequence, previous), problem)
        sequence, previous = row.sequence, row.hash
        if progress and (sequence % _PAGE == 0 or sequence == total):
            progress(sequence, total)
    return AuditReport(sequence, Head(sequence, previous))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for an entry whose text is not even UTF-8."""

    sequence: int


def rows(connection: Connection) -> Iterator[Row[Any] | Unreadable]:
    """Yield all entries as they stand, by sequence number."""
    last: int | None = None
    while page := _page(connection, last):
        yield from page
        last = page[-1].sequence


def _page(connection: Connection, after: int | None) -> list[Row[Any] | Unreadable]:
    """Return the entries that follow the number ``after``; a page that cannot be read, one by one."""
    numbers = select(audit.c.sequence).order_by(audit.c.sequence).limit(_PAGE)
    entries = select(audit).order_by(audit.c.sequence).limit(_PAGE)
    if after is not None:
        numbers, entries = numbers.where(audit.c.sequence > after), entries.where(audit.c.sequence > after)
    try:
        return list(connection.execute(entries))
    except OperationalError:
        return [_alone(connection, number) for number in connection.execute(numbers).scalars().all()]


def _alone(connection: Connection, number: int) -> Row[Any] | Unreadable:
    try:
        return connection.execute(select(audit).where(audit.c.sequence == number)).one()
    except OperationalError:
        return Unreadable(number)


def _check(
    connection: Connection, row: Row[Any] | Unreadable, expected: int, previous: str
) -> AuditProblem | None:
    if isinstance(row, Unreadable):
        return _problem(AuditFault.ALTERED, row.sequence, "its columns are not text")
    if row.sequence < expected:
        return _problem(AuditFault.INSERTED, row.sequence, "the trail begins with entry 1")
    if row.sequence != expected:
        return _gap(connection, expected, previous)
    if not is_whole(row):
        try:
            values = stored_members(row)
            whole = digest(canonical(values)) == row.hash
        except ValueError as error:
            return _problem(AuditFault.ALTERED, expected, str(error), getattr(error, "column", None))
        if not whole:
            return _misplaced(connection, row, values, previous)
    if row.previous != previous:
        message = f"the entry after it names another hash than entry {expected - 1} has"
        return _problem(AuditFault.REWRITTEN, max(expected - 1, 1), message, "hash")
    return None


def _gap(connection: Connection, expected: int, previous: str) -> AuditProblem:
    """The number ``expected`` is left out: was its entry removed, or put somewhere else?"""
    statement = select(audit.c.sequence).where(audit.c.previous == previous, audit.c.sequence > expected)
    elsewhere = connection.execute(statement.limit(1)).scalar()
    if elsewhere is None:
        return _problem(AuditFault.MISSING, expected, "there is no entry with this number")
    return _problem(AuditFault.REORDERED, elsewhere, f"it was written as entry {expected}")


def _misplaced(connection: Connection, row: Row[Any], values: dict[str, Any], previous: str) -> AuditProblem:
    """The hash is not that of the columns: is it, with another sequence number?"""
    highest = connection.execute(select(func.max(audit.c.sequence))).scalar() or 0
    written_as = _number_it_was_written_with(values, row.hash, highest + _PAGE)
    if written_as is None:
        return _problem(AuditFault.ALTERED, row.sequence, "its hash is not that of its columns")
    if written_as < row.sequence:
        message = (
            f"entry {row.sequence} was written as {written_as}: one before it does not belong to the trail"
        )
        return _problem(AuditFault.INSERTED, row.sequence - 1, message)
    return _gap(connection, row.sequence, previous)


def _number_it_was_written_with(values: dict[str, Any], wanted: str, highest: int) -> int | None:
    head, tail = canonical({**values, "sequence": _MARK}).rsplit(str(_MARK).encode(), 1)
    begun = hashlib.sha256(head)
    for number in range(1, highest + 1):
        candidate = begun.copy()
        candidate.update(b"%d%b" % (number, tail))
        if candidate.hexdigest() == wanted:
            return number
    return None


def _problem(fault: AuditFault, sequence: int, message: str, column: str | None = None) -> AuditProblem:
    return AuditProblem(fault, sequence, f"Audit entry {sequence}: {message}", column)
