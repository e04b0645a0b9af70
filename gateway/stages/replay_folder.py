"""Files that people put into `replay/<route>/` by hand: taken with a request beside them, else not.

The request is `NAME.request.json` with a reason and who asks. A route may allow files without one,
with the default reason of its configuration. Everything else stays where it is, visible.

A file whose bytes the route has at rest is that very transfer, moved or copied by hand: it SHALL go
back to its place and become a new attempt, as if the command had been used, so that no manifest
loses its file. Other bytes under the name of a failed file are its correction. What is left is a
new transfer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.custody import look, moves, reopen
from gateway.custody.copies import hash_file
from gateway.custody.names import working_name
from gateway.custody.refusals import refusing
from gateway.errors import DiskFull, GatewayError, SourceError
from gateway.ledger import retention, settlements, transfers
from gateway.ledger.ids import new_id
from gateway.model import Actor, Companion, Evidence, Identity, Sighting, State, Transfer
from gateway.printable import printable
from gateway.stages.context import Context, Move, Report, Route, record_moves
from gateway.stages.recall import CORRECTION, ask_again
from gateway.stages.register import demand_room, register

SUFFIX = ".request.json"
#: A request is a few lines; more than this is something else.
_LARGEST = 64 * 1024
#: Somebody vouches for the file, so neither what came beside it nor what it repeats stands against it.
_VOUCHED = "reprocess+F212+F213+F701+F703+F704"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a file to be taken again, and why."""

    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A file in the replay directory, and the request beside it."""

    directory: str
    seen: Sighting
    sha256: str
    beside: Sighting | None
    asked: Request | SourceError

    @property
    def path(self) -> str:
        """Where it is."""
        return os.path.join(self.directory, self.seen.name)

    @property
    def request(self) -> Request:
        """The request; raises SourceError where there is none."""
        if isinstance(self.asked, SourceError):
            raise self.asked
        return self.asked


def take_requests(context: Context, route: Route, report: Report) -> None:
    """Carry out what people ask for by putting files into the route's replay directory."""
    directory = str(context.layout.replay(route.name))
    seen = {one.name: one for one in look.look(directory) if not one.name.startswith(".")}
    try:
        demand_room(context)
    except DiskFull:
        return  # what is open may still go on; the look at the source says what is the matter
    for name in sorted(seen):
        try:
            _take(context, route, directory, seen, name, report)
        except GatewayError as error:
            report.waiting += 1
            report.problem(error, name=name)


def _take(
    context: Context, route: Route, directory: str, seen: Mapping[str, Sighting], name: str, report: Report
) -> None:
    if name.endswith(SUFFIX):
        if name.removesuffix(SUFFIX) not in seen:
            raise SourceError("A replay request has no file beside it", where=_shown(directory, name))
        return
    request = _request_or_resumed(context, route, directory, seen, name)
    sha256, _size = hash_file(os.path.join(directory, name))
    found = _Found(directory, seen[name], sha256, seen.get(name + SUFFIX), request)
    with context.ledger.read() as connection:
        found_at_rest = settlements.resting(connection, route.name, sha256)
        # one that was removed is meant only where there is no other; the request for it is refused
        resting = retention.kept(connection, found_at_rest) or found_at_rest
    if resting:
        _try_again(context, found, _meant(context, resting, name))
    else:
        _take_new(context, route, found)
        report.taken += 1


def _request_or_resumed(
    context: Context, route: Route, directory: str, seen: Mapping[str, Sighting], name: str
) -> Request | SourceError:
    """Return the request for ``name``; where there is none, what is missing, if a crash may have taken it.

    Raises that SourceError where no crash can have: the file is not even read then.
    """
    try:
        return _request(directory, seen.get(name + SUFFIX), name, route)
    except SourceError as error:
        with context.ledger.read() as connection:
            if not transfers.in_states(connection, route.name, (State.REPLAY,), limit=1):
                raise
        return error


def _request(directory: str, beside: Sighting | None, name: str, route: Route) -> Request:
    """Return the request for ``name``; raises SourceError saying what is missing."""
    where = printable(os.path.join(directory, name))
    if beside is None:
        if route.replay_default_reason is None:
            hint = f'Put {printable(name)}{SUFFIX} beside it: {{"actor": "...", "reason": "..."}}'
            raise SourceError("A file to be replayed has no request beside it", where=where, hint=hint)
        return Request("replay folder", route.replay_default_reason)
    path = os.path.join(directory, beside.name)
    with look.open_regular(path) as file, refusing("read", path):
        return parse_request(file.read(_LARGEST + 1), where)


