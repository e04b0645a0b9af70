"""Files that people put into `replay/<route>/` by hand: taken with a request beside them, else not.

The request is `NAME.request.json` with a reason and who asks. A route may allow files without one,
with the default reason of its configuration. Everything else stays where it is, visible.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass

from gateway.custody import look
from gateway.custody.copies import hash_file
from gateway.custody.names import working_name
from gateway.errors import GatewayError, SourceError
from gateway.ledger import transfers
from gateway.ledger.ids import new_id
from gateway.model import Companion, Evidence, Identity, Sighting, State, Transfer
from gateway.printable import printable
from gateway.stages.context import Context, Report, Route

SUFFIX = ".request.json"
#: A request is a few lines; more than this is something else.
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a file to be taken again, and why."""

    actor: str
    reason: str


def requested(context: Context, route: Route, report: Report) -> list[Transfer]:
    """Return new transfers for the files in the route's replay directory that may be taken."""
    directory = str(context.layout.replay(route.name))
    seen = {one.name: one for one in look.look(directory) if not one.name.startswith(".")}
    found = []
    for name, sighting in sorted(seen.items()):
        if name.endswith(SUFFIX):
            continue
        try:
            request = _request(directory, seen.get(name + SUFFIX), name, route)
            found.append(_transfer(context, route, directory, sighting, request, seen.get(name + SUFFIX)))
        except GatewayError as error:
            report.waiting += 1
            report.problem(error, name=name)
    return found


def _request(directory: str, beside: Sighting | None, name: str, route: Route) -> Request:
    """Return the request for ``name``; raises SourceError saying what is missing."""
    where = printable(os.path.join(directory, name))
    if beside is None:
        if route.replay_default_reason is None:
            hint = f'Put {printable(name)}{SUFFIX} beside it: {{"actor": "...", "reason": "..."}}'
            raise SourceError("A file to be replayed has no request beside it", where=where, hint=hint)
        return Request("replay folder", route.replay_default_reason)
    with look.open_regular(os.path.join(directory, beside.name)) as file:
        text = file.read(_LARGEST)
    try:
        data = json.loads(text)
        actor, reason = str(data["actor"]).strip(), str(data["reason"]).strip()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError("The replay request cannot be read", where=where, cause=error) from error
    if not actor or not reason:
        raise SourceError("The replay request names no actor or no reason", where=where)
    return Request(actor, reason)


def _transfer(
    context: Context, route: Route, directory: str, seen: Sighting, request: Request, beside: Sighting | None
) -> Transfer:
    """Return the transfer for a file put in by hand, linked to the earlier one with the same bytes."""
    path = os.path.join(directory, seen.name)
    sha256, _size = hash_file(path)
    with context.ledger.read() as connection:
        same = transfers.known(connection, route.name, [Identity(sha256, seen.name)]).get(0, [])
    now = context.clock.now()
    identifier = new_id(now)
    companions: tuple[Companion, ...] = ()
    if beside is not None:
        companions = (
            Companion(beside.name, "request", beside.size, mtime_ns=beside.mtime_ns, inode=beside.inode),
        )
    new = Transfer(
        id=identifier,
        route=route.name,
        partner=route.partner,
        message_type=route.message_type,
        name=seen.name,
        state=State.ARRIVED,
        attempt=1,
        size=seen.size,
        arrived_at=now,
        source=path,
        working_name=working_name(identifier, seen.name),
        mtime_ns=seen.mtime_ns,
        inode=seen.inode,
        evidence=(Evidence("operator", f"put into replay by {request.actor}: {request.reason}"),),
        companions=companions,
        config_digest=context.site.digest,
        reason=f"{request.actor}: {request.reason}",
        authorised="reprocess+F701+F703+F704",
    )
    return dataclasses.replace(new, parent=same[0].id) if same else new
