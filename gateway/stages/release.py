"""HELD files go when their predecessors have come or were waived, or when their deadline says so.

The stage SHALL release in stream order. A file whose deadline passed SHALL stay held and be reported,
or fail with F803, as the route says.
"""

from __future__ import annotations

from gateway.errors import HoldExpired
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.ledger import deliveries, record_keys, streams, transfers
from gateway.ledger.engine import Connection
from gateway.model import Disposition, State, Transfer
from gateway.rules import sequence
from gateway.rules.sequence import Expired, StreamState
from gateway.stages.context import Context, Move, Report, Route, record_moves
from gateway.stages.deliver import new_deliveries
from gateway.stages.settle import plan_settlement


def release(context: Context, route: Route, report: Report) -> None:
    """Free what may go; fail or report what waited too long."""
    with context.ledger.read() as connection:
        if not transfers.in_states(connection, route.name, (State.HELD,), limit=1):
            return
    with context.ledger.write() as connection:
        held = {row.id: row for row in transfers.in_states(connection, route.name, (State.HELD,))}
        for name in dict.fromkeys(row.stream for row in held.values() if row.stream):
            state = StreamState.from_dict(streams.load(connection, name) or {})
            state = _expire(context, route, connection, state, held, report)
            freed = sequence.release(route.sequence, state)
            _let_go(
                context, route, connection, [held[one.transfer] for one in freed.held if one.transfer in held]
            )
            streams.save(
                connection,
                name,
                freed.state.to_dict(),
                route=route.name,
                sender=name.partition("/")[2],
                now=context.clock.now(),
            )


def _let_go(context: Context, route: Route, connection: Connection, rows: list[Transfer]) -> None:
    moves = [
        Move(row, row.evolve(state=State.DELIVERING, held_until=None, reason=None), "released")
        for row in rows
    ]
    for row in record_moves(context, connection, moves):
        deliveries.insert(connection, new_deliveries(route, row))


def _expire(
    context: Context,
    route: Route,
    connection: Connection,
    state: StreamState,
    held: dict[str, Transfer],
    report: Report,
) -> StreamState:
    """Return ``state`` without the files that failed because their deadline passed."""
    now = context.clock.now()
    for one in state.held:
        row = held.get(one.transfer)
        if row is None or row.held_until is None or row.held_until > now:
            continue
        gaps = ", ".join(str(gap) for gap in sequence.gaps(route.sequence, state))
        if route.sequence.expired is Expired.ALERT:
            error = HoldExpired(
                f"{row.name} waits for {gaps} beyond its deadline", hint="Find the file or waive it"
            )
            report.problem(error, row)
            continue
        state = sequence.withdraw(route.sequence, state, one.transfer, now)
        _fail(context, connection, row, f"{gaps} did not come before the deadline")
    return state


def _fail(context: Context, connection: Connection, row: Transfer, why: str) -> None:
    findings = Findings.from_summary(row.findings or {})
    findings.add(finding("F803", why, value=row.control_number))
    failed = row.evolve(findings=findings.summary(), reason_code="F803", reason=why, held_until=None)
    record_keys.remove(connection, row.id)  # it is no longer accepted: its correction repeats nothing
    record_moves(
        context,
        connection,
        [Move(row, plan_settlement(context, failed, Disposition.FAILED), "hold-expired", why)],
    )
