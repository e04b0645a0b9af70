"""Removal of settled files whose time is over: planned by one person, approved by another.

Nothing is removed here; `operations.removing` carries out what was approved. Each step is an entry in the
audit trail, in the transaction of the step itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from gateway.errors import ActionRefused
from gateway.ledger import audit, retention, transfers
from gateway.ledger.encoding import time_text
from gateway.ledger.engine import Connection
from gateway.ledger.ids import new_id
from gateway.ledger.retention import APPROVED, PLANNED, WITHDRAWN, Run, plan_digest
from gateway.model import AuditEntry, State, Transfer
from gateway.operations.demands import demand_reason
from gateway.rules.retention import latest_settled, same_person, why_kept
from gateway.stages.context import Context

#: Files of one plan: whoever approves it has to be able to look at it.
LARGEST_PLAN = 10_000
#: Characters of a plan's digest that must be given to approve it.
SHORTEST_DIGEST = 12
_PAGE = 1000
_STATES = (State.PROCESSED, State.DUPLICATE, State.FAILED)


@dataclass(frozen=True, slots=True)
class Look:
    """What may be removed now: the files, oldest first, and how many stay for which reason."""

    rows: tuple[Transfer, ...]
    kept: Mapping[str, int]
    has_more: bool


def look(context: Context, limit: int = LARGEST_PLAN) -> Look:
    """Return which settled files may be removed now, at most ``limit`` of them; nothing is changed."""
    now = context.clock.now()
    rows: list[Transfer] = []
    kept: Counter[str] = Counter()
    with context.ledger.read() as connection:
        for route in transfers.routes(connection):
            for state in _STATES:
                for row in _due(context, connection, route, state, now):
                    why = why_kept(context.site.retention, row, arrived_on(context, row), now)
                    if why is None:
                        rows.append(row)
                    else:
                        kept[why] += 1
                    if len(rows) > 2 * limit:
                        rows = sorted(rows, key=_age)[: limit + 1]
    rows.sort(key=_age)
    return Look(tuple(rows[:limit]), dict(kept), len(rows) > limit)


def _due(
    context: Context, connection: Connection, route: str, state: State, now: datetime
) -> Iterator[Transfer]:
    """Yield transfers whose time may be over, a page of the ledger at a time."""
    until = latest_settled(context.site.retention, route, state, now)
    if until is None:
        return
    after = ""
    while page := retention.candidates(connection, route, state, until, after, _PAGE):
        yield from page
        after = page[-1].id


def _age(row: Transfer) -> tuple[datetime | None, str]:
    return row.settled_at, row.id


def arrived_on(context: Context, row: Transfer) -> date:
    """Return the plant's day on which a file came."""
    return date.fromisoformat(context.day(row.arrived_at))


def plan(context: Context, reason: str | None, limit: int = LARGEST_PLAN) -> Run:
    """Put on record which files are to be removed, and why; another person approves it.

    Raises ReasonMissing, ActionRefused where there is nothing to remove.
    """
    why = demand_reason(reason)
    found = look(context, limit)
    if not found.rows:
        raise ActionRefused(
            "There is no file whose time is over",
            hint="For how long files are kept stands in the configuration under `retention`",
        )
    now = context.clock.now()
    data = _plan(context, found, now, why)
    run = Run(new_id(now), PLANNED, now, context.actor.name, why, data, plan_digest(data))
    with context.ledger.write() as connection:
        retention.insert_run(connection, run)
        audit.append(connection, [entry(context, "retention-planned", run, _facts(run), why)])
    return run


def _plan(context: Context, found: Look, now: datetime, reason: str) -> dict[str, Any]:
    files = [planned(row) for row in found.rows]
    return {
        "schema": 1,
        "site": context.site.name,
        "planned": time_text(now),
        "planned_by": context.actor.name,
        "reason": reason,
        "configuration": context.site.digest,
        "totals": _totals(found.rows),
        "kept": dict(found.kept),
        "has_more": found.has_more,
        "files": files,
    }


def planned(row: Transfer) -> dict[str, Any]:
    """Return what a plan says of one file."""
    assert row.settled_at is not None  # noqa: S101 - it is settled
    return {
        "transfer": row.id,
        "route": row.route,
        "disposition": row.state.value,
        "path": row.settled_path,
        "sha256": row.sha256,
        "manifest_sha256": row.manifest_sha256,
        "bytes": weight(row),
        "settled": time_text(row.settled_at),
    }


