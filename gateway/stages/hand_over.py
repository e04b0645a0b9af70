"""One group of deliveries to one destination: staged, committed, published, committed.

That a parcel is staged is in the ledger before it gets its name, and where it was staged, too: after
a crash, or a connection that broke, this tells whether a temporary name that is gone was published.
"""

from __future__ import annotations

import dataclasses
import os
import random
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from gateway.config.settings import Destination as DestinationSettings
from gateway.config.settings import RetryPolicy, SftpDestination
from gateway.destinations import Destination, Parcel, Staged, destination_for
from gateway.errors import (
    CircuitOpen,
    ConfigurationError,
    DestinationError,
    FileMissing,
    GatewayError,
    LeaseLost,
    PredecessorUndelivered,
    PublicationUnfinished,
    ServerUnreachable,
)
from gateway.ledger import audit, deliveries
from gateway.model import AuditEntry, Delivery, DeliveryState, Transfer
from gateway.printable import printable
from gateway.rules import retry
from gateway.stages.context import Context, Report
from gateway.stages.gate import Reach, destination_place, is_of_server, reached, server_reached

#: Deliveries with which a destination that was down is tried.
_PROBE = 5
#: Stands in the ledger between the place in which a parcel was staged and the fence of who did it.
_BY = " by "
_FENCE = re.compile(r"t[0-9]+")
#: So many owners of a route one after the other may have ended while they staged the same parcel.
_ENDED = 3


@dataclass(slots=True)
class Try:
    """One delivery being tried in this pass, and what stopped it."""

    delivery: Delivery
    transfer: Transfer
    parcel: Parcel
    error: GatewayError | None = None
    is_resumed: bool = False  #: staged by a process that did not come to the end
    was_asked: bool = False  #: the destination was asked to publish it

    def begin(self, place: str, fence: str) -> None:
        """Note whether what was staged before was staged in ``place``, and under whose name."""
        before, left = _staged(self.delivery.staged_in or "")
        if self.is_resumed:
            staged = Staged.BEFORE if before == place else Staged.ELSEWHERE
            self.parcel = dataclasses.replace(self.parcel, staged=staged, fence=left)
        else:
            self.parcel = dataclasses.replace(self.parcel, fence=fence, earlier=_earlier(fence, left))

    @property
    def state_after_failure(self) -> DeliveryState:
        """STAGED as long as it may have its name at the destination: then it is never written again."""
        unasked = self.is_resumed and not self.was_asked
        if unasked or isinstance(self.error, PublicationUnfinished):
            return DeliveryState.STAGED
        return DeliveryState.PENDING


def hand_over(
    context: Context, route: str, settings: DestinationSettings | None, group: list[Try], report: Report
) -> int:
    """Deliver the first of ``group`` and return how many were tried; 0: no more of this destination now.

    A destination whose circuit is open costs its deliveries no try: they are due at its next probe.
    """
    reach = Reach()
    is_there = False
    try:
        with _reaching(context, route, settings) as reach:
            if reach.is_probe:
                group = group[:_PROBE]
            destination, place = _asked(context, settings)
            is_there = True
            _carry(context, destination, place, group)
            reach.saw(one.error for one in group)
    except CircuitOpen as error:
        _put_off(context, route, group[0].delivery.destination, error)
        report.problem(error)
        return 0
    except (DestinationError, ConfigurationError) as error:
        reach.failure = error
        for one in group:
            one.error = error
    _commit_tries(context, group, settings.retry if settings else RetryPolicy(), reach, report)
    return len(group) if is_there and reach.failure is None else 0


def _reaching(
    context: Context, route: str, settings: DestinationSettings | None
) -> AbstractContextManager[Reach]:
    """Meet the destination through the gate."""
    if settings is None:
        return nullcontext(Reach())
    if isinstance(settings, SftpDestination):
        return server_reached(context, settings.server)
    return reached(context, destination_place(route, settings), settings.retry)


def _put_off(context: Context, route: str, destination: str, error: CircuitOpen) -> None:
    now = context.clock.now()
    with context.ledger.write() as connection:
        deliveries.put_off(connection, route, destination, now, error.until or now)


def _asked(context: Context, settings: DestinationSettings | None) -> tuple[Destination, str]:
    """Return the destination and what tells its place; raises DestinationError where it is not there."""
    if settings is None:
        raise DestinationError(
            "The destination is no longer in the configuration",
            hint="Configure it again; the file waits for it",
        )
    destination = destination_for(settings, context.connections)
    place = destination.identity()
    if isinstance(settings, SftpDestination):
        # another machine or account under the server's name has other files under the same path
        server = context.site.server(settings.server)
        place = f"{place} {server.user}@{server.host}:{server.port}"
    return destination, place


def _carry(context: Context, destination: Destination, place: str, group: Sequence[Try]) -> None:
    """Stage, commit, publish; each try ends with its error or without one."""
    for one in group:
        one.begin(place, context.fence)
    fresh = [one for one in group if one.delivery.state is DeliveryState.PENDING]
    _apply(destination.stage, fresh)
    _tell_lost_outputs(context, fresh)
    try:
        _commit_staged(context, [one for one in fresh if one.error is None], place)
    except LeaseLost:
        destination.withdraw([one.parcel for one in fresh])  # who came after may have looked before it came
        raise
    _stop_after_failure(group)
    going = [one for one in group if one.error is None]
    _apply(destination.publish, going)
    for one in going:
        one.was_asked = not isinstance(one.error, PredecessorUndelivered)


