"""Transfers whose disposition is decided are moved to their place, with manifest and report.

The plan (disposition, path, time) SHALL be committed before a file moves; the state changes only
after file, manifest and directories are synced. Run again after a crash, the stage SHALL reach the
same end: the same names, the same manifest bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.custody import names
from gateway.custody import settle as custody
from gateway.custody.layout import manifest_of
from gateway.custody.layout import report_of as report_path
from gateway.custody.manifest import build_manifest, manifest_bytes
from gateway.custody.reopen import fetch_back
from gateway.errors import CustodyError, FileChanged, FileMissing, GatewayError, NameTaken, OutsideSite
from gateway.ledger import attempts, deliveries, settlements, transfers
from gateway.model import Attempt, Delivery, Disposition, State, Transfer
from gateway.stages.context import Context, Move, Report, Route, in_batches, is_archived, record_moves
from gateway.validation.report import report_text

_STATE = {
    Disposition.PROCESSED: State.PROCESSED,
    Disposition.FAILED: State.FAILED,
    Disposition.DUPLICATE: State.DUPLICATE,
}


def plan_settlement(
    context: Context, transfer: Transfer, disposition: Disposition, taken: set[str] | None = None
) -> Transfer:
    """Return ``transfer`` with disposition, path and time of its settlement; nothing moves yet.

    ``taken`` holds the paths planned in the same batch, of companions too; the new ones are added.
    """
    now = context.clock.now()
    if disposition is not Disposition.PROCESSED:
        transfer = transfer.evolve(output=None)  # nothing of it was delivered, so nothing of it is kept
    target = transfer.settled_path
    if not is_archived(transfer):
        name = names.archive_name(transfer.name)
        target = _place(context, transfer, disposition, name, now)
        wanted = _wanted(context, transfer, target)
        site = os.fspath(context.site.directory)
        if not wanted.isdisjoint(taken or ()) or any(os.path.lexists(f"{site}/{one}") for one in wanted):
            # One mark for all: the companions keep their own names only where the file does.
            target = _place(context, transfer, disposition, names.numbered(name, transfer.id), now)
            wanted = _wanted(context, transfer, target)
        if taken is not None:
            taken |= wanted
    assert target is not None  # noqa: S101 - an archived transfer has its path
    return transfer.evolve(settle_as=disposition, settled_path=target, settled_at=now)


def _wanted(context: Context, transfer: Transfer, target: str) -> set[str]:
    """Return every path that a transfer settled at ``target`` needs, its papers' included."""
    beside = (os.fspath(one.target) for one in companion_moves(context, transfer, target))
    return {target, str(manifest_of(target)), str(report_path(target)), *beside}


def _place(context: Context, transfer: Transfer, disposition: Disposition, name: str, now: datetime) -> str:
    """Return the settled path of ``name`` relative to the site."""
    day = context.day(now)
    if disposition is Disposition.PROCESSED:
        directory = context.layout.processed(transfer.route, day)
    elif disposition is Disposition.DUPLICATE:
        directory = context.layout.duplicates(transfer.route, day)
    else:
        directory = context.layout.failed(transfer.route)
    return context.layout.relative(f"{directory}/{name}")


def settle(context: Context, route: Route, report: Report) -> None:
    """Carry out every planned settlement of the route."""
    with context.ledger.read() as connection:
        planned = [row for row in settlements.settling(connection, route.name) if row.id not in report.stuck]
    limits = context.site.limits
    for batch in in_batches(planned, limits.batch_files, limits.batch_bytes):
        _settle_batch(context, _inside(context, batch, report), report)


def _amend(context: Context, row: Transfer, item: custody.SettleItem, error: GatewayError) -> None:
    """Do what lets the next try at a settlement succeed, where something can be done."""
    if isinstance(error, FileChanged):
        _take_back(context, row)
    elif isinstance(error, NameTaken) and not is_archived(row):
        if os.path.lexists(item.working) or fetch_back(item, [item.target]):
            _replan(context, row)
    elif isinstance(error, FileMissing) and not is_archived(row):
        _find(context, row, item)


def _find(context: Context, row: Transfer, item: custody.SettleItem) -> None:
    """Look for the file under its first name: it was numbered after it had been moved there."""
    assert row.settled_path is not None  # noqa: S101 - planned
    first = os.path.join(os.path.dirname(row.settled_path), names.archive_name(row.name))
    with context.ledger.read() as connection:
        others = {one.settled_path for one in settlements.settling(connection, row.route)}
    if first not in others:
        fetch_back(item, [context.site.directory / first])


def _replan(context: Context, row: Transfer) -> None:
    """The planned name was taken meanwhile: choose the numbered one and commit it."""
    assert row.settle_as is not None and row.settled_path is not None  # noqa: S101, PT018 - planned
    directory, name = os.path.split(row.settled_path)
    other = row.evolve(settled_path=os.path.join(directory, names.numbered(name, row.id)))
    with context.ledger.write() as connection:
        transfers.update(connection, [other], expected=row.state)


def _take_back(context: Context, row: Transfer) -> None:
    """Somebody still writes to the file: give the plan up, so that the next pass examines it anew.

    Not once it was accepted: then what was delivered is not what lies here, and people must look.
    """
    if row.state is State.CLAIMED and os.path.lexists(context.working_path(row)):
        anew = row.evolve(settle_as=None, settled_path=None, settled_at=None, sha256=None)
        with context.ledger.write() as connection:
            transfers.update(connection, [anew], expected=State.CLAIMED)


