"""Files in work whose ledger is gone or older than they are.

Nobody knows whether such a file was delivered. So it is neither delivered again nor thrown away: its
settlement as failed with F905 is planned, the next pass carries it out, and an operator decides.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.custody import daylist
from gateway.custody.copies import hash_file
from gateway.custody.layout import manifest_of
from gateway.custody.look import exists, look, sighting
from gateway.custody.names import FETCH_PREFIX, TEMPORARY_PREFIX, working_name
from gateway.custody.settle import manifest_owner
from gateway.custody.shared_layout import owned_places
from gateway.errors import CustodyError, GatewayError
from gateway.ledger import rebuilding, record_keys
from gateway.ledger.engine import Connection
from gateway.ledger.ids import is_id, made_at
from gateway.ledger.rebuilding import Rows
from gateway.model import Attempt, Companion, Evidence, State, Transfer
from gateway.operations.ledger_care.recording import put_recovered
from gateway.operations.ledger_care.recovery import Recovery
from gateway.printable import printable
from gateway.rules.lifecycle import SETTLED
from gateway.stages.context import Context
from gateway.stages.recall import CORRECTION
from gateway.stages.uncertain import plan_uncertain

_ID_LENGTH = 26
_CORRECTED = ".corrected-"
_ESCAPE = re.compile(r"((?:~[0-9A-F]{2})+)")


@dataclass(frozen=True, slots=True)
class _InWork:
    """One file in a working directory, and what lies there beside it: role by name."""

    id: str
    name: str
    beside: Mapping[str, str]


def take_work(context: Context, found: Recovery, reason: str) -> None:
    """Let the ledger know every file in the working directories and every correction not taken yet."""
    taken: set[str] = set()
    for route in _directories(str(context.layout.area("working"))):
        _tell_of_others(context, route, found)
        for one in _grouped(context, route, found):
            try:
                _take(context, route, one, found, reason, taken)
            except GatewayError as error:
                found.trouble(f"working/{route}/{printable(one.name)}", str(error))
    for route in _directories(str(context.layout.area("replay"))):
        _take_corrections(context, route, found, reason)


def _directories(area: str) -> list[str]:
    return sorted(one.name for one in look(area) if one.kind == "directory") if exists(area) else []


def _tell_of_others(context: Context, route: str, found: Recovery) -> None:
    """Say which files stand where another owner of the route worked: none, once all is in hand."""
    base = context.layout.area("working") / route
    for place in (os.fspath(base), *owned_places(base)):
        if place == os.fspath(context.layout.working(route)):
            continue
        for one in (each for each in look(place) if each.kind == "file"):
            path = context.layout.relative(os.path.join(place, one.name))
            found.trouble(printable(path), "it stands where another owner of the route worked")


def _grouped(context: Context, route: str, found: Recovery) -> list[_InWork]:
    """Return the files in work of a route, each with what lies beside it."""
    groups: dict[str, list[str]] = {}
    place = context.layout.working(route)
    for name in sorted(one.name for one in look(place) if one.kind == "file"):
        if name.startswith((FETCH_PREFIX, TEMPORARY_PREFIX)):
            continue  # no custody; the next pass clears it away
        if is_id(name[:_ID_LENGTH]) and name[_ID_LENGTH : _ID_LENGTH + 1] == "-":
            groups.setdefault(name[:_ID_LENGTH], []).append(name)
        else:
            found.trouble(f"working/{route}/{printable(name)}", "it has no name that the gateway gives")
    return [_with_beside(identifier, names) for identifier, names in sorted(groups.items())]


def _with_beside(identifier: str, names: Sequence[str]) -> _InWork:
    first = min(names, key=len)
    beside = {name: name.removeprefix(f"{first}.") for name in names if name.startswith(f"{first}.")}
    return _InWork(identifier, first, beside)


def _take(context: Context, route: str, one: _InWork, found: Recovery, reason: str, taken: set[str]) -> None:
    with context.ledger.write() as connection:
        row = rebuilding.known(connection, [one.id]).get(one.id)
        if row is not None and row.state in SETTLED:
            rows = _reopened(context, row, reason, taken)
        elif row is not None and row.settle_as is not None and row.id in found.before:
            return  # it was being settled: the next pass goes on
        else:
            record_keys.remove(connection, one.id)  # it is no longer accepted: once more, it repeats nothing
            rows = _uncertain(context, row or _unknown(context, route, one), reason, taken)
        if rows is None:
            found.trouble(f"working/{route}/{printable(one.name)}", "it lies in the archive as well")
            return
        found.before.note(one.id, row.state.value if row else None)
        put_recovered(context, connection, [_with_history(connection, rows, is_new=row is None)])
    found.resumed += rows[0].state is State.REPLAY
    found.uncertain += rows[0].state is State.CLAIMED


def _with_history(connection: Connection, rows: Rows, *, is_new: bool) -> Rows:
    """Return ``rows`` with the attempts and deliveries that the ledger has of the transfer already."""
    if is_new:
        return rows
    row, begun, _none = rows
    tried, sent = rebuilding.history(connection, row.id)
    numbers = {one.number for one in begun}
    return row, [*(one for one in tried if one.number not in numbers), *begun], sent


def _reopened(context: Context, row: Transfer, reason: str, taken: set[str]) -> Rows | None:
    """Return the plan for a settled file that a request brought back into work; None where it is still there.

    How far the further attempt came is not known either: it may have delivered the file. Only where a paper
    still says that it is settled had that not begun; the next pass goes on with the request then.
    """
    path = str(context.site.directory / (row.settled_path or ""))
    owner, is_listed = _papers(path)
    if exists(path) and owner in (None, row.id):
        return None
    if owner == row.id or (owner is None and is_listed):
        again = row.evolve(state=State.REPLAY, attempt=row.attempt + 1, authorised="reprocess", reason=reason)
        return again, [Attempt(row.id, again.attempt, context.actor.name, reason, context.clock.now())], []
    again = row.evolve(attempt=row.attempt + 1, findings=None, verdict=None)
    return _uncertain(context, again, reason, taken)


def _papers(path: str) -> tuple[str | None, bool]:
    """Return whose manifest stands for the settled file ``path``, and whether a day list names it."""
    directory, name = os.path.split(path)
    owner, is_listed = None, False
    with contextlib.suppress(CustodyError):  # what cannot be read was said when the archive was read
        owner = manifest_owner(manifest_of(path))
        is_listed = name in daylist.read(directory)
    return owner, is_listed


def _uncertain(context: Context, row: Transfer, reason: str, taken: set[str]) -> Rows:
    """Return the plan to set a file before an operator."""
    path = context.working_path(row)
    sha256, size = hash_file(path)
    why = f"It was in work when the ledger was lost ({reason}): whether it was delivered is not known"
    seen = row.evolve(mtime_ns=sighting(path).mtime_ns)
    begun = Attempt(row.id, row.attempt, context.actor.name, reason, row.arrived_at)
    return plan_uncertain(context, seen, sha256, size, why, taken), [begun], []


def _unknown(context: Context, route: str, one: _InWork) -> Transfer:
    """Return a transfer of which no more is known than its name in work tells."""
    path = str(context.layout.working_file(route, one.name))
    settings = next((each for each in context.site.routes if each.name == route), None)
    entry = sighting(path)
    companions = [
        Companion(
            f"{one.name[_ID_LENGTH + 1 :]}.{role}", role, seen.size, mtime_ns=seen.mtime_ns, inode=seen.inode
        )
        for name, role in sorted(one.beside.items())
        if role != "output"  # made by the gateway, and made again
        for seen in [sighting(context.layout.working_file(route, name))]
    ]
    return Transfer(
        id=one.id,
        route=route,
        partner=settings.partner if settings else "",
        message_type=settings.message_type if settings else "",
        name=original_name(one.id, one.name),
        state=State.CLAIMED,
        attempt=1,
        size=entry.size,
        arrived_at=made_at(one.id),
        source=path,
        working_name=one.name,
        mtime_ns=entry.mtime_ns,
        inode=entry.inode,
        evidence=(Evidence("operator", "found in work; what proved it complete was lost with the ledger"),),
        companions=tuple(companions),
        config_digest=context.site.digest,
    )


def original_name(identifier: str, working: str) -> str:
    """Return the name with which a file in work arrived; where it was cut, what is left of it."""
    shown = working[len(identifier) + 1 :]
    parts = [
        os.fsdecode(bytes.fromhex(part.replace("~", ""))) if index % 2 else part
        for index, part in enumerate(_ESCAPE.split(shown))
    ]
    name = "".join(parts)
    return name if working_name(identifier, name) == working and "/" not in name else shown


def _take_corrections(context: Context, route: str, found: Recovery, reason: str) -> None:
    """Let corrections that were given and not taken yet arrive: they were never delivered."""
    for name in sorted(one.name for one in look(context.layout.replay(route)) if one.kind == "file"):
        identifier = name.removeprefix(_CORRECTED)[:_ID_LENGTH]
        if not name.startswith(_CORRECTED) or not is_id(identifier):
            continue
        with context.ledger.write() as connection:
            if rebuilding.known(connection, [identifier]):
                continue
            row = _correction(context, connection, route, name, identifier, reason)
            begun = Attempt(row.id, 1, context.actor.name, reason, row.arrived_at)
            put_recovered(context, connection, [(row, [begun], [])])
            rebuilding.link_corrections(connection)
        found.before.note(identifier, None)
        found.resumed += 1


def _correction(
    context: Context, connection: Connection, route: str, name: str, identifier: str, reason: str
) -> Transfer:
    path = str(context.layout.replay(route) / name)
    working = name.removeprefix(_CORRECTED)
    entry, arrived = sighting(path), original_name(identifier, working)
    failed = rebuilding.failed_as(connection, route, arrived)
    settings = next((each for each in context.site.routes if each.name == route), None)
    return Transfer(
        id=identifier,
        route=route,
        partner=settings.partner if settings else "",
        message_type=settings.message_type if settings else "",
        name=arrived,
        state=State.ARRIVED,
        attempt=1,
        size=entry.size,
        sha256=hash_file(path)[0],
        arrived_at=made_at(identifier),
        source=path,
        working_name=working,
        mtime_ns=entry.mtime_ns,
        inode=entry.inode,
        evidence=(Evidence("operator", "corrected file, given before the ledger was lost"),),
        config_digest=context.site.digest,
        parent=failed,
        authorised=CORRECTION,
        reason=reason,
        changed_at=context.clock.now(),
    )