def _staged(where: str) -> tuple[str, str]:
    """Return the place in which a parcel was staged, and the fence of who staged it."""
    place, _by, fence = where.rpartition(_BY)
    return (place, fence) if _FENCE.fullmatch(fence) else (where, "")


def _earlier(fence: str, left: str) -> tuple[str, ...]:
    """Return the fences under which something may be left of a parcel that is staged under ``fence``.

    What was staged on record, and what owners just before were writing when they ended.
    """
    if not fence:
        return (left,) if left else ()
    token = int(fence[1:])
    just_before = (f"t{one}" for one in range(max(1, token - _ENDED), token))
    return tuple(one for one in dict.fromkeys((left, "", *just_before)) if one != fence)


def _apply(step: Callable[[Sequence[Parcel]], list[GatewayError | None]], group: Sequence[Try]) -> None:
    results = step([one.parcel for one in group]) if group else []
    for one, result in zip(group, results, strict=True):
        one.error = result


def _tell_lost_outputs(context: Context, group: Sequence[Try]) -> None:
    """Say of each output that is gone from work how it is made again: its input is still there."""
    for one in group:
        output = one.transfer.output
        path = one.parcel.path
        if output is None or one.error is None or os.path.lexists(path):
            continue
        made_from = printable(context.path_of(one.transfer))
        target = output.format.replace(" ", "@")
        one.error = FileMissing(
            "What was made of the file, and was to be delivered, is gone",
            where=printable(path),
            hint=f"Restore it, or make it again if the mapping is unchanged: its SHA-256 is {output.sha256}; "
            f"`gateway formats map {made_from} --to {target} --output {printable(path)}`",
        )


def _stop_after_failure(group: Sequence[Try]) -> None:
    """A file whose predecessor could not even be staged waits behind it."""
    stopped: set[str] = set()
    for one in group:
        stream = one.parcel.stream
        if stream is None:
            continue
        if stream in stopped and one.error is None:
            one.error = PredecessorUndelivered(where=one.parcel.target)
        if one.error is not None:
            stopped.add(stream)


def _commit_staged(context: Context, group: Sequence[Try], place: str) -> None:
    for one in group:
        where = f"{place}{_BY}{one.parcel.fence}" if one.parcel.fence else place
        one.delivery = one.delivery.evolve(state=DeliveryState.STAGED, staged_in=where)
    if group:
        with context.ledger.write() as connection:
            deliveries.update(connection, [one.delivery for one in group])


def _commit_tries(
    context: Context, group: Sequence[Try], policy: RetryPolicy, reach: Reach, report: Report
) -> None:
    """Write how each try ended; one that failed before it had its name is staged anew next time."""
    now = context.clock.now()
    entries = []
    _report(group, reach, report)
    for one in group:
        tries = one.delivery.tries + 1
        if isinstance(one.error, PredecessorUndelivered):
            # not its own failure: it goes as soon as its predecessor has gone
            one.delivery = one.delivery.evolve(state=one.state_after_failure, last_error=str(one.error))
            continue
        if one.error is None:
            one.delivery = one.delivery.evolve(
                state=DeliveryState.DELIVERED,
                tries=tries,
                delivered_at=now,
                last_error=None,
                next_try_at=None,
            )
        else:
            later = retry.next_try(policy, tries, now, random.random())  # noqa: S311 - jitter, not a secret
            if reach.until is not None and _is_of_place(one.error, reach):
                later = reach.until
            one.delivery = one.delivery.evolve(
                state=one.state_after_failure, tries=tries, last_error=str(one.error), next_try_at=later
            )
        entries.append(_entry(context, one, now))
    with context.ledger.write() as connection:
        deliveries.update(connection, [one.delivery for one in group])
        audit.append(connection, entries)


def _report(group: Sequence[Try], reach: Reach, report: Report) -> None:
    """Report what failed: the place once for all files that it stopped, each other file by itself."""
    stopped = [one for one in group if _is_of_place(one.error, reach)]
    if reach.failure is not None:
        report.problem(reach.failure, name=group[0].transfer.name if len(group) == 1 else None)
        report.stuck.update(one.transfer.id for one in stopped)
    for one in group:
        if one.error is not None and one not in stopped and not isinstance(one.error, PredecessorUndelivered):
            report.problem(one.error, one.transfer)


def _is_of_place(error: GatewayError | None, reach: Reach) -> bool:
    """Return whether it was the place, and not the file, that stopped a try."""
    if error is None or reach.failure is None:
        return False
    return error is reach.failure or is_of_server(error) or isinstance(error.cause, ServerUnreachable)


def _entry(context: Context, one: Try, now: datetime) -> AuditEntry:
    facts = {"destination": one.delivery.destination, "key": one.delivery.key, "target": one.delivery.target}
    if one.error is None:
        return context.entry("delivered", one.transfer, new=facts, at=now)
    facts_of_try = {**facts, "try": one.delivery.tries}
    failed = context.entry("delivery-failed", one.transfer, new=facts_of_try, at=now)
    return dataclasses.replace(failed, outcome=str(one.error))
