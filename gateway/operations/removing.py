"""Carrying out an approved removal: what was planned goes, what has changed since stays and is reported.

The intent to remove a file is committed before its tombstone is written, and that it is gone after the
directories are synced. So a run that was killed is brought to its end by the same call.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.custody import removal as custody
from gateway.custody.layout import manifest_of, report_of
from gateway.custody.look import exists
from gateway.custody.manifest import read_manifest
from gateway.custody.removal import RemovalItem
from gateway.custody.said import read_file
from gateway.custody.tombstone import Authority, parts_of, tombstone_bytes
from gateway.errors import ActionRefused, GatewayError, ManifestInvalid
from gateway.ledger import audit, retention, transfers
from gateway.ledger.engine import Connection
from gateway.ledger.retention import APPROVED, DONE, Removal, Run
from gateway.model import State, Transfer
from gateway.operations.retention import arrived_on, demand_plan, entry, weight
from gateway.rules.retention import why_changed, why_kept
from gateway.stages.context import Context

_BATCH = 100
#: Files that stay which are listed; their number is exact whatever the cap.
LISTED = 1000


@dataclass(slots=True)
class Applied:
    """What became of a run: exact counts, capped lists."""

    run: Run
    removed: int = 0  #: by the whole run, in this call and before
    bytes: int = 0
    unfinished: int = 0  #: begun, and something is in the way: apply it again
    left_total: int = 0
    left: list[tuple[str, str, str]] = field(default_factory=list)  #: transfer, path, why; the first of them

    def leave(self, transfer: str, path: str, why: str) -> None:
        """Note a file that stays, and why."""
        self.left_total += 1
        if len(self.left) < LISTED:
            self.left.append((transfer, path, why))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file that may go: its row, what stands or will stand in the ledger, and what custody does."""

    row: Transfer
    removal: Removal
    item: RemovalItem


def apply(
    context: Context, text: str, progress: Callable[[int, int], None] = lambda _n, _of: None
) -> Applied:
    """Remove the files of the approved run ``text``; ``progress`` is told how many of all were looked at.

    Raises ActionRefused where the run is not approved, or its plan is not the one that was.
    """
    with context.ledger.read() as connection:
        run = retention.find_run(connection, text)
        _demand_approved(connection, run)
    done = Applied(run)
    files = run.plan["files"]
    for start in range(0, len(files), _BATCH):
        _apply_batch(context, run, files[start : start + _BATCH], done)
        progress(min(start + _BATCH, len(files)), len(files))
    return _close(context, done)


def _demand_approved(connection: Connection, run: Run) -> None:
    """Let a run pass that is approved in the trail too, with the very plan that it has."""
    if run.state != APPROVED or run.approved_by is None:
        raise ActionRefused(
            f"Retention run {run.id} is {run.state}, not approved",
            where=run.id,
            hint="Another person approves it: `gateway retention approve`"
            if run.state == "planned"
            else None,
        )
    demand_plan(run)
    said = audit.read(connection, object_id=run.id, action="retention-approved", limit=1)
    facts = (said[0].entry.new or {}) if said else {}
    if (facts.get("plan_sha256"), facts.get("approved_by")) != (run.plan_sha256, run.approved_by):
        raise ActionRefused(
            "The audit trail does not tell that this plan was approved",
            where=run.id,
            hint="Somebody has changed the ledger: `gateway verify` says more",
        )


def _apply_batch(context: Context, run: Run, files: Sequence[Mapping[str, Any]], done: Applied) -> None:
    with context.ledger.read() as connection:
        ready = list(_ready(context, connection, run, files, done))
    ready = [one for one in ready if _is_whole(one, done)]
    with context.ledger.write() as connection:
        ready = _begin(context, connection, run, ready, done)
    results = custody.remove([one.item for one in ready])
    gone = []
    for one, error in zip(ready, results, strict=True):
        if error is None:
            gone.append(one.removal)
        else:
            done.leave(one.row.id, one.removal.path, f"begun, and not done: {error}")
    with context.ledger.write() as connection:
        ended = retention.end(connection, gone, context.clock.now())
        rows = {one.row.id: one.row for one in ready}
        audit.append(
            connection,
            [
                context.entry("removed", rows[one.transfer], new=_facts(one), reason=run.reason)
                for one in ended
            ],
        )


def _ready(
    context: Context, connection: Connection, run: Run, files: Sequence[Mapping[str, Any]], done: Applied
) -> Iterator[_Ready]:
    """Yield the files that may go and are not gone; note why others stay."""
    ids = [one["transfer"] for one in files]
    rows, begun = transfers.get_many(connection, ids), retention.removals(connection, ids)
    for one in files:
        key, path = one["transfer"], one["path"]
        removal = begun.get(key)
        if removal is not None and removal.run == run.id and removal.removed_at is not None:
            continue
        why = _why_left(context, run, one, rows.get(key), removal)
        if why is not None:
            done.leave(key, path, why)
            continue
        try:
            yield _prepared(context, run, rows[key], removal)
        except GatewayError as error:
            done.leave(key, path, str(error))


