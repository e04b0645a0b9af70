"""A corrected file: a new transfer, linked to the failed one, with what was changed on record."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from gateway.custody import copies, look, names, syncs
from gateway.errors import ActionRefused, FormatError, GatewayError, LedgerError
from gateway.formats.definition import Version
from gateway.ledger import attempts, audit, retention, transfers
from gateway.ledger.engine import Connection
from gateway.ledger.ids import new_id
from gateway.model import Attempt, Evidence, State, Transfer
from gateway.operations.demands import demand_reason, route_of
from gateway.operations.field_diff import FieldDiff, field_diff
from gateway.printable import printable
from gateway.stages.context import Context, Move, record_moves
from gateway.stages.correction_copies import PREFIX
from gateway.stages.recall import CORRECTION


def correct(
    context: Context, failed: Transfer, corrected: Path, reason: str | None
) -> tuple[Transfer, FieldDiff | None]:
    """Register ``corrected`` as the successor of ``failed``; the next pass takes it.

    The operator's file is copied and left alone. Returns the new transfer and the field
    difference (None where the failed file's format is not known). Raises ReasonMissing, or
    CustodyError where the file cannot be read or copied.
    """
    why = demand_reason(reason)
    if failed.state is not State.FAILED:
        raise ActionRefused(
            f"{failed.name} is {failed.state.value}; only failed files are corrected", where=failed.id
        )
    route_of(context, failed.route)
    with context.ledger.read() as connection:
        retention.demand_kept(connection, [failed])
    difference = compare(context, failed, corrected)
    child = _copy_in(context, failed, corrected, why)
    facts = {
        "child": child.id,
        "child_sha256": child.sha256,
        "difference": difference.to_dict() if difference else None,
    }
    parent = Move(failed, failed.evolve(superseded_by=child.id), "corrected", why, facts)
    detail = f"corrected: {difference.words()}" if difference else "corrected; fields not compared"
    with _undone(context, child), context.ledger.write() as connection:
        _demand_uncorrected(connection, failed)
        transfers.insert(connection, [child])
        attempts.insert(
            connection, [Attempt(child.id, 1, context.actor.name, why, child.arrived_at, detail=detail)]
        )
        arrived = {"name": printable(child.name), "source": printable(child.source), "size": child.size}
        audit.append(connection, [context.entry("arrived", child, new=arrived, reason=why)])
        record_moves(context, connection, [parent])
    return child, difference


@contextlib.contextmanager
def _undone(context: Context, child: Transfer) -> Iterator[None]:
    """Take the copy away again where the correction is not recorded: nobody would ever claim it.

    An error does not say that it is not: the answer to a commit may be lost. Where the ledger cannot be
    asked, the copy stays, and a later pass removes it if nobody knows it.
    """
    try:
        yield
    except GatewayError:
        with contextlib.suppress(LedgerError), context.ledger.read() as connection:
            if transfers.get(connection, child.id) is None:
                os.unlink(child.source)
        raise


def _demand_uncorrected(connection: Connection, failed: Transfer) -> None:
    """Refuse what somebody else has corrected or asked for since ``failed`` was read."""
    retention.demand_kept(connection, [failed])
    now = transfers.find(connection, failed.id)
    if now.state is not State.FAILED or now.superseded_by is not None:
        raise ActionRefused(
            f"{failed.name} was corrected or asked for meanwhile", where=failed.id, hint=now.superseded_by
        )


def compare(context: Context, failed: Transfer, corrected: Path) -> FieldDiff | None:
    """Return what ``corrected`` changes; None where the failed file's format is not known."""
    if failed.format_version is None:
        return None
    try:
        definition = context.catalogue.look(failed.message_type, Version.parse(failed.format_version))
    except FormatError:
        return None
    with look.open_regular(context.path_of(failed)) as old, look.open_regular(corrected) as new:
        return field_diff(definition, old, new)


def _copy_in(context: Context, failed: Transfer, corrected: Path, reason: str) -> Transfer:
    """Copy the file durably into replay/, under a hidden name, where the pass claims it from."""
    now = context.clock.now()
    identifier = new_id(now)
    working = names.working_name(identifier, failed.name)
    place = str(context.layout.replay(failed.route) / f"{PREFIX}{working}")
    try:
        sha256, size = copies.copy_new(corrected, place)
        syncs.sync_files([place])
        syncs.sync_directories([os.path.dirname(place)])
    except GatewayError:
        if os.path.lexists(place):
            os.unlink(place)
        raise
    seen = look.sighting(place)
    return Transfer(
        id=identifier,
        route=failed.route,
        partner=failed.partner,
        message_type=failed.message_type,
        name=failed.name,
        state=State.ARRIVED,
        attempt=1,
        size=size,
        sha256=sha256,
        arrived_at=now,
        source=place,
        working_name=working,
        mtime_ns=seen.mtime_ns,
        inode=seen.inode,
        evidence=(Evidence("operator", f"corrected file given by {context.actor.name}"),),
        config_digest=context.site.digest,
        parent=failed.id,
        authorised=CORRECTION,
        reason=reason,
    )
