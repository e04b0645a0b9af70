"""What every stage is given: the site's parts, the clock, and the words for the audit trail."""

from __future__ import annotations

import functools
import hashlib
import os
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from gateway import __version__
from gateway.clock import Clock
from gateway.config.settings import Route, Site
from gateway.custody.layout import Layout
from gateway.custody.names import companion_name
from gateway.errors import GatewayError, ServerError
from gateway.formats.catalogue import Catalogue
from gateway.ledger import audit, transfers
from gateway.ledger.engine import Connection, Ledger
from gateway.mappings.shelf import Shelf
from gateway.model import Actor, AuditEntry, Companion, State, Transfer
from gateway.rules import lifecycle
from gateway.rules.sequence_policy import Model
from gateway.sftp.pool import Pool

if TYPE_CHECKING:
    from gateway.sftp.base import Connections

#: Characters of a sender that stand in the name of its stream.
_LONGEST_SENDER = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept a file, a destination or a route from going on in this pass."""

    error: GatewayError
    transfer: str | None = None
    name: str | None = None


#: Transfers and problems of one pass and route that a report keeps whole.
_KEPT = 1000


@dataclass(slots=True)
class Report:
    """What one pass over one route did, for people and exit codes: exact counts, capped lists."""

    route: str
    taken: int = 0
    counts: Counter[State] = field(default_factory=Counter)  #: transfers settled or held, by state
    settled: list[Transfer] = field(default_factory=list)  #: the first of them
    held: list[Transfer] = field(default_factory=list)  #: the first of them
    problems: list[Problem] = field(default_factory=list)  #: the first of them
    problem_total: int = 0
    waiting: int = 0
    stuck: set[str] = field(default_factory=set)  #: transfers that wait for the next pass
    bytes: Counter[State] = field(default_factory=Counter)  #: of what `counts` counts
    findings: Counter[str] = field(default_factory=Counter)  #: of the transfers settled, by code
    away: set[str] = field(default_factory=set)  #: places of which a problem says that they do not answer

    @property
    def is_troubled(self) -> bool:
        """Whether somebody has to look: a file failed, or something could not go on."""
        return self.problem_total > 0 or self.counts[State.FAILED] > 0

    @property
    def settled_total(self) -> int:
        """How many transfers were settled."""
        return self.counts.total() - self.counts[State.HELD]

    def note(self, rows: Sequence[Transfer]) -> None:
        """Count transfers that were settled or held, and keep the first of them."""
        self.counts.update(row.state for row in rows)
        for row in rows:
            self.bytes[row.state] += row.size
            if row.state is not State.HELD and row.findings:
                for each in row.findings.get("totals", ()):
                    self.findings[each["code"]] += each["count"]
        for kept, chosen in ((self.held, True), (self.settled, False)):
            mine = [row for row in rows if (row.state is State.HELD) is chosen]
            kept.extend(mine[: max(0, _KEPT - len(kept))])

    def problem(self, error: GatewayError, transfer: Transfer | None = None, name: str | None = None) -> None:
        """Note ``error``; the work it stopped stays where it is and is tried again.

        That a place does not answer is noted once, whatever wanted something there.
        """
        if transfer is None and isinstance(error, ServerError) and error.place is not None:
            if error.place in self.away:
                return
            self.away.add(error.place)
        if transfer is not None:
            self.stuck.add(transfer.id)
        elif name is None and any(one.name is None and str(one.error) == str(error) for one in self.problems):
            return  # what stops several stages is said once
        self.problem_total += 1
        # what concerns the route as a whole is little, and it is over where it is not named
        if len(self.problems) < _KEPT or (transfer is None and name is None):
            self.problems.append(
                Problem(error, transfer.id if transfer else None, transfer.name if transfer else name)
            )


class Sharing(Protocol):
    """Who works on what where several nodes share a site; called by many threads."""

    def turn(self, route: str, context: Context) -> AbstractContextManager[Context | None]:
        """Give what one pass over ``route`` works with; None while another node works on it."""
        ...

    def has(self, route: str) -> bool:
        """Return whether ``route`` is worked on here."""
        ...

    @property
    def tells(self) -> bool:
        """Whether alerts are sent from here."""
        ...

    def listen(self, wake: Callable[[str], None]) -> None:
        """Call ``wake`` with every route that comes here."""
        ...

    def plan(self, context: Context) -> None:
        """Share the routes of ``context`` from now on."""
        ...


class Alone:
    """One gateway, which works on everything: the operating system keeps every other one off."""

    tells = True

    def turn(self, _route: str, context: Context) -> AbstractContextManager[Context | None]:
        """Give what there is."""
        return nullcontext(context)

    def has(self, _route: str) -> bool:
        """Return that it is."""
        return True

    def listen(self, _wake: Callable[[str], None]) -> None:
        """Nothing ever comes that was not there before."""

    def plan(self, _context: Context) -> None:
        """There is nothing to share."""


@dataclass(slots=True)
class Context:
    """One site at work: its configuration, directories, ledger and catalogue, and who acts."""

    site: Site
    layout: Layout
    ledger: Ledger
    catalogue: Catalogue
    actor: Actor
    clock: Clock
    progress: Callable[[str], None] = lambda _text: None
    mappings: Shelf = field(default_factory=Shelf)
    connections: Connections = field(default_factory=lambda: Pool(()))
    stopping: Callable[[], bool] = lambda: False  #: asked between batches: leave the rest to the next pass
    #: held while files are read and judged: what shares a machine takes turns at its memory
    heavy: AbstractContextManager[object] = field(default_factory=nullcontext)
    sharing: Sharing = field(default_factory=Alone)
    #: names what this owner of a route leaves at destinations before it is delivered; empty: there is but one
    fence: str = ""

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions every audit entry carries: gateway and configuration."""
        return _versions(self.site.digest)

    def entry(
        self,
        action: str,
        transfer: Transfer,
        *,
        old: Mapping[str, Any] | None = None,
        new: Mapping[str, Any] | None = None,
        reason: str | None = None,
        actor: Actor | None = None,
        at: datetime | None = None,
    ) -> AuditEntry:
        """Return the audit entry for something done to ``transfer``, by default now."""
        return AuditEntry(
            at=at or self.clock.now(),
            actor=actor or self.actor,
            action=action,
            object_type="transfer",
            object_id=transfer.id,
            old=old,
            new=new,
            reason=reason,
            versions=self.versions,
        )

    def day(self, moment: datetime) -> str:
        """Return the plant's calendar day of ``moment``, as the archive's directories are named."""
        return moment.astimezone(zoneinfo.ZoneInfo(self.site.time_zone)).date().isoformat()

    def path_of(self, transfer: Transfer) -> str:
        """Return where the transfer's bytes are: at its settled place, else in working."""
        rests = transfer.state in _AT_REST or transfer.settle_as is None or is_archived(transfer)
        if transfer.settled_path and rests:
            return str(self.site.directory / transfer.settled_path)
        return self.working_path(transfer)

    def working_path(self, transfer: Transfer) -> str:
        """Return the transfer's path in its route's working directory."""
        return os.path.join(self.layout.working(transfer.route), transfer.working_name)

    def working_output(self, transfer: Transfer) -> str:
        """Return the path of what a mapping makes of the transfer while it is in work."""
        return f"{self.working_path(transfer)}.output"

    def output_path(self, transfer: Transfer) -> str:
        """Return where the transfer's output is: beside its settled file, else in working."""
        path = self.path_of(transfer)
        if path == self.working_path(transfer) or transfer.output is None:
            return self.working_output(transfer)
        directory, settled = os.path.split(path)
        name = companion_name(settled, transfer.id, transfer.name, transfer.output.name)
        return os.path.join(directory, name)

    def companion_path(self, transfer: Transfer, companion: Companion) -> str:
        """Return where a companion is while its transfer is in work."""
        return f"{self.working_path(transfer)}.{companion.role}"


