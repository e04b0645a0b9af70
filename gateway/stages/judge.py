"""Examined files are judged: findings, duplicates, sequence; one transaction per batch.

The stage SHALL decide in one place what becomes of each file, in the order of the batch, each file
seeing the ones accepted before it in the same batch. It SHALL commit the decision, the record
keys, the stream states and the deliveries to come together with their audit entries.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.ledger import deliveries, record_keys, streams, transfers
from gateway.ledger.engine import Connection
from gateway.ledger.ids import earliest
from gateway.model import Disposition, Finding, Severity, State, Transfer
from gateway.printable import printable
from gateway.rules import duplicates, sequence
from gateway.rules.duplicates import Action, Known, Verdict
from gateway.rules.sequence import Decision, Fate, SequencePolicy, StreamState
from gateway.stages.context import Context, Move, Report, Route, allowed, record_moves, stream_of
from gateway.stages.deliver import new_deliveries
from gateway.stages.examine import Examined
from gateway.stages.keeping import keep_stream
from gateway.stages.record_memory import RecordMemory
from gateway.stages.settle import plan_settlement

if TYPE_CHECKING:
    from gateway.validation.keys import RecordKey

#: Codes of the duplicate verdicts that an operator can allow.
_DUPLICATES = ("F701", "F702", "F703", "F704")


@dataclass(slots=True)
class _Bench:
    """What the judgements of one batch share; later files see what earlier ones changed."""

    context: Context
    route: Route
    connection: Connection
    earlier: dict[int, list[Known]]
    records: RecordMemory
    accepted: list[Known] = field(default_factory=list)
    streams: dict[str, StreamState] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of one file: a state to go to, or a disposition to settle as."""

    state: State | None = None
    settle: Disposition | None = None
    verdict: str | None = None
    reason_code: str | None = None
    reason: str | None = None


def judge(context: Context, route: Route, batch: Sequence[Examined], report: Report) -> list[Transfer]:
    """Decide on every file of the batch, commit the decisions, and return the transfers."""
    if not batch:
        return []
    with context.ledger.write() as connection:
        bench = _bench(context, route, connection, batch)
        moves = [_decide(bench, number, one) for number, one in enumerate(batch)]
        bench.records.write()
        rows = record_moves(context, connection, moves)
        for name, state in bench.streams.items():
            sender = name.partition("/")[2]
            keep_stream(context, connection, name, state.to_dict(), route=route.name, sender=sender)
        accepted = [row for row in rows if row.state is State.DELIVERING]
        deliveries.insert(connection, [one for row in accepted for one in new_deliveries(route, row)])
    close_spools(batch)
    report.note([row for row in rows if row.state is State.HELD])
    return rows


class _TakenBack(Exception):
    """Ends the transaction of a rehearsal without a trace."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What `judge` and the release after it would do now."""

    moves: list[Move]
    freed: dict[str, list[Transfer]]  #: held files that go then, by stream, in their order


def rehearse(context: Context, route: Route, batch: Sequence[Examined]) -> Rehearsal:
    """Return the decisions that `judge` would take now; the ledger stays as it is."""
    moves: list[Move] = []
    freed: dict[str, list[Transfer]] = {}
    try:
        with context.ledger.write() as connection:
            bench = _bench(context, route, connection, batch)
            moves.extend(_decide(bench, number, one) for number, one in enumerate(batch))
            own = {move.after.id: move.after for move in moves}
            for name, state in bench.streams.items():
                going = [one.transfer for one in sequence.release(route.sequence, state).held]
                rows = {**transfers.get_many(connection, going), **own}
                freed[name] = [rows[one] for one in going]
            raise _TakenBack
    except _TakenBack:
        return Rehearsal(moves, freed)
    finally:
        close_spools(batch)


def close_spools(batch: Sequence[Examined]) -> None:
    """Give back what the record keys of the batch take; to do so again changes nothing."""
    for one in batch:
        if one.keys is not None:
            one.keys.close()


def _bench(context: Context, route: Route, connection: Connection, batch: Sequence[Examined]) -> _Bench:
    oldest = earliest(context.clock.now() - timedelta(days=route.duplicates.retention_days))
    identities = [one.identity for one in batch]
    found = transfers.known(connection, route.name, identities, oldest, context.ledger.seen_bytes)
    earlier = {index: [_known(route, row) for row in rows] for index, rows in found.items()}
    records = RecordMemory(connection, route.name, oldest)
    records.prepare(one.keys for one in batch if one.keys is not None)
    return _Bench(context, route, connection, earlier, records)


