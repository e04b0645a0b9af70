"""What waits for a later try is tried at once: deliveries, acknowledgements, and places left alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.config.settings import Route, SftpSource
from gateway.errors import ActionRefused
from gateway.ledger import audit, circuits, deliveries, remote_files, transfers
from gateway.ledger.engine import Connection
from gateway.ledger.remote_files import RemoteFile
from gateway.model import AuditEntry, Delivery, Transfer
from gateway.operations.demands import demand_reason
from gateway.rules.circuit import Circuit, CircuitState
from gateway.sources.addresses import is_remote, parse
from gateway.stages.context import Context
from gateway.stages.gate import destination_place, server_place

#: The action of the audit entries for what was called forward.
RETRIED = "retry-requested"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is meant; every given limit must hold, and none means everything."""

    transfers: tuple[str, ...] = ()  #: ids, parts of one, or names
    route: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a later try, each with the time of that."""

    deliveries: tuple[Delivery, ...]
    owed: tuple[RemoteFile, ...]  #: taken and not acknowledged
    circuits: tuple[Circuit, ...]  #: of places that are left alone
    owners: Mapping[str, Transfer]  #: of the deliveries and of what is owed, by id

    @property
    def total(self) -> int:
        """How much it is."""
        return len(self.deliveries) + len(self.owed) + len(self.circuits)


def waiting(context: Context, choice: Choice) -> Waiting:
    """Return what of ``choice`` waits; raises ActionRefused for a server or transfer that there is not."""
    _demand_server(context, choice)
    with context.ledger.read() as connection:
        return _find(context, connection, choice, context.clock.now())


def retry_now(context: Context, choice: Choice, reason: str | None) -> Waiting:
    """Let what of ``choice`` waits be due now, and return it as it was; the next pass tries it.

    Numbers of tries and last errors stay. A probe that is under way is not doubled. Raises ReasonMissing,
    and as `waiting`.
    """
    why = demand_reason(reason)
    _demand_server(context, choice)
    with context.ledger.write() as connection:
        now = context.clock.now()  # with the ledger in hand: a lane looks for what came due since its pass
        found = _find(context, connection, choice, now)
        deliveries.update(connection, [dataclasses.replace(one, next_try_at=now) for one in found.deliveries])
        remote_files.save(connection, [dataclasses.replace(one, next_try_at=now) for one in found.owed])
        for one in found.circuits:
            circuits.save(connection, dataclasses.replace(one, next_probe_at=now, changed_at=now))
        audit.append(connection, _entries(context, found, why, now))
    return found


def _demand_server(context: Context, choice: Choice) -> None:
    known = [server.name for server in context.site.servers]
    if choice.server is not None and choice.server not in known:
        hint = f"Servers of the site: {', '.join(known) or 'none'}"
        raise ActionRefused(f"There is no server {choice.server!r}", hint=hint)


def _find(context: Context, connection: Connection, choice: Choice, now: datetime) -> Waiting:
    named = {transfers.find(connection, text).id for text in choice.transfers}
    wanted = None if choice.server is None else server_place(choice.server)
    sendings: list[Delivery] = []
    owed: list[RemoteFile] = []
    places: set[str] = set()
    for route in context.site.routes:
        if choice.route not in (None, route.name):
            continue
        for sent, place in _deliveries(connection, route):
            if wanted in (None, place) and (not named or sent.transfer in named):
                places.add(place or "")
                sendings += [sent] if sent.next_try_at is not None and sent.next_try_at > now else []
        for file, place in _owed(connection, route):
            if wanted in (None, place) and (not named or file.transfer in named):
                places.add(place or "")
                owed += [file] if file.next_try_at is not None and file.next_try_at > now else []
        if not named:
            places |= {place for place in _places(route) if wanted in (None, place)}
    if wanted is not None and not named and choice.route is None:
        places.add(wanted)
    left_alone = [one for one in circuits.every(connection) if one.place in places and _is_later(one, now)]
    owners = transfers.get_many(
        connection, [one.transfer for one in sendings] + [one.transfer for one in owed]
    )
    return Waiting(tuple(sendings), tuple(owed), tuple(left_alone), owners)


def _deliveries(connection: Connection, route: Route) -> Iterator[tuple[Delivery, str | None]]:
    """Yield what is still on its way on ``route``, and where to; None: that is no longer configured."""
    places = {one.name: destination_place(route.name, one) for one in route.destinations}
    for one in deliveries.undelivered(connection, route.name):
        yield one, places.get(one.destination)


def _owed(connection: Connection, route: Route) -> Iterator[tuple[RemoteFile, str | None]]:
    for one in remote_files.owed(connection, route.name):
        yield one, server_place(parse(one.location)[0]) if is_remote(one.location) else None


def _places(route: Route) -> Iterator[str]:
    """Yield every place that has to do with ``route``."""
    if isinstance(route.source, SftpSource):
        yield server_place(route.source.server)
    for destination in route.destinations:
        yield destination_place(route.name, destination)


def _is_later(circuit: Circuit, now: datetime) -> bool:
    later = circuit.next_probe_at is not None and circuit.next_probe_at > now
    return later and circuit.state is CircuitState.OPEN


def _entries(context: Context, found: Waiting, reason: str, now: datetime) -> list[AuditEntry]:
    """Return an entry for each transfer with all that is tried of it, and one for each place."""
    facts: dict[str, dict[str, list[str]]] = {}
    for sent in found.deliveries:
        facts.setdefault(sent.transfer, {}).setdefault("deliver", []).append(sent.destination)
    for file in found.owed:
        facts.setdefault(file.transfer, {}).setdefault("acknowledge", []).append(file.location)
    of_transfers = [
        context.entry(RETRIED, found.owners[identifier], new=new, reason=reason)
        for identifier, new in sorted(facts.items())
    ]
    of_places = [
        AuditEntry(
            at=now,
            actor=context.actor,
            action=RETRIED,
            object_type="place",
            object_id=one.place,
            old={"next_probe_at": None if one.next_probe_at is None else one.next_probe_at.isoformat()},
            reason=reason,
            versions=context.versions,
        )
        for one in found.circuits
    ]
    return of_transfers + of_places