def _inside(context: Context, batch: Sequence[Transfer], report: Report) -> list[Transfer]:
    """Return the transfers whose place is in the site; a link that leads out of it is reported."""
    refused: dict[str, OutsideSite] = {}
    for directory in {os.path.dirname(row.settled_path or "") for row in batch}:
        try:
            context.layout.absolute(directory)
        except OutsideSite as error:
            refused[directory] = error
    for row in batch:
        refusal = refused.get(os.path.dirname(row.settled_path or ""))
        if refusal is not None:
            report.problem(refusal, row)
    return [row for row in batch if os.path.dirname(row.settled_path or "") not in refused]


def _settle_batch(context: Context, batch: Sequence[Transfer], report: Report) -> None:
    with context.ledger.read() as connection:
        tried = attempts.of(connection, [row.id for row in batch])
        sent = deliveries.of(connection, [row.id for row in batch])
    manifests = {
        row.id: _manifest(context, row, tried.get(row.id, []), sent.get(row.id, [])) for row in batch
    }
    items = [_item(context, row, manifests[row.id]) for row in batch]
    results = custody.settle(items)
    for row, item, result in zip(batch, items, results, strict=True):
        if result is not None:
            report.problem(result, row)
            try:
                _amend(context, row, item, result)
            except CustodyError as error:
                report.problem(error, row)
    done = [row for row, result in zip(batch, results, strict=True) if result is None]
    report.note(_close(context, done, manifests, tried))


def _item(context: Context, row: Transfer, manifest: bytes) -> custody.SettleItem:
    """Return what custody has to do for one planned transfer."""
    target = str(context.site.directory / (row.settled_path or ""))
    in_place = is_archived(row)
    return custody.SettleItem(
        transfer=row.id,
        working=target if in_place else context.working_path(row),
        target=target,
        sha256=row.sha256 or "",
        mtime_ns=None if in_place else row.mtime_ns,
        manifest=manifest,
        companions=() if in_place else companion_moves(context, row, target),
        report=_report(row),
        day_list=None if row.settle_as is Disposition.FAILED else os.path.dirname(target),
        discard=None if in_place or row.output else context.working_output(row),
    )


def companion_moves(context: Context, row: Transfer, target: str) -> tuple[custody.CompanionMove, ...]:
    """Return the way of each companion, and of the output, from working to the side of its settled file."""
    directory, settled = os.path.split(target)
    output = row.output
    made = () if output is None else ((context.working_output(row), output.name, output.sha256),)
    came = ((context.companion_path(row, one), one.name, one.sha256) for one in row.companions)
    return tuple(
        custody.CompanionMove(
            working, os.path.join(directory, names.companion_name(settled, row.id, row.name, name)), sha256
        )
        for working, name, sha256 in (*came, *made)
    )


def _report(row: Transfer) -> str | None:
    """Return the report to lay beside the file; only failed ones get one."""
    return report_of(row) if row.settle_as is Disposition.FAILED else None


def report_of(row: Transfer) -> str:
    """Return the report on a transfer as it is laid beside a failed file."""
    facts = {
        "transfer": row.id,
        "route": row.route,
        "partner": row.partner,
        "format": f"{row.message_type} {row.format_version or '(version unknown)'}",
        "reason": row.reason or "",
    }
    return report_text(row.name, row.findings or {}, facts)


def _manifest(context: Context, row: Transfer, tried: Sequence[Attempt], sent: Sequence[Delivery]) -> bytes:
    """Return the manifest's bytes; only committed facts go in, so a second run writes the same."""
    assert row.settle_as is not None  # noqa: S101 - only planned transfers come here
    ended = [one if one.ended_at else _ended(one, row) for one in tried]
    final = row.evolve(state=_STATE[row.settle_as])
    return manifest_bytes(
        build_manifest(
            final,
            ended,
            sent,
            site=context.site.name,
            time_zone=context.site.time_zone,
            report=_report(row),
        )
    )


def _ended(attempt: Attempt, row: Transfer) -> Attempt:
    """Return the attempt with its end; what was noted when it began (what a correction changed) stays."""
    assert row.settle_as is not None  # noqa: S101 - only planned transfers come here
    why = row.reason if row.reason != attempt.reason else None
    detail = "; ".join(text for text in (attempt.detail, why) if text)
    return dataclasses.replace(
        attempt, ended_at=row.settled_at, outcome=row.settle_as.value, detail=detail or None
    )


def _close(
    context: Context,
    done: Sequence[Transfer],
    manifests: Mapping[str, bytes],
    tried: Mapping[str, Sequence[Attempt]],
) -> list[Transfer]:
    """Commit the final states; from here on the ledger says what the directories show."""
    if not done:
        return []
    moves = []
    for row in done:
        assert row.settle_as is not None  # noqa: S101 - only planned transfers come here
        after = row.evolve(
            state=_STATE[row.settle_as], manifest_sha256=hashlib.sha256(manifests[row.id]).hexdigest()
        )
        detail = {
            "path": after.settled_path,
            "sha256": after.sha256,
            "manifest_sha256": after.manifest_sha256,
        }
        moves.append(Move(row, after, row.settle_as.value, reason=row.reason, detail=detail))
    with context.ledger.write() as connection:
        rows = record_moves(context, connection, moves)
        running = [one for row in rows for one in tried.get(row.id, ()) if one.number == row.attempt]
        owners = {row.id: row for row in rows}
        attempts.end(connection, [_ended(one, owners[one.transfer]) for one in running])
    return rows