@functools.lru_cache(maxsize=8)
def _versions(configuration: str) -> Mapping[str, str]:
    """Return one and the same mapping: what entries share is written once."""
    return {"gateway": __version__, "configuration": configuration}


_AT_REST = (State.PROCESSED, State.FAILED, State.DUPLICATE, State.REPLAY)


def is_archived(transfer: Transfer) -> bool:
    """Return whether the transfer is replayed from the archive, where its file stays."""
    return transfer.authorised == "replay" and transfer.settled_path is not None


def allowed(transfer: Transfer, code: str) -> bool:
    """Return whether an operator allowed the finding ``code`` for this attempt."""
    return code in (transfer.authorised or "").split("+")


def stream_of(route: Route, transfer: Transfer) -> str | None:
    """Return the stream's name: the route and the sender; None on a route without a sequence.

    What a file says of its sender may be of any length, and a name is a key: a long one is cut and
    told from others by its digest.
    """
    if route.sequence.model is Model.NONE:
        return None
    sender = transfer.sender or transfer.partner
    if len(sender) > _LONGEST_SENDER:
        digest = hashlib.sha256(sender.encode("utf-8", "surrogatepass")).hexdigest()
        sender = f"{sender[:_LONGEST_SENDER]}~{digest}"
    return f"{route.name}/{sender}"


@dataclass(frozen=True, slots=True)
class Move:
    """One transition of one transfer, with what the audit trail shall say of it."""

    before: Transfer
    after: Transfer
    action: str
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    actor: Actor | None = None


def record_moves(context: Context, connection: Connection, moves: Sequence[Move]) -> list[Transfer]:
    """Write transitions and their audit entries in the caller's transaction; return the new rows.

    Raises IllegalTransition, before anything is written, for a move the lifecycle does not know.
    """
    now = context.clock.now()
    entries, rows = [], []
    old = {state: {"state": state.value} for state in {move.before.state for move in moves}}
    for move in moves:
        if move.before.state is not move.after.state:
            lifecycle.check(move.before.state, move.after.state)
        after = move.after.evolve(changed_at=now)
        rows.append(after)
        entries.append(
            context.entry(
                move.action,
                after,
                old=old[move.before.state],
                new={"state": after.state.value, **move.detail},
                reason=move.reason,
                actor=move.actor,
                at=now,
            )
        )
    for state in dict.fromkeys(move.before.state for move in moves):
        chosen = [row for move, row in zip(moves, rows, strict=True) if move.before.state is state]
        transfers.update(connection, chosen, expected=state)
    audit.append(connection, entries)
    return rows


def in_batches(items: Iterable[Transfer], files: int, size: int) -> Iterator[list[Transfer]]:
    """Cut ``items`` into lists of at most ``files`` files and about ``size`` bytes, order kept."""
    batch: list[Transfer] = []
    weight = 0
    for item in items:
        if batch and (len(batch) >= files or weight + item.size > size):
            yield batch
            batch, weight = [], 0
        batch.append(item)
        weight += item.size
    if batch:
        yield batch


__all__ = [
    "Context",
    "Move",
    "Problem",
    "Report",
    "Route",
    "allowed",
    "in_batches",
    "record_moves",
    "stream_of",
]
