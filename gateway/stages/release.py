"""HELD files go when their predecessors have come or were waived, or when their deadline says so.

The stage SHALL release in stream order. A file whose deadline passed SHALL stay held and be reported,
or fail with F803, as the route says; that is decided at the end of a pass, because the predecessor
may be among the files that the pass takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import HoldExpired
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.ledger import deliveries, record_keys, streams, transfers
from gateway.ledger.engine import Connection
from gateway.model import Disposition, State, Transfer
from gateway.printable import printable
from gateway.rules import sequence
from gateway.rules.sequence import Expired, Release, StreamState
from gateway.stages.context import Context, Move, Report, Route, record_moves
from gateway.stages.deliver import new_deliveries
from gateway.stages.keeping import keep_stream
from gateway.stages.settle import plan_settlement


def release(context: Context, route: Route, _report: Report) -> None:
    """Free what may go."""
    with context.ledger.read() as connection:
        ready = _ready(route, connection)
    if not ready:
        return
    with context.ledger.write() as connection:
        # an operator may have decided something between the look and the lock
        for name, freed in _ready(route, connection).items():
            rows = transfers.get_many(connection, [one.transfer for one in freed.held])
            held = {key: row for key, row in rows.items() if row.state is State.HELD}
            _let_go(
                context, route, connection, [held[one.transfer] for one in freed.held if one.transfer in held]
            )
            _save(context, connection, route, name, freed.state)


def _ready(route: Route, connection: Connection) -> dict[str, Release]:
    """Return the streams of the route of which something may go, and what."""
    saved = streams.load_many(connection, transfers.streams_held(connection, route.name))
    released = {
        name: sequence.release(route.sequence, StreamState.from_dict(data)) for name, data in saved.items()
    }
    return {name: freed for name, freed in released.items() if freed.held}


def _load(connection: Connection, name: str) -> StreamState:
    return StreamState.from_dict(streams.load(connection, name) or {})


def _save(context: Context, connection: Connection, route: Route, name: str, state: StreamState) -> None:
    sender = name.partition("/")[2]
    keep_stream(context, connection, name, state.to_dict(), route=route.name, sender=sender)


def _let_go(context: Context, route: Route, connection: Connection, rows: list[Transfer]) -> None:
    moves = [
        Move(row, row.evolve(state=State.DELIVERING, held_until=None, reason=None), "released")
        for row in rows
    ]
    for row in record_moves(context, connection, moves):
        deliveries.insert(connection, new_deliveries(route, row))


def expire(context: Context, route: Route, report: Report) -> None:
    """Report, or plan to fail, what is still held beyond its deadline."""
    now = context.clock.now()
    with context.ledger.read() as connection:
        rows = transfers.in_states(connection, route.name, (State.HELD,))
    overdue = [row for row in rows if row.stream and row.held_until and row.held_until <= now]
    if not overdue:
        return
    decide = _alert if route.sequence.expired is Expired.ALERT else _fail
    with context.ledger.write() as connection:
        for name in dict.fromkeys(row.stream or "" for row in overdue):
            state = _load(connection, name)
            free = {one.transfer for one in sequence.release(route.sequence, state).held}
            late = [row for row in overdue if row.stream == name and row.id not in free]
            _save(context, connection, route, name, decide(context, connection, route, state, late, report))


def _alert(
    _context: Context,
    _connection: Connection,
    route: Route,
    state: StreamState,
    rows: Sequence[Transfer],
    report: Report,
) -> StreamState:
    for row in rows:
        report.problem(
            HoldExpired(
                f"{printable(row.name)} waits for {_awaited(route, state, row)} beyond its deadline",
                hint="Find the file or waive it",
            ),
            row,
        )
    return state


def _fail(
    context: Context,
    connection: Connection,
    route: Route,
    state: StreamState,
    rows: Sequence[Transfer],
    _report: Report,
) -> StreamState:
    """Plan the failure of ``rows``; return the state that awaits their numbers again."""
    moves = []
    taken: set[str] = set()
    for row in rows:
        why = f"{_awaited(route, state, row)} did not come before the deadline"
        state = sequence.withdraw(route.sequence, state, row.id, context.clock.now())
        record_keys.remove(connection, row.id)  # it is no longer accepted: its correction repeats nothing
        findings = Findings.from_summary(row.findings or {})
        findings.add(finding("F803", why, value=row.control_number))
        failed = row.evolve(findings=findings.summary(), reason_code="F803", reason=why, held_until=None)
        after = plan_settlement(context, failed, Disposition.FAILED, taken)
        moves.append(Move(row, after, "hold-expired", why))
    record_moves(context, connection, moves)
    return state


def _awaited(route: Route, state: StreamState, row: Transfer) -> str:
    """Return in words what freeing the held file would give up: that is what it waits for."""
    return ", ".join(str(gap) for gap in sequence.free(route.sequence, state, row.id).waived)
