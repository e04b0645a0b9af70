"""Held files: who waits for what, and freeing one by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import ActionRefused
from gateway.ledger import audit, streams, transfers
from gateway.ledger.engine import Connection
from gateway.model import State, Transfer
from gateway.operations.reprocess import demand_reason
from gateway.rules import sequence
from gateway.rules.streams import StreamState
from gateway.stages.context import Context


@dataclass(frozen=True, slots=True)
class Hold:
    """A held file and the numbers it waits for."""

    transfer: Transfer
    waiting_for: tuple[str, ...]


def held(context: Context) -> list[Hold]:
    """Return every held file in order of arrival."""
    rows: list[Hold] = []
    with context.ledger.read() as connection:
        for route in context.site.routes:
            for row in transfers.in_states(connection, route.name, (State.HELD,)):
                state = StreamState.from_dict(streams.load(connection, row.stream or "") or {})
                missing = tuple(str(gap) for gap in sequence.gaps(route.sequence, state))
                rows.append(Hold(row, missing))
    return rows


def release_by_hand(context: Context, texts: Sequence[str], reason: str | None) -> list[Transfer]:
    """Let held files go before their predecessors came; the next pass delivers them.

    Raises ReasonMissing without a reason, ActionRefused for a transfer that is not held.
    """
    why = demand_reason(reason)
    freed = []
    with context.ledger.write() as connection:
        for text in texts:
            row = transfers.find(connection, text)
            if row.state is not State.HELD:
                raise ActionRefused(f"{row.name} is {row.state.value}, not held", where=row.id)
            _free(context, connection, row, why)
            freed.append(row)
    return freed


def _free(context: Context, connection: Connection, row: Transfer, why: str) -> None:
    """Give up what the file waits for; the next pass lets it go, with what waited behind it."""
    policy = context.site.route(row.route).sequence
    name = row.stream or ""
    before = StreamState.from_dict(streams.load(connection, name) or {})
    given_up = sequence.free(policy, before, row.id)
    streams.save(
        connection,
        name,
        given_up.state.to_dict(),
        route=row.route,
        sender=row.sender or row.partner,
        now=context.clock.now(),
    )
    facts = {"given_up": [str(gap) for gap in given_up.waived]}
    audit.append(
        connection, [context.entry("hold-released", row, old={"state": "held"}, new=facts, reason=why)]
    )