def _why_left(
    context: Context, run: Run, planned: Mapping[str, Any], row: Transfer | None, removal: Removal | None
) -> str | None:
    """Return why a planned file must stay; one that this run has begun with is not asked again."""
    if row is None:
        return "the ledger does not know it any more"
    if removal is not None:
        return None if removal.run == run.id else f"retention run {removal.run} removes it"
    changed = why_changed((planned["path"], planned["sha256"], planned["manifest_sha256"]), row)
    kept = why_kept(context.site.retention, row, arrived_on(context, row), context.clock.now())
    return changed if row.state.value == planned["disposition"] and changed else kept


def _prepared(context: Context, run: Run, row: Transfer, removal: Removal | None) -> _Ready:
    """Return everything that the removal of a file takes; the same bytes however often it is tried."""
    assert row.settled_path is not None  # noqa: S101 - it is settled
    settled = os.path.join(context.layout.absolute(os.path.dirname(row.settled_path)),
                           os.path.basename(row.settled_path))  # fmt: skip
    data = read_file(manifest_of(settled))
    if hashlib.sha256(data).hexdigest() != row.manifest_sha256:
        raise ManifestInvalid("The manifest is not the one on record", where=row.settled_path)
    manifest = read_manifest(data)
    if "report" not in manifest and exists(report_of(settled)):
        raise ManifestInvalid("The manifest does not name the report beside it", where=row.settled_path)
    begun_at = removal.begun_at if removal else context.clock.now()
    begun_by = removal.begun_by if removal else context.actor.name
    tombstone = tombstone_bytes(manifest, row.manifest_sha256, _authority(run, begun_at, begun_by))
    sha256 = hashlib.sha256(tombstone).hexdigest()
    if removal is not None and removal.tombstone_sha256 != sha256:
        raise ManifestInvalid("The tombstone is not the one on record", where=row.settled_path)
    new = Removal(
        row.id,
        run.id,
        row.settled_path,
        row.sha256,
        row.manifest_sha256,
        sha256,
        weight(row),
        begun_at,
        begun_by,
    )
    day_list = None if row.state is State.FAILED else os.path.dirname(settled)
    item = RemovalItem(settled, tuple(parts_of(manifest)), tombstone, day_list)
    return _Ready(row, removal or new, item)


def _authority(run: Run, begun_at: Any, begun_by: str) -> Authority:
    assert run.approved_at and run.approved_by and run.approval_reason  # noqa: S101, PT018 - it is approved
    return Authority(
        run.id,
        run.plan_sha256,
        run.planned_at,
        run.planned_by,
        run.reason,
        run.approved_at,
        run.approved_by,
        run.approval_reason,
        begun_at,
        begun_by,
    )


def _is_whole(one: _Ready, done: Applied) -> bool:
    """Return whether all bytes are what the manifest says: asked before anything is put on record."""
    try:
        custody.demand_whole(one.item)
    except GatewayError as error:
        done.leave(one.row.id, one.removal.path, str(error))
        return False
    return True


def _begin(
    context: Context, connection: Connection, run: Run, ready: Sequence[_Ready], done: Applied
) -> list[_Ready]:
    """Commit the intent; what somebody has asked for or removed since it was looked at stays."""
    ids = [one.row.id for one in ready]
    rows, begun = transfers.get_many(connection, ids), retention.removals(connection, ids)
    chosen, new = [], []
    for one in ready:
        removal = begun.get(one.row.id)
        if removal is None and rows.get(one.row.id) != one.row:
            done.leave(one.row.id, one.removal.path, "somebody has asked for it meanwhile")
        elif removal is not None and (removal.run, removal.tombstone_sha256) != (
            run.id,
            one.removal.tombstone_sha256,
        ):
            done.leave(one.row.id, one.removal.path, f"retention run {removal.run} removes it")
        else:
            chosen.append(one)
            new += [one.removal] if removal is None else []
    retention.begin(connection, new)
    by_id = {one.row.id: one.row for one in chosen}
    entries = [
        context.entry("removal-begun", by_id[one.transfer], new=_facts(one), reason=run.reason) for one in new
    ]
    audit.append(connection, entries)
    return chosen


def _facts(removal: Removal) -> dict[str, Any]:
    return {
        "run": removal.run,
        "path": removal.path,
        "sha256": removal.sha256,
        "manifest_sha256": removal.manifest_sha256,
        "tombstone_sha256": removal.tombstone_sha256,
    }


def _close(context: Context, done: Applied) -> Applied:
    """Note the end of the run, unless something that was begun is not done."""
    run = done.run
    with context.ledger.write() as connection:
        done.removed, done.bytes, done.unfinished = retention.of_run(connection, run.id)
        if done.unfinished:
            return done
        ended = replace(run, state=DONE, done_at=context.clock.now())
        retention.update_run(connection, ended, APPROVED)
        facts = {
            "state": DONE,
            "plan_sha256": run.plan_sha256,
            "removed": done.removed,
            "bytes": done.bytes,
            "left": done.left_total,
            "listed": [{"transfer": key, "why": why} for key, _path, why in done.left],
        }
        audit.append(connection, [entry(context, "retention-applied", ended, facts, run.reason)])
        done.run = ended
    return done