def _known(route: Route, row: transfers.Known) -> Known:
    return Known(row.id, row.name, row.sha256 or "", row.interchange_key, elsewhere=row.route != route.name)


def _decide(bench: _Bench, number: int, one: Examined) -> Move:
    """Decide in one place what becomes of a file: duplicate first, then findings, then sequence."""
    fate = (
        _as_empty(bench, one)
        or _as_duplicate(bench, number, one)
        or _as_faulty(one)
        or _by_records(bench, one)
        or _by_sequence(bench, one)
    )
    after = one.transfer.evolve(
        verdict=fate.verdict,
        findings=one.findings.summary(),
        reason_code=fate.reason_code,
        reason=fate.reason or one.transfer.reason,
        stream=stream_of(bench.route, one.transfer),
        config_digest=bench.context.site.digest,
    )
    if fate.settle is not None:
        after = plan_settlement(bench.context, after, fate.settle, bench.taken)
        return Move(one.transfer, after, f"judged-{fate.settle.value}", fate.reason, _facts(one))
    assert fate.state is not None  # noqa: S101 - a fate is one or the other
    _remember(bench, one, after)
    if fate.state is State.HELD:
        seconds = bench.route.sequence.hold_seconds
        after = after.evolve(held_until=bench.context.clock.now() + timedelta(seconds=seconds))
    return Move(one.transfer, after.evolve(state=fate.state), _word(fate.state), fate.reason, _facts(one))


def _word(state: State) -> str:
    return {State.HELD: "held", State.DELIVERING: "accepted"}[state]


def _facts(one: Examined) -> dict[str, object]:
    """What the audit trail keeps of an examination."""
    row = one.transfer
    mapped = {} if row.output is None else {"mapped": dataclasses.asdict(row.output)}
    return {
        **mapped,
        "sha256": row.sha256,
        "size": row.size,
        "format": f"{row.message_type} {row.format_version}" if row.format_version else None,
        "format_digest": row.format_digest,
        "records": row.records,
        "control_number": row.control_number,
        "errors": one.findings.errors,
        "warnings": one.findings.warnings,
    }


def _as_empty(bench: _Bench, one: Examined) -> _Fate | None:
    """Zero bytes have a rule of their own: fail, archive without delivery, or deliver.

    The rule excuses the emptiness alone: what else is wrong with the file stays wrong.
    """
    action = bench.route.empty_file
    if one.transfer.size or action is Action.FAIL:
        return None
    found = one.findings.listed()
    one.findings = Findings()
    for each in found:
        excused = each.code == "F101"
        one.findings.add(dataclasses.replace(each, severity=Severity.WARNING) if excused else each)
    if action is Action.NOTE or one.findings.errors:
        return None
    return _Fate(settle=Disposition.PROCESSED, reason_code="F101", reason="empty; archived without delivery")


def _as_duplicate(bench: _Bench, number: int, one: Examined) -> _Fate | None:
    """A file accepted before is a duplicate whatever else is wrong with it."""
    known = [*bench.earlier.get(number, ()), *bench.accepted]
    lineage = {one.transfer.id, one.transfer.parent or ""}
    judgement = duplicates.judge(one.identity, known, lineage)
    action = duplicates.action(bench.route.duplicates, judgement.verdict)
    if action is None:
        return None
    found = duplicates.explain(judgement)
    if allowed(one.transfer, found.code):
        one.findings.add(dataclasses.replace(found, severity=Severity.WARNING))
        return None
    return _act(one, action, judgement.verdict, [found], 1)


def _act(
    one: Examined, action: Action, verdict: Verdict, found: Sequence[Finding], total: int
) -> _Fate | None:
    """Fail, set aside, or note and go on, as the route says for this verdict."""
    noted = action is not Action.FAIL
    severity = Severity.WARNING if noted else Severity.ERROR
    one.findings.extend([dataclasses.replace(each, severity=severity) for each in found], total)
    if action is Action.NOTE:
        return None
    settle = Disposition.DUPLICATE if action is Action.SET_ASIDE else Disposition.FAILED
    return _Fate(settle=settle, verdict=verdict.value, reason_code=found[0].code, reason=found[0].message)


