"""Copies of corrected files that nobody will ever claim: what a killed command left in `replay/`.

A correction (`gateway reprocess` with `--corrected`) first makes its copy durable and then records
it. Killed between the two, it has recorded nothing and told nobody that the correction is taken;
the operator has the file and asks again, which makes another copy. The first one SHALL go, after a
time in which no command can still be at work on it, and the audit trail says so before.
"""

from __future__ import annotations

import os
from datetime import timedelta

from gateway.custody import look
from gateway.custody.copies import hash_file
from gateway.custody.refusals import refusing
from gateway.errors import GatewayError
from gateway.ledger import audit, transfers
from gateway.ledger.ids import earliest, is_id
from gateway.model import AuditEntry
from gateway.printable import printable
from gateway.stages.context import Context, Report, Route

#: How the name of such a copy begins; then come the id of the new transfer and the file's name.
PREFIX = ".corrected-"
_ID_LENGTH = 26
#: A command that copies is through by then, or dead.
_LONGEST = timedelta(days=1)


def remove_abandoned(context: Context, route: Route, report: Report) -> None:
    """Remove the copies in the route's `replay/` that no transfer knows and that are a day old.

    One that cannot be removed, or of which that cannot be recorded, stays and is reported.
    """
    directory = str(context.layout.replay(route.name))
    before = earliest(context.clock.now() - _LONGEST)
    names = {_id_of(one.name): one.name for one in look.look(directory) if one.name.startswith(PREFIX)}
    old = [identifier for identifier in names if is_id(identifier) and identifier < before]
    if not old:
        return
    with context.ledger.read() as connection:
        known = transfers.get_many(connection, old)
    for identifier in old:
        if identifier not in known:
            try:
                _remove(context, route, os.path.join(directory, names[identifier]))
            except GatewayError as error:
                report.problem(error)


def _id_of(name: str) -> str:
    return name.removeprefix(PREFIX)[:_ID_LENGTH]


def _remove(context: Context, route: Route, path: str) -> None:
    sha256, size = hash_file(path)
    entry = AuditEntry(
        at=context.clock.now(),
        actor=context.actor,
        action="correction-abandoned",
        object_type="route",
        object_id=route.name,
        old={"name": printable(os.path.basename(path)), "sha256": sha256, "size": size},
        new=None,
        reason="the command that copied it ended before it had recorded it",
        versions=context.versions,
    )
    with context.ledger.write() as connection:
        audit.append(connection, [entry])
    with refusing("remove", path):
        os.unlink(path)
