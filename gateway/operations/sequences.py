"""Streams of control numbers: what is expected, what is missing, and what an operator decides of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import ActionRefused
from gateway.ledger import audit, streams
from gateway.ledger.engine import Connection
from gateway.model import AuditEntry
from gateway.operations.demands import demand_reason, route_of
from gateway.rules import sequence
from gateway.rules.sequence import SequencePolicy
from gateway.rules.streams import Gap, StreamState, Waiver
from gateway.stages.context import Context, Route
from gateway.stages.keeping import keep_stream


@dataclass(frozen=True, slots=True)
class StreamView:
    """One stream as people ask for it."""

    stream: str
    route: str
    model: str
    order: str
    last: str | None
    expected: str | None
    gaps: tuple[Gap, ...]
    held: tuple[str, ...]


def overview(context: Context) -> list[StreamView]:
    """Return every stream of the site; those of routes that are no longer configured have no policy."""
    known = {route.name: route for route in context.site.routes}
    with context.ledger.read() as connection:
        rows = streams.every(connection)
    return [_view(row.stream, row.route, known.get(row.route), row.state) for row in rows]


def _view(stream: str, name: str, route: Route | None, data: Mapping[str, Any]) -> StreamView:
    state = StreamState.from_dict(data)
    policy = route.sequence if route else SequencePolicy()
    return StreamView(
        stream=stream,
        route=name,
        model=policy.model.value,
        order=policy.order.value,
        last=state.last,
        expected=sequence.expected(policy, state),
        gaps=sequence.gaps(policy, state),
        held=tuple(one.number for one in state.held),
    )


def waive(context: Context, stream: str, first: str, last: str, reason: str | None) -> tuple[Gap, ...]:
    """Give up the numbers from ``first`` to ``last``; what waited for them goes with the next pass.

    Raises ReasonMissing, or ActionRefused where nothing of this is missing.
    """

    def change(route: Route, state: StreamState) -> Waiver:
        return sequence.waive(route.sequence, state, first, last, context.clock.now())

    return _change(context, stream, change, "sequence-waived", {"first": first, "last": last}, reason)


def reset(context: Context, stream: str, to: str, reason: str | None) -> tuple[Gap, ...]:
    """Begin the stream anew: ``to`` is expected next; returns the gaps that are given up.

    Raises ReasonMissing, or ActionRefused where the model has no numbers to expect.
    """

    def change(route: Route, state: StreamState) -> Waiver:
        return sequence.reset(route.sequence, state, to)

    return _change(context, stream, change, "sequence-reset", {"to": to}, reason)


def _change(
    context: Context,
    stream: str,
    change: Callable[[Route, StreamState], Waiver],
    action: str,
    facts: dict[str, str],
    reason: str | None,
) -> tuple[Gap, ...]:
    why = demand_reason(reason)
    with context.ledger.write() as connection:
        row, route = _stream(context, connection, stream)
        before = StreamState.from_dict(row.state)
        try:
            changed = change(route, before)
        except ValueError as error:
            raise ActionRefused(str(error), where=row.stream) from error
        if changed.state == before:
            raise ActionRefused(
                "Nothing of this is missing or expected", where=row.stream, hint=_hint(route, before)
            )
        state = changed.state.to_dict()
        keep_stream(context, connection, row.stream, state, route=row.route, sender=row.sender)
        entry = AuditEntry(
            at=context.clock.now(),
            actor=context.actor,
            action=action,
            object_type="stream",
            object_id=row.stream,
            old=before.to_dict(),
            new={**changed.state.to_dict(), "asked": facts},
            reason=why,
            versions=context.versions,
        )
        audit.append(connection, [entry])
    return changed.waived


def _hint(route: Route, state: StreamState) -> str:
    gaps = ", ".join(str(gap) for gap in sequence.gaps(route.sequence, state)) or "nothing"
    return f"Missing: {gaps}; expected next: {sequence.expected(route.sequence, state) or 'any'}"


def _stream(context: Context, connection: Connection, text: str) -> tuple[streams.StreamRow, Route]:
    """Return the stream called ``text``, or the only stream of the route of that name."""
    rows = [row for row in streams.every(connection) if text in (row.stream, row.route)]
    if len(rows) != 1:
        names = ", ".join(row.stream for row in (rows or streams.every(connection))) or "none yet"
        raise ActionRefused(
            f"{text!r} names {'more than one stream' if rows else 'no stream'}", hint=f"Streams: {names}"
        )
    return rows[0], route_of(context, rows[0].route)
