"""Held files: who waits for what, and freeing one by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import ActionRefused
from gateway.ledger import audit, streams, transfers
from gateway.ledger.engine import Connection
from gateway.model import State, Transfer
from gateway.operations.demands import demand_reason, route_of
from gateway.rules import sequence
from gateway.rules.sequence import SequencePolicy
from gateway.rules.streams import Gap, StreamState
from gateway.stages.context import Context
from gateway.stages.keeping import keep_stream


@dataclass(frozen=True, slots=True)
class Hold:
    """A held file, the missing numbers it waits for, and since when.

    Nothing to wait for means that it goes with the next pass.
    """

    transfer: Transfer
    waiting_for: tuple[Gap, ...]
    since: datetime


def held(context: Context) -> list[Hold]:
    """Return every held file in order of arrival, also those of routes that are no longer configured."""
    policies = {route.name: route.sequence for route in context.site.routes}
    with context.ledger.read() as connection:
        rows = transfers.search(connection, states=(State.HELD,), limit=None)
        saved = streams.load_many(connection, {row.stream for row in rows if row.stream})
    states = {name: StreamState.from_dict(data) for name, data in saved.items()}
    return [_hold(row, policies.get(row.route), states.get(row.stream or "")) for row in reversed(rows)]


def _hold(row: Transfer, policy: SequencePolicy | None, state: StreamState | None) -> Hold:
    own = [one for one in state.held if one.transfer == row.id] if state else []
    since = own[0].since if own else row.changed_at or row.arrived_at
    if policy is None or state is None or not own:
        return Hold(row, (), since)
    # what freeing it would give up is what it waits for, and nothing that came after it
    return Hold(row, sequence.free(policy, state, row.id).waived, since)


def release_by_hand(context: Context, texts: Sequence[str], reason: str | None) -> list[Transfer]:
    """Let held files go before their predecessors came; the next pass delivers them.

    Raises ReasonMissing without a reason, ActionRefused for a transfer that is not held.
    """
    why = demand_reason(reason)
    with context.ledger.write() as connection:
        named = [transfers.find(connection, text) for text in texts]
        freed = list({row.id: row for row in named}.values())
        for row in freed:
            if row.state is not State.HELD or row.settle_as is not None:
                state = "about to fail" if row.state is State.HELD else row.state.value
                raise ActionRefused(f"{row.name} is {state}, not held", where=row.id)
            _free(context, connection, row, why)
    return freed


def _free(context: Context, connection: Connection, row: Transfer, why: str) -> None:
    """Give up what the file waits for; the next pass lets it go, with what waited behind it."""
    policy = route_of(context, row.route).sequence
    name = row.stream or ""
    before = StreamState.from_dict(streams.load(connection, name) or {})
    given_up = sequence.free(policy, before, row.id)
    sender = row.sender or row.partner
    keep_stream(context, connection, name, given_up.state.to_dict(), route=row.route, sender=sender)
    facts = {"given_up": [str(gap) for gap in given_up.waived]}
    audit.append(
        connection, [context.entry("hold-released", row, old={"state": "held"}, new=facts, reason=why)]
    )