def weight(row: Transfer) -> int:
    """Return the bytes of a settled file and of what lies beside it, reports and papers aside."""
    return row.size + sum(one.size for one in row.companions) + (row.output.size if row.output else 0)


def _totals(rows: Sequence[Transfer]) -> dict[str, Any]:
    counts = Counter(f"{row.route} {row.state.value}" for row in rows)
    settled = [row.settled_at for row in rows if row.settled_at is not None]
    return {
        "files": len(rows),
        "bytes": sum(weight(row) for row in rows),
        "oldest": time_text(min(settled)),
        "newest": time_text(max(settled)),
        "by": dict(counts),
    }


def show(context: Context, text: str) -> tuple[Run, tuple[int, int, int]]:
    """Return a run, and how much of it is done: files and bytes removed, files begun and not done."""
    with context.ledger.read() as connection:
        run = retention.find_run(connection, text)
        return run, retention.of_run(connection, run.id)


def approve(context: Context, text: str, digest: str, reason: str | None) -> Run:
    """Put on record that the plan with this digest may be carried out.

    Raises ReasonMissing; ActionRefused for another digest, for a plan that is not open, or where the same
    person has planned it.
    """
    why = demand_reason(reason)
    with context.ledger.write() as connection:
        run = retention.find_run(connection, text)
        demand_plan(run)
        _demand_state(run, (PLANNED,), "approved")
        given = digest.strip().lower()
        if len(given) < SHORTEST_DIGEST or not run.plan_sha256.startswith(given):
            raise ActionRefused(
                "This is not the digest of the plan",
                where=run.id,
                hint=f"`gateway retention show {run.id}` prints it; {SHORTEST_DIGEST} characters do",
            )
        if same_person(run.planned_by, context.actor.name):
            raise ActionRefused(
                f"{context.actor.name} has planned this removal; another person approves it", where=run.id
            )
        approved = replace(
            run,
            state=APPROVED,
            approved_at=context.clock.now(),
            approved_by=context.actor.name,
            approval_reason=why,
        )
        retention.update_run(connection, approved, PLANNED)
        audit.append(connection, [entry(context, "retention-approved", approved, _facts(approved), why)])
    return approved


def withdraw(context: Context, text: str, reason: str | None) -> Run:
    """Put on record that a plan is not carried out; ActionRefused where that has begun."""
    why = demand_reason(reason)
    with context.ledger.write() as connection:
        run = retention.find_run(connection, text)
        _demand_state(run, (PLANNED, APPROVED), "withdrawn")
        done, _size, begun = retention.of_run(connection, run.id)
        if done or begun:
            raise ActionRefused(
                f"{done + begun} files of this run are removed already",
                where=run.id,
                hint=f"`gateway retention apply {run.id}` brings it to its end",
            )
        gone = replace(run, state=WITHDRAWN, done_at=context.clock.now())
        retention.update_run(connection, gone, run.state)
        audit.append(connection, [entry(context, "retention-withdrawn", gone, _facts(gone), why)])
    return gone


def demand_plan(run: Run) -> None:
    """Let a run pass whose plan is byte for byte the one that its digest was made of."""
    if plan_digest(run.plan) != run.plan_sha256:
        raise ActionRefused(
            "The plan is not the one that was put on record",
            where=run.id,
            hint="Somebody has changed the ledger: `gateway verify` says more. Withdraw the run",
        )


def _demand_state(run: Run, wanted: tuple[str, ...], word: str) -> None:
    if run.state not in wanted:
        raise ActionRefused(f"Retention run {run.id} is {run.state}; it cannot be {word}", where=run.id)


def _facts(run: Run) -> dict[str, Any]:
    totals = run.plan["totals"]
    return {
        "state": run.state,
        "plan_sha256": run.plan_sha256,
        "planned_by": run.planned_by,
        "approved_by": run.approved_by,
        "files": totals["files"],
        "bytes": totals["bytes"],
    }


def entry(
    context: Context, action: str, run: Run, new: Mapping[str, Any], reason: str | None = None
) -> AuditEntry:
    """Return the audit entry for something done to a run now."""
    return AuditEntry(
        at=context.clock.now(),
        actor=context.actor,
        action=action,
        object_type="retention",
        object_id=run.id,
        new=new,
        reason=reason,
        versions=context.versions,
    )