def _as_faulty(one: Examined) -> _Fate | None:
    first = one.findings.headline()
    if first is None:
        return None
    more = f" (and {one.findings.errors - 1} more)" if one.findings.errors > 1 else ""
    return _Fate(settle=Disposition.FAILED, reason_code=first.code, reason=f"{first.message}{more}")


def _by_records(bench: _Bench, one: Examined) -> _Fate | None:
    """Look every record key up among those accepted before, then keep this file's own."""
    if one.keys is None or not len(one.keys) or _is_noted(one):
        return None
    room = bench.context.site.limits.listed_per_rule
    listed: list[tuple[RecordKey, record_keys.FirstSeen]] = []
    total = 0
    for pair in bench.records.repeated(one.keys):
        total += 1
        if len(listed) < room:
            listed.append(pair)
    if not total:
        return None
    found = _repeated(bench.connection, listed)
    if allowed(one.transfer, "F704"):
        one.findings.extend([dataclasses.replace(each, severity=Severity.WARNING) for each in found], total)
        return None
    return _act(one, bench.route.duplicates.record_duplicate, Verdict.RECORD_DUPLICATE, found, total)


def _repeated(
    connection: Connection, repeated: Sequence[tuple[RecordKey, record_keys.FirstSeen]]
) -> list[Finding]:
    """Say of each repeated record where it was seen first."""
    owners = transfers.get_many(connection, {first.transfer for _key, first in repeated})
    found = []
    for key, first in repeated:
        shown = key.key.replace("\x1f", " / ")
        name = printable(owners[first.transfer].name) if first.transfer in owners else "a file"
        line = f", line {first.line}" if first.line else ""
        message = (
            f"{shown} was accepted before: {name}, record {first.record}{line}, transfer {first.transfer}."
        )
        found.append(
            finding(
                "F704", message, record_type=key.record_type, record=key.record, line=key.line, value=shown
            )
        )
    return found


def _by_sequence(bench: _Bench, one: Examined) -> _Fate:
    """Last, its place in the stream."""
    policy = bench.route.sequence
    name = stream_of(bench.route, one.transfer)
    if name is None or (not one.transfer.size and one.transfer.control_number is None):
        # an empty file that the route accepts has no number to be in order by
        return _Fate(state=State.DELIVERING)
    decision = _judge_number(bench, name, policy, one)
    if decision.finding is not None:
        one.findings.add(decision.finding)
    if decision.fate is Fate.FAIL:
        assert decision.finding is not None  # noqa: S101 - a failing decision says why
        return _Fate(
            settle=Disposition.FAILED, reason_code=decision.finding.code, reason=decision.finding.message
        )
    bench.streams[name] = decision.state
    if decision.fate is Fate.HOLD:
        return _Fate(state=State.HELD, reason=f"waits for {decision.waiting_for}")
    return _Fate(state=State.DELIVERING, reason=decision.finding.message if decision.finding else None)


def _judge_number(bench: _Bench, name: str, policy: SequencePolicy, one: Examined) -> Decision:
    if name not in bench.streams:
        bench.streams[name] = StreamState.from_dict(streams.load(bench.connection, name) or {})
    state, now, row = bench.streams[name], bench.context.clock.now(), one.transfer
    decision = sequence.judge(policy, state, row.control_number, row.previous_number, now, row.id)
    if decision.finding is not None and _is_excused(one, decision.finding.code):
        return sequence.judge_authorised(policy, state, row.control_number, row.previous_number, now, row.id)
    return decision


def _is_excused(one: Examined, code: str) -> bool:
    """An operator allowed this finding; or the file is a duplicate that may go, with its number again."""
    if allowed(one.transfer, code):
        return True
    return code == "F807" and (_is_noted(one) or any(allowed(one.transfer, each) for each in _DUPLICATES))


def _is_noted(one: Examined) -> bool:
    """Return whether the file repeats another one and goes on all the same."""
    return any(key[0] in ("F701", "F703") for key in one.findings.totals)


def _remember(bench: _Bench, one: Examined, row: Transfer) -> None:
    """Later files of this batch, and of all days to come, are compared with this one."""
    bench.accepted.append(duplicates.known(row, one.identity))
    if one.keys is not None:
        bench.records.remember(one.keys, row.id)
