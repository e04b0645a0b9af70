"""What a restore or rebuild leaves for ever: an audit entry, and a checkpoint that says what is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import GatewayError, SiteBusy
from gateway.ledger import audit, checkpoint
from gateway.ledger.audit_chain import Head
from gateway.ledger.checkpoint import ACTIONS, Restoration
from gateway.ledger.engine import Connection, open_ledger
from gateway.model import AuditEntry
from gateway.operations.ledger_care.at_rest import SiteAtRest, demand_nobody
from gateway.operations.ledger_care.owners import greatest_lease
from gateway.operations.ledger_care.recovery import Recovery
from gateway.printable import printable
from gateway.stages.anchoring import declare
from gateway.stages.context import Context

_TOLD = 200


@dataclass(frozen=True, slots=True)
class Before:
    """How the trail ended that is replaced, as far as that is known."""

    head: Head | None  #: of the ledger that was there, where it can still be read
    anchored: Head | None  #: the newest checkpoint
    token: int = 0  #: the greatest that the ledger that was there has given to an owner

    @property
    def count(self) -> int:
        """The last entry that is known to have been."""
        return max((one.count for one in (self.head, self.anchored) if one is not None), default=0)

    def demand_last(self, connection: Connection) -> None:
        """Raise SiteBusy where somebody wrote into the ledger since, or is there now: a command, say."""
        demand_nobody(connection)
        head = audit.head(connection)
        is_same = head == self.head or (self.head is None and head.count == 0)
        if not is_same or greatest_lease(connection) > self.token:
            raise SiteBusy(
                "Somebody worked with the ledger meanwhile",
                hint="Stop every gateway, give no commands, and call this one again",
            )

    def facts(self) -> dict[str, Any]:
        """Return both ends for the audit trail."""
        return {
            name: {"count": one.count, "hash": one.hash}
            for name, one in (("head_before", self.head), ("checkpoint_before", self.anchored))
            if one is not None
        }


def before(rest: SiteAtRest) -> Before:
    """Return how the trail ended so far; a ledger that cannot be read leaves only its checkpoints."""
    noted = checkpoint.last(str(rest.layout.checkpoints_file))
    anchored = None if noted is None else Head(noted.count, noted.hash)
    head, token = None, 0
    with (
        contextlib.suppress(GatewayError),
        contextlib.closing(open_ledger(rest.url)) as ledger,
        ledger.read() as connection,
    ):
        head = audit.head(connection)
        token = greatest_lease(connection)
    return Before(head, anchored, token)


def put_on_record(
    context: Context,
    kind: str,
    kept: int,
    ended: Before,
    reason: str,
    found: Recovery,
    facts: Mapping[str, Any],
) -> Restoration:
    """Write the entry that begins the trail anew, and then the checkpoint that says the same."""
    restoration = Restoration(kind, kept, max(ended.count, kept), reason)
    entry = AuditEntry(
        at=context.clock.now(),
        actor=context.actor,
        action=ACTIONS[kind],
        object_type="ledger",
        object_id="ledger",
        old=ended.facts() or None,
        new={
            "kept": restoration.kept,
            "lost": restoration.lost,
            **facts,
            **found.facts(),
            "listed": found.troubles[:_TOLD],
        },
        reason=reason,
        versions=context.versions,
    )
    with context.ledger.write() as connection:
        audit.append(connection, [entry])
    declare(context, restoration)
    return restoration


def restorations(context: Context) -> list[str]:
    """Return in words each restore and rebuild that the checkpoints tell of: what the trail lost, why."""
    listed = checkpoint.read(str(context.layout.checkpoints_file)).listed
    return [
        f"On {one.at:%Y-%m-%d %H:%M:%SZ} the ledger was {said.kind} (entry {one.count:,}): {said};"
        f" {printable(said.reason)}"
        for one in listed
        if (said := one.restoration) is not None
    ]
