"""Looking at the source: what is there, what is proved complete, what waits and why.

The scan SHALL list everything in the source on every pass; events only cause passes. What is
complete becomes ARRIVED, the intent to claim it, batch by batch. Everything else SHALL stay visible
with its reason and age; what is gone from the source is forgotten.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.custody.names import working_name
from gateway.errors import (
    AccessDenied,
    FileChanged,
    FileMissing,
    GatewayError,
    NotRegular,
    Overdue,
    RemoteMissing,
    SourceError,
)
from gateway.finding_codes import finding
from gateway.ledger import arrivals, settlements, transfers
from gateway.ledger.ids import new_id
from gateway.model import Arrival, Evidence, Finding, Sighting, State, Transfer
from gateway.printable import printable
from gateway.readers import reader_for
from gateway.readers.base import ENDING_BYTES
from gateway.rules import completeness
from gateway.rules.completeness import Case, Complete, Damaged, Fact, Facts, Need, Outcome, Surroundings
from gateway.rules.ordering import take_order
from gateway.rules.side_files import LARGEST, parse_control_file
from gateway.sources import Source
from gateway.stages.context import Context, Report, Route, in_batches
from gateway.stages.gate import is_of_server
from gateway.stages.origins import reaching, source_of
from gateway.stages.register import demand_room, register
from gateway.stages.taken import not_taken


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a source: its files, their history, and everything around them."""

    source: Source
    cases: dict[str, Case]
    around: Surroundings


def arrive(context: Context, route: Route, report: Report) -> Iterator[list[Transfer]]:
    """Yield batches of new ARRIVED transfers, each committed before it is yielded.

    Raises SourceError where the source cannot be listed, DiskFull where there is no room to take
    anything: it stays where it is then.
    """
    demand_room(context)
    source = source_of(context, route)
    with reaching(context, source.place):
        look = _look(context, route, source)
        outcomes = {name: _assess(context, route, look, case) for name, case in look.cases.items()}
    outcomes = completeness.share_companions(outcomes, look.around)
    _remember(context, route, look, outcomes, report)
    intended = _intended(context, route)
    found = (
        _transfer(context, route, look, name, outcome)
        for name, outcome in outcomes.items()
        if isinstance(outcome, Complete | Damaged)
        and _entry(look.source.location(name), look.cases[name].sighting) not in intended
    )
    limits = context.site.limits
    for batch in in_batches(found, limits.batch_files, limits.batch_bytes):
        demand_room(context, coming=0 if source.place is None else sum(row.size for row in batch))
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


def _look(context: Context, route: Route, source: Source) -> _Look:
    now, monotonic, boot_id = context.clock.now(), context.clock.monotonic(), context.clock.boot_id()
    found = not_taken(context, route, source, source.look())
    sightings = take_order(found, _name_pattern(context, route))
    with context.ledger.read() as connection:
        earlier = {one.name: one for one in arrivals.waiting(connection, route.name)}
    history = {
        seen.name: completeness.look_again(earlier.get(seen.name), seen, monotonic, boot_id, now, route.name)
        for seen in sightings
    }
    around = _surroundings(context, route, source, sightings, history)
    cases = {
        seen.name: Case(route.completeness, seen, history[seen.name], around, Facts(), monotonic)
        for seen in sightings
    }
    return _Look(source, cases, around)


def _name_pattern(context: Context, route: Route) -> str | None:
    """Return the pattern that finds a control number in a name, for the order of taking."""
    if route.name_pattern:
        return route.name_pattern
    usable = context.catalogue.usable(route.message_type)
    return usable[0].file_name if usable else None


def _surroundings(
    context: Context,
    route: Route,
    source: Source,
    sightings: Sequence[Sighting],
    history: Mapping[str, Arrival],
) -> Surroundings:
    policy = route.completeness
    controls = {}
    for name in completeness.control_names(policy, sightings):
        try:
            text = source.read_small(name, LARGEST + 1).decode("utf-8", "surrogateescape")
        except SourceError as error:
            if is_of_server(error):
                raise
            continue  # gone or unreadable now: it is looked at again with the next pass
        controls[name] = parse_control_file(text, policy.control_file)
    taken: set[str] = set()
    with context.ledger.read() as connection:
        for name, control in controls.items():
            listed = [line.name for line in control.lines]
            taken |= settlements.names_taken(connection, route.name, listed, history[name].first_seen_at)
    return Surroundings.of(policy, route.source.pattern, sightings, controls, history, taken)


def _assess(context: Context, route: Route, look: _Look, case: Case) -> Outcome:
    """Read what the decision needs, as long as it needs something, then decide."""
    try:
        while wanted := completeness.needs(case):
            facts = case.facts
            for need in wanted:
                facts = _read(context, route, look, facts, need)
            case = dataclasses.replace(case, facts=facts)
        return completeness.assess(case)
    except (FileChanged, FileMissing, RemoteMissing):
        return completeness.assess(case)  # it waits for what was not read: the next pass sees what is there
    except SourceError as error:
        if is_of_server(error):
            raise
        return completeness.Refused(finding("F902", str(error)))


def _read(context: Context, route: Route, look: _Look, facts: Facts, need: Need) -> Facts:
    source = look.source
    if need.fact is Fact.CHECKSUM_TEXT:
        text = source.read_small(need.name, LARGEST + 1).decode("utf-8", "surrogateescape")
        return dataclasses.replace(facts, checksum_text=text)
    if need.fact is Fact.DIGEST:
        digest = source.digest(look.cases[need.name].sighting, need.algorithm)
        return dataclasses.replace(facts, digests={**facts.digests, need.algorithm: digest})
    tail = source.tail(need.name, ENDING_BYTES)
    usable = context.catalogue.usable(route.message_type)
    return dataclasses.replace(facts, ending=any(reader_for(one.kind).ending(one, tail) for one in usable))


def _remember(
    context: Context, route: Route, look: _Look, outcomes: Mapping[str, Outcome], report: Report
) -> None:
    """Keep what waits with its reason; forget what is taken now or gone."""
    kept = []
    for name, outcome in outcomes.items():
        if isinstance(outcome, Complete | Damaged):
            continue
        code, reason = _reason(outcome)
        kept.append(dataclasses.replace(look.cases[name].arrival, reason_code=code, reason=reason))
        if isinstance(outcome, completeness.Waiting) and outcome.overdue:
            report.problem(Overdue(reason, where=look.source.location(printable(name))), name=name)
        elif isinstance(outcome, completeness.Refused):
            report.problem(_refusal(outcome.finding, look.source.location(printable(name))), name=name)
    present = {one.name for one in kept}
    report.waiting += len(present - _companions_of(outcomes.values()))
    with context.ledger.read() as connection:
        before = {one.name: one for one in arrivals.waiting(connection, route.name)}
    gone = set(before) - present
    if gone or kept:
        with context.ledger.write() as connection:
            arrivals.remove(connection, route.name, gone)
            arrivals.save(connection, kept)


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


def _transfer(
    context: Context, route: Route, look: _Look, name: str, outcome: Complete | Damaged
) -> Transfer:
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
