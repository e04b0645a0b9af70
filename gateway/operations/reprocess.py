"""Reprocess and replay: a new attempt at a failed, set-aside or processed transfer, with a reason."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import ActionRefused
from gateway.ledger import retention, transfers
from gateway.ledger.engine import Connection
from gateway.model import State, Transfer
from gateway.operations.demands import demand_reason, route_of
from gateway.printable import printable
from gateway.stages.context import Context, Report, Route
from gateway.stages.examine import Examined, examine
from gateway.stages.judge import Rehearsal, rehearse
from gateway.stages.recall import ask_again
from gateway.stages.rewrite import rewrite

#: What an operator may allow for one reprocess: finding code -> the word used on the command line.
ALLOWANCES = {
    "resend": "F701",
    "conflict": "F702",
    "copy": "F703",
    "record-duplicate": "F704",
    "late": "F801",
    "overtaken": "F804",
    "repeated": "F807",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which failed transfers are meant; every given limit must hold."""

    ids: tuple[str, ...] = ()
    code: str | None = None
    route: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a reprocess would do now, without doing it."""

    transfer: Transfer
    outcome: str  #: the state it would go to
    verdict: str | None
    findings: int
    explanation: str
    releases: tuple[str, ...] = ()  #: names of the held files of its stream that go then too


def select(context: Context, selection: Selection) -> list[Transfer]:
    """Return the transfers to reprocess in order of arrival.

    Raises ActionRefused for an id that is unknown, ambiguous, or not failed or set aside.
    """
    with context.ledger.read() as connection:
        if selection.ids:
            named = {row.id: row for row in (_named(connection, text) for text in selection.ids)}
            return [named[key] for key in sorted(named)]
        found = transfers.search(
            connection,
            route=selection.route,
            states=(State.FAILED,),
            code=selection.code,
            since=selection.since,
            until=selection.until,
            superseded=False,
            limit=None,
        )
    return found[::-1]


def _named(connection: Connection, text: str) -> Transfer:
    row = transfers.find(connection, text)
    if row.state not in (State.FAILED, State.DUPLICATE):
        raise ActionRefused(
            f"{row.name} is {row.state.value}; only failed and set-aside files are reprocessed",
            where=row.id,
            hint="A processed file is delivered again with `gateway replay`"
            if row.state is State.PROCESSED
            else None,
        )
    if row.superseded_by is not None:
        raise ActionRefused(
            f"{row.name} was corrected already", where=row.id, hint=f"See {row.superseded_by}"
        )
    return row


def forecast(context: Context, rows: Sequence[Transfer], allow: Sequence[str] = ()) -> list[Forecast]:
    """Read and judge ``rows`` as a pass would now, and take everything back.

    Raises ActionRefused for a word that cannot be allowed, or a file that was removed.
    """
    demand_allowed(allow)
    with context.ledger.read() as connection:
        retention.demand_kept(connection, rows)
    forecasts = []
    for name in dict.fromkeys(row.route for row in rows):
        route = route_of(context, name)
        # what the last attempt planned is over, as it is for the pass that takes the file back
        own = [
            row.evolve(authorised=_authorised(allow), reason=None, settle_as=None)
            for row in rows
            if row.route == name
        ]
        report = Report(name)
        examined = _as_mapped(context, route, examine(context, route, own, report), report)
        forecasts += _forecasts(rehearse(context, route, examined))
        forecasts += [
            Forecast(_by_id(rows, one.transfer), "unknown", None, 0, str(one.error))
            for one in report.problems
        ]
    return forecasts


def _as_mapped(
    context: Context, route: Route, examined: Sequence[Examined], report: Report
) -> list[Examined]:
    """Rewrite the files as the route would, to see whether they can be; what is made is thrown away."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as place:
        return rewrite(context, route, examined, report, lambda row: os.path.join(place, row.id))


def _by_id(rows: Sequence[Transfer], wanted: str | None) -> Transfer:
    return next(row for row in rows if row.id == wanted)


def _forecasts(rehearsal: Rehearsal) -> list[Forecast]:
    """Return what becomes of each file; one that is held and freed by the others goes with them."""
    asked = {move.after.id for move in rehearsal.moves}
    freed = {row.id for rows in rehearsal.freed.values() for row in rows}
    forecasts = []
    for move in rehearsal.moves:
        after = move.after
        if after.state is State.HELD and after.id in freed:
            after = after.evolve(state=State.DELIVERING, reason=None)
        goes = after.settle_as is None and after.state is State.DELIVERING
        others = [row for row in rehearsal.freed.get(after.stream or "", ()) if row.id not in asked]
        forecasts.append(_forecast(after, tuple(printable(row.name) for row in others if goes)))
    return forecasts


def _forecast(after: Transfer, releases: tuple[str, ...]) -> Forecast:
    outcome = after.settle_as.value if after.settle_as else after.state.value
    found = after.findings or {}
    why = after.reason or "in order and new"
    if releases:
        why += f"; held files of its stream go then: {', '.join(releases)}"
    return Forecast(after, outcome, after.verdict, int(found.get("errors", 0)), why, releases)


def demand_allowed(words: Sequence[str]) -> None:
    """Let words pass that an operator can allow; raises ActionRefused for any other."""
    if unknown := [word for word in words if word not in ALLOWANCES]:
        raise ActionRefused(f"{unknown[0]!r} cannot be allowed", hint=f"Possible: {', '.join(ALLOWANCES)}")


def _authorised(allow: Sequence[str]) -> str:
    return "+".join(["reprocess", *(ALLOWANCES[word] for word in allow)])


def reprocess(
    context: Context, rows: Sequence[Transfer], reason: str | None, allow: Sequence[str] = ()
) -> list[Transfer]:
    """Ask for a new attempt at each of ``rows``; the next pass takes them.

    Raises ReasonMissing without a reason, ActionRefused for a word that cannot be allowed.
    """
    why = demand_reason(reason)
    demand_allowed(allow)
    _demand_routes(context, rows)
    return ask_again(context, rows, _authorised(allow), why)


def replay(context: Context, texts: Sequence[str], reason: str | None) -> list[Transfer]:
    """Ask for the processed transfers named by ``texts`` to be delivered again, from the archive."""
    why = demand_reason(reason)
    with context.ledger.read() as connection:
        named = {row.id: row for row in (transfers.find(connection, text) for text in texts)}
    rows = [named[key] for key in sorted(named)]
    for row in rows:
        if row.state is not State.PROCESSED:
            raise ActionRefused(
                f"{row.name} is {row.state.value}; only processed files are replayed", where=row.id
            )
    _demand_routes(context, rows)
    return ask_again(context, rows, "replay", why)


def _demand_routes(context: Context, rows: Sequence[Transfer]) -> None:
    for name in {row.route for row in rows}:
        route_of(context, name)
