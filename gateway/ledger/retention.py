"""Retention runs and what they removed: `retention_runs` and `tombstones`.

The row of a transfer that was removed stays for ever: it is the memory of duplicates and numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, exists, select

from gateway.errors import ActionRefused
from gateway.ledger.encoding import canonical_json
from gateway.ledger.ids import earliest
from gateway.ledger.statements import in_lists
from gateway.ledger.tables import retention_runs, tombstones, transfers
from gateway.ledger.transfer_rows import TRANSFER, from_row
from gateway.model import State, Transfer
from gateway.printable import printable

#: States of a run.
PLANNED, APPROVED, DONE, WITHDRAWN, RECOVERED = "planned", "approved", "done", "withdrawn", "recovered"
_SHORTEST_PART = 4


@dataclass(frozen=True, slots=True)
class Run:
    """One removal: who planned what, who approved it, and how far it has come."""

    id: str
    state: str
    planned_at: datetime
    planned_by: str
    reason: str
    plan: Mapping[str, Any]
    plan_sha256: str
    approved_at: datetime | None = None
    approved_by: str | None = None
    approval_reason: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """What stands in the ledger for a file that was removed, or is being removed."""

    transfer: str
    run: str
    path: str  #: relative to the site
    sha256: str | None
    manifest_sha256: str | None
    tombstone_sha256: str
    size: int  #: bytes of everything that goes
    begun_at: datetime
    begun_by: str
    removed_at: datetime | None = None


def plan_digest(plan: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a plan in its canonical form."""
    return hashlib.sha256(canonical_json(plan).encode("utf-8")).hexdigest()


def insert_run(connection: Connection, run: Run) -> None:
    """Write a new run."""
    connection.execute(sa.insert(retention_runs), [asdict(run)])


def update_run(connection: Connection, run: Run, expected: str) -> None:
    """Write how far a run has come; ActionRefused where it is no longer in the state ``expected``."""
    statement = sa.update(retention_runs).where(
        retention_runs.c.id == run.id, retention_runs.c.state == expected
    )
    values = {name: value for name, value in asdict(run).items() if name not in ("id", "plan")}
    if connection.execute(statement.values(values)).rowcount != 1:
        raise ActionRefused(f"Retention run {run.id} is no longer {expected}", where=run.id)


def runs(connection: Connection) -> list[Run]:
    """Return every run, the newest first."""
    statement = select(retention_runs).order_by(retention_runs.c.id.desc())
    return [Run(**row._asdict()) for row in connection.execute(statement)]


def find_run(connection: Connection, text: str) -> Run:
    """Return the run whose id is ``text``, or begins or ends with it; ActionRefused if not exactly one."""
    part = text.strip().upper()
    known = connection.execute(select(retention_runs.c.id)).scalars()
    fits = [one for one in known if one == part or one.startswith(part) or one.endswith(part)]
    if len(part) < _SHORTEST_PART or len(fits) != 1:
        found = f"fits {', '.join(fits)}" if len(fits) > 1 else "is no retention run"
        raise ActionRefused(f"{printable(text)!r} {found}", hint="`gateway retention show` lists them")
    row = connection.execute(select(retention_runs).where(retention_runs.c.id == fits[0])).one()
    return Run(**row._asdict())


def candidates(
    connection: Connection, route: str, state: State, until: datetime, after: str, limit: int
) -> list[Transfer]:
    """Return transfers of a route in ``state``, not removed, that came before ``until``, in that order.

    Ids come after ``after``: a page at a time. Failed ones are those that somebody has answered.
    """
    statement = (
        select(*TRANSFER)
        .where(transfers.c.route == route, transfers.c.state == state)
        .where(transfers.c.id > after, transfers.c.id < earliest(until), not_removed())
        .order_by(transfers.c.id)
        .limit(limit)
    )
    if state is State.FAILED:
        statement = statement.where(transfers.c.superseded_by.is_not(None))
    return [from_row(row) for row in connection.execute(statement)]


def not_removed() -> ColumnElement[bool]:
    """Return the condition that no removal of the transfer of a row was ever begun."""
    return ~exists().where(tombstones.c.transfer == transfers.c.id)


def removals(connection: Connection, ids: Iterable[str]) -> dict[str, Removal]:
    """Return what was removed, or is being removed, of the transfers ``ids``."""
    found: dict[str, Removal] = {}
    for part in in_lists(sorted(set(ids))):
        statement = select(tombstones).where(tombstones.c.transfer.in_(part))
        found.update((row.transfer, Removal(**row._asdict())) for row in connection.execute(statement))
    return found


def of_run(connection: Connection, run: str) -> tuple[int, int, int]:
    """Return how many files of a run are removed, their bytes, and how many are begun and not done."""
    is_done = tombstones.c.removed_at.is_not(None)
    done, size = connection.execute(
        select(sa.func.count(), sa.func.coalesce(sa.func.sum(tombstones.c.size), 0)).where(
            tombstones.c.run == run, is_done
        )
    ).one()
    begun = connection.execute(
        select(sa.func.count()).select_from(tombstones).where(tombstones.c.run == run, ~is_done)
    ).scalar_one()
    return int(done), int(size), int(begun)


def begin(connection: Connection, rows: Sequence[Removal]) -> None:
    """Note that files are being removed: from here on nothing else is done with them."""
    if rows:
        connection.execute(sa.insert(tombstones), [asdict(row) for row in rows])


def end(connection: Connection, rows: Sequence[Removal], at: datetime) -> list[Removal]:
    """Note that files are gone; return those of which that was not noted before."""
    now = removals(connection, [row.transfer for row in rows])
    ended = [row for row in rows if row.transfer in now and now[row.transfer].removed_at is None]
    for part in in_lists([row.transfer for row in ended]):
        statement = sa.update(tombstones).where(tombstones.c.transfer.in_(part))
        connection.execute(statement.values(removed_at=at))
    return ended


def put(connection: Connection, rows: Sequence[Removal], of: Sequence[Run]) -> None:
    """Write removals that the archive tells of, in place of what the ledger has; unknown runs too."""
    for part in in_lists([row.transfer for row in rows]):
        connection.execute(sa.delete(tombstones).where(tombstones.c.transfer.in_(part)))
    known = set(connection.execute(select(retention_runs.c.id)).scalars())
    for run in of:
        if run.id not in known:
            insert_run(connection, run)
            known.add(run.id)
    begin(connection, rows)


def removals_after(connection: Connection, first: str, until: str | None) -> dict[str, Removal]:
    """Return the removals of transfers with ids above ``first``, up to ``until`` where one is given."""
    statement = select(tombstones).where(tombstones.c.transfer > first)
    if until is not None:
        statement = statement.where(tombstones.c.transfer <= until)
    return {row.transfer: Removal(**row._asdict()) for row in connection.execute(statement)}


def demand_kept(connection: Connection, rows: Iterable[Transfer]) -> None:
    """Let transfers pass whose files are there; ActionRefused naming the run and day of one that is not."""
    named = {row.id: row for row in rows}
    for key, removal in removals(connection, named).items():
        when = "is being removed" if removal.removed_at is None else f"was removed {_day(removal.removed_at)}"
        raise ActionRefused(
            f"{named[key].name} {when} by retention run {removal.run}",
            where=key,
            hint=f"Manifest and tombstone stay: {removal.path}; see `gateway retention show {removal.run}`",
        )


def kept(connection: Connection, rows: Sequence[Transfer]) -> list[Transfer]:
    """Return those of ``rows`` whose files no retention run has removed."""
    gone = removals(connection, [row.id for row in rows])
    return [row for row in rows if row.id not in gone]


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
