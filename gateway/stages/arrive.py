"""Looking at the source: what is there, what is proved complete, what waits and why.

The scan SHALL list everything in the source on every pass; events only cause passes. What is
complete becomes ARRIVED, the intent to claim it, batch by batch. Everything else SHALL stay visible
with its reason and age; what is gone from the source is forgotten.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from gateway.custody.names import working_name
from gateway.errors import AccessDenied, GatewayError, NotRegular, Overdue
from gateway.ledger import arrivals, transfers
from gateway.ledger.ids import new_id
from gateway.model import Evidence, Finding, Sighting, State, Transfer
from gateway.printable import printable
from gateway.rules import completeness
from gateway.rules.completeness import Complete, Damaged, Outcome
from gateway.stages.context import Context, Report, Route, in_batches
from gateway.stages.looking import Look, assess_all, look_at
from gateway.stages.origins import clear_spool, reaching, source_of
from gateway.stages.register import demand_room, register


def arrive(context: Context, route: Route, report: Report) -> Iterator[list[Transfer]]:
    """Yield batches of new ARRIVED transfers, each committed before it is yielded.

    Raises SourceError where the source cannot be listed, DiskFull where there is no room to take
    anything: it stays where it is then.
    """
    while True:
        demand_room(context)
        source = source_of(context, route)
        with reaching(context, source.place):
            look = look_at(context, route, source)
            outcomes = assess_all(context, route, look)
        has_taken = False
        for batch in _batches(context, route, look, outcomes, report):
            has_taken = True
            yield batch
        # what was put off had to be fetched to be judged, and there is room now where others were taken
        if not look.put_off or not has_taken or context.stopping():
            return
        report.waiting = 0


def _batches(
    context: Context, route: Route, look: Look, outcomes: dict[str, Outcome], report: Report
) -> Iterator[list[Transfer]]:
    outcomes = completeness.share_companions(outcomes, look.around)
    _remember(context, route, look, outcomes, report)
    intended = _intended(context, route)
    clear_spool(context, route, look.source, [case.sighting for case in look.cases.values()], report)
    found = (
        _transfer(context, route, look, name, outcome)
        for name, outcome in outcomes.items()
        if isinstance(outcome, Complete | Damaged)
        and _entry(look.source.location(name), look.cases[name].sighting) not in intended
    )
    limits = context.site.limits
    for batch in in_batches(found, limits.batch_files, limits.batch_bytes):
        coming = look.source.bytes_to_come([look.cases[row.name].sighting for row in batch])
        demand_room(context, coming)
        with context.ledger.write() as connection:
            register(context, connection, batch)
            # from here on the files belong to transfers, not to arrivals
            arrivals.remove(connection, route.name, [row.name for row in batch])
        yield batch


def _intended(context: Context, route: Route) -> set[tuple[str, int, int, int]]:
    """Return the entries that earlier passes meant to claim and could not: they have their transfers."""
    with context.ledger.read() as connection:
        rows = transfers.in_states(connection, route.name, (State.ARRIVED,))
    return {(row.source, row.size, row.mtime_ns, row.inode) for row in rows}


def _entry(location: str, seen: Sighting) -> tuple[str, int, int, int]:
    return location, seen.size, seen.mtime_ns, seen.inode


def _remember(
    context: Context, route: Route, look: Look, outcomes: Mapping[str, Outcome], report: Report
) -> None:
    """Keep what waits with its reason; forget what is taken now or gone."""
    kept, stands = [], set[str]()
    told = {one.name for one in report.problems if one.transfer is None}  # by an earlier look of this pass
    for name, outcome in outcomes.items():
        if isinstance(outcome, Complete | Damaged):
            continue
        code, reason = _reason(outcome)
        kept.append(dataclasses.replace(look.cases[name].arrival, reason_code=code, reason=reason))
        if isinstance(outcome, completeness.Waiting) and outcome.stands:
            stands.add(name)
        if name in told:
            continue
        if isinstance(outcome, completeness.Waiting) and outcome.overdue:
            report.problem(Overdue(reason, where=look.source.location(printable(name))), name=name)
        elif isinstance(outcome, completeness.Refused):
            report.problem(_refusal(outcome.finding, look.source.location(printable(name))), name=name)
    present = {one.name for one in kept}
    report.waiting += len(present - _companions_of(outcomes.values())) + len(look.standing)
    gone = look.before - present - look.standing
    if gone or kept or look.standing:
        with context.ledger.write() as connection:
            arrivals.remove(connection, route.name, gone)
            arrivals.save(connection, kept, stands, context.site.digest)
            if look.standing:
                arrivals.note_look(connection, route.name, look.at)


def _refusal(found: Finding, where: str) -> GatewayError:
    kind = NotRegular if found.code == "F901" else AccessDenied
    return kind(f"{found.code} {found.message}", where=where, hint=found.hint)


def _companions_of(outcomes: Iterable[Outcome]) -> set[str]:
    """Return the side files that go along with what is taken now: they do not wait."""
    taken = (one for one in outcomes if isinstance(one, Complete | Damaged))
    return {companion.name for one in taken for companion in one.companions}


def _reason(outcome: Outcome) -> tuple[str, str]:
    if isinstance(outcome, completeness.Waiting):
        return outcome.code, outcome.reason
    if isinstance(outcome, completeness.Refused):
        return outcome.finding.code, outcome.finding.message
    if isinstance(outcome, completeness.SideFile):
        return "F903", f"{outcome.role.value} of {', '.join(printable(name) for name in outcome.of[:5])}"
    return "F903", "complete"


def _transfer(context: Context, route: Route, look: Look, name: str, outcome: Complete | Damaged) -> Transfer:
    seen = look.cases[name].sighting
    now = context.clock.now()
    identifier = new_id(now)
    if isinstance(outcome, Complete):
        evidence = outcome.evidence
    else:
        # what was stated is wrong and stays wrong: the examination makes a finding of it
        evidence = (Evidence("contradicted", outcome.finding.message, {"code": outcome.finding.code}),)
    return Transfer(
        id=identifier,
        route=route.name,
        partner=route.partner,
        message_type=route.message_type,
        name=name,
        state=State.ARRIVED,
        attempt=1,
        size=seen.size,
        arrived_at=now,
        source=look.source.location(name),
        working_name=working_name(identifier, name),
        mtime_ns=seen.mtime_ns,
        inode=seen.inode,
        evidence=evidence,
        companions=outcome.companions,
        config_digest=context.site.digest,
    )
