"""One look at a source: what is there, and what each file is, after reading what must be read.

What is read of remote files is brought near for many of them at once; a file that has to be hashed is
fetched for it, and the claim takes over what was fetched.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.errors import FileChanged, FileMissing, RemoteMissing, SourceError
from gateway.finding_codes import finding
from gateway.ledger import arrivals, settlements
from gateway.model import Arrival, Sighting
from gateway.readers import reader_for
from gateway.readers.base import ENDING_BYTES
from gateway.rules import completeness
from gateway.rules.completeness import Case, Fact, Facts, Need, Outcome, Surroundings
from gateway.rules.ordering import take_order
from gateway.rules.side_files import LARGEST, parse_control_file
from gateway.rules.standing import Standing, concerned, has_markers
from gateway.sources import Source
from gateway.stages.context import Context, Route
from gateway.stages.gate import is_of_server
from gateway.stages.register import demand_room
from gateway.stages.taken import not_taken

#: Batches that are fetched at most to be judged, before the first of them is taken.
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a source: its files, their history, and everything around them."""

    source: Source
    at: datetime
    cases: dict[str, Case]
    around: Surroundings
    before: set[str]  #: names of files that the ledger had waiting
    standing: set[str]  #: names of those that stand as they did, and are not judged again
    put_off: set[str] = field(default_factory=set)  #: files that are judged with the next look


def look_at(context: Context, route: Route, source: Source) -> Look:
    """Look at everything in ``source`` that is not in custody, and count the look."""
    now, monotonic, boot_id = context.clock.now(), context.clock.monotonic(), context.clock.boot_id()
    policy, under = route.completeness, context.site.digest
    normal_since = now - timedelta(seconds=policy.alert_after_seconds)
    with context.ledger.read() as connection:
        standing = Standing(arrivals.standing(connection, route.name, under, normal_since))
        earlier = {one.name: one for one in arrivals.moving(connection, route.name, under, normal_since)}
    before = standing.marks.keys() | earlier.keys()
    seen = list(standing.others(not_taken(context, route, source, source.look(standing))))
    _recall(context, route, earlier, standing.marks.keys() & {one.name for one in seen})

    def again(one: Sighting) -> Arrival:
        return completeness.look_again(earlier.get(one.name), one, monotonic, boot_id, now, route.name)

    history = {one.name: again(one) for one in seen}
    around = _surroundings(context, route, source, seen, history, standing)
    fresh = [name for name, arrival in history.items() if arrival.looks == 1]
    stirred = list(standing.sightings(concerned(policy, fresh, around)))
    _recall(context, route, earlier, {one.name for one in stirred})
    history |= {one.name: again(one) for one in stirred}
    cases = {
        one.name: Case(policy, one, history[one.name], around, Facts(), monotonic)
        for one in take_order([*seen, *stirred], _name_pattern(context, route))
    }
    return Look(source, now, cases, around, before, standing.still - cases.keys())


def _recall(context: Context, route: Route, earlier: dict[str, Arrival], names: Iterable[str]) -> None:
    """Add to ``earlier`` what is known of ``names``."""
    with context.ledger.read() as connection:
        earlier.update({one.name: one for one in arrivals.named(connection, route.name, names)})


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
    standing: Standing,
) -> Surroundings:
    policy = route.completeness
    controls = {}
    names = completeness.control_names(policy, sightings)
    by_name = {seen.name: seen for seen in sightings}
    source.fetch_ahead([by_name[name] for name in names if by_name[name].size <= LARGEST], (), 0)
    for name in names:
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
    names = [one.name for one in sightings]
    # of those that stand only what a side file is about is asked for
    if not has_markers(policy, names):
        about = concerned(policy, names, Surroundings(route.source.pattern, {}, controls))
        sightings = [*sightings, *standing.sightings(about)]
    else:
        sightings = [*sightings, *standing.sightings(standing.still)]
    return Surroundings.of(policy, route.source.pattern, sightings, controls, history, taken)


def assess_all(context: Context, route: Route, look: Look) -> dict[str, Outcome]:
    """Decide about every file, in their order; what must be read is brought near for all at once."""
    outcomes: dict[str, Outcome] = {}
    cases = dict(look.cases)
    while cases:
        wanted = {name: completeness.needs(case) for name, case in cases.items()}
        put_off = _bring_near(context, look, [need for each in wanted.values() for need in each])
        look.put_off.update(put_off)
        for name, needs in wanted.items():
            if not needs or name in put_off:
                outcomes[name] = completeness.assess(cases.pop(name))
                continue
            read = _learn(context, route, look, cases[name], needs)
            if isinstance(read, Case):
                cases[name] = read
            else:
                outcomes[name] = read
                del cases[name]
    return {name: outcomes[name] for name in look.cases}


def _bring_near(context: Context, look: Look, needs: Iterable[Need]) -> set[str]:
    """Let the source fetch what is read next; return the names of files that are put off."""
    texts, ends, whole = set[Sighting](), dict[Sighting, None](), dict[Sighting, None]()
    for need in needs:
        seen = look.around.files.get(need.name)
        if need.fact is Fact.DIGEST and seen is not None:
            whole[seen] = None
        elif need.fact is Fact.CHECKSUM_TEXT and seen is not None and seen.size <= LARGEST:
            texts.add(seen)
        elif need.fact is Fact.ENDING and seen is not None:
            ends[seen] = None
    look.source.announce_tails(list(ends), ENDING_BYTES)
    if not texts and not whole:
        return set()
    most = context.site.limits.batch_bytes * _AHEAD
    ordered = list(whole)
    first, every = look.source.bytes_to_come(ordered[:1]), look.source.bytes_to_come(ordered)
    demand_room(context, coming=max(first, min(most, every)))
    return look.source.fetch_ahead(list(texts), ordered, most)


def _learn(context: Context, route: Route, look: Look, case: Case, needs: Iterable[Need]) -> Case | Outcome:
    """Return the case with the facts that it needs, or what becomes of a file that cannot be read."""
    try:
        facts = case.facts
        for need in needs:
            facts = _read(context, route, look, facts, need)
        return dataclasses.replace(case, facts=facts)
    except (FileChanged, FileMissing, RemoteMissing):
        return completeness.assess(case)  # it waits for what was not read: the next pass sees what is there
    except SourceError as error:
        if is_of_server(error):
            raise
        return completeness.Refused(finding("F902", str(error)))


def _read(context: Context, route: Route, look: Look, facts: Facts, need: Need) -> Facts:
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