def parse_request(content: bytes, where: str) -> Request:
    """Return what a request file says; ``where`` names it in the SourceError for one that cannot be read."""
    if len(content) > _LARGEST:
        raise SourceError(f"The replay request is larger than {_LARGEST:,} bytes", where=where)
    try:
        data = json.loads(content)
        actor, reason = data["actor"].strip(), data["reason"].strip()
        f"{actor}{reason}".encode()  # half a character can be written nowhere
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceError("The replay request cannot be read", where=where, cause=error) from error
    if not actor or not reason:
        raise SourceError("The replay request names no actor or no reason", where=where)
    return Request(actor, reason)


def _shown(directory: str, name: str) -> str:
    return printable(os.path.join(directory, name))


def _meant(context: Context, resting: Sequence[Transfer], name: str) -> Transfer:
    """Return which of the transfers with these bytes is meant: the one whose file is gone, then by name."""

    def fits(row: Transfer) -> tuple[bool, bool, bool, str]:
        settled = row.settled_path or ""
        gone = not os.path.lexists(context.site.directory / settled)
        return gone, name in (os.path.basename(settled), row.name), row.state is State.PROCESSED, row.id

    return max(resting, key=fits)


def _try_again(context: Context, found: _Found, row: Transfer) -> None:
    """Ask for a new attempt, then bring the bytes back; after a crash between, only the latter."""
    if row.state is not State.REPLAY:
        request = found.request
        authorised = "replay" if row.state is State.PROCESSED else _VOUCHED
        ask_again(context, [row], authorised, request.reason, _actor(context, request))
    if found.beside is not None:
        moves.remove(os.path.join(found.directory, found.beside.name))  # what it says is in the ledger now
    settled = str(context.site.directory / (row.settled_path or ""))
    reopen.put_back(found.path, (settled, context.working_path(row)), found.sha256)


def _actor(context: Context, request: Request) -> Actor:
    return Actor(name=request.actor, role="operator", host=context.actor.host)


def _take_new(context: Context, route: Route, found: _Found) -> None:
    """Register a file whose bytes the route has nowhere at rest, with the transfer it replaces or repeats."""
    request = found.request
    actor = _actor(context, request)
    with context.ledger.write() as connection:
        place = context.layout.relative(context.layout.failed(route.name) / found.seen.name)
        failed = settlements.failed_as(connection, route.name, found.seen.name, place)
        same = transfers.known(connection, route.name, [Identity(found.sha256, found.seen.name)]).get(0, [])
        parents = [failed.id] if failed else [one.id for one in same if one.route == route.name]
        new = _transfer(context, route, found, request, parents[0] if parents else None)
        if failed is not None:
            new = new.evolve(name=failed.name, authorised=CORRECTION)
        register(context, connection, [new], actor)
        if failed is not None:
            after = failed.evolve(superseded_by=new.id)
            facts = {"child": new.id, "child_sha256": found.sha256}
            record_moves(
                context, connection, [Move(failed, after, "corrected", request.reason, facts, actor)]
            )


def _transfer(
    context: Context, route: Route, found: _Found, request: Request, parent: str | None
) -> Transfer:
    now = context.clock.now()
    identifier = new_id(now)
    seen, beside = found.seen, found.beside
    companions: tuple[Companion, ...] = ()
    if beside is not None:
        companions = (
            Companion(beside.name, "request", beside.size, mtime_ns=beside.mtime_ns, inode=beside.inode),
        )
    return Transfer(
        id=identifier,
        route=route.name,
        partner=route.partner,
        message_type=route.message_type,
        name=seen.name,
        state=State.ARRIVED,
        attempt=1,
        size=seen.size,
        arrived_at=now,
        source=found.path,
        working_name=working_name(identifier, seen.name),
        mtime_ns=seen.mtime_ns,
        inode=seen.inode,
        evidence=(Evidence("operator", f"put into replay by {request.actor}: {request.reason}"),),
        companions=companions,
        config_digest=context.site.digest,
        parent=parent,
        authorised=_VOUCHED,
        reason=request.reason,
    )
