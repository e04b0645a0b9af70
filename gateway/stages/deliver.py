"""DELIVERING transfers go to each of their destinations, once, and then towards the archive.

The stage SHALL commit that a parcel is staged before it gives it its final name, and that it is
delivered only after the rename is synced. On a strict stream it SHALL NOT publish a file at a
destination before its predecessors there. A destination that fails SHALL cost its own deliveries
a later try and nothing else.
"""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.config.settings import Destination as DestinationSettings
from gateway.config.settings import RetryPolicy
from gateway.custody.names import archive_name
from gateway.destinations import Destination, Parcel, Staged, destination_for
from gateway.errors import (
    DestinationError,
    FileMissing,
    GatewayError,
    PredecessorUndelivered,
    PublicationUnfinished,
)
from gateway.ledger import audit, deliveries, transfers
from gateway.model import AuditEntry, Delivery, DeliveryState, Disposition, State, Transfer
from gateway.printable import printable
from gateway.rules import retry
from gateway.rules.sequence import Model, Order
from gateway.stages.context import Context, Report, Route
from gateway.stages.settle import plan_settlement


@dataclass(slots=True)
class _Try:
    """One delivery being tried in this pass, and what stopped it."""

    delivery: Delivery
    transfer: Transfer
    parcel: Parcel
    error: GatewayError | None = None
    is_resumed: bool = False  #: staged by a process that did not come to the end
    was_asked: bool = False  #: the destination was asked to publish it

    def resume(self, place: str) -> None:
        """Note whether what was staged before was staged in ``place``."""
        if self.is_resumed:
            staged = Staged.BEFORE if self.delivery.staged_in == place else Staged.ELSEWHERE
            self.parcel = dataclasses.replace(self.parcel, staged=staged)

    @property
    def state_after_failure(self) -> DeliveryState:
        """STAGED as long as it may have its name at the destination: then it is never written again."""
        unasked = self.is_resumed and not self.was_asked
        if unasked or isinstance(self.error, PublicationUnfinished):
            return DeliveryState.STAGED
        return DeliveryState.PENDING


def new_deliveries(route: Route, transfer: Transfer) -> list[Delivery]:
    """Return the deliveries that an accepted transfer needs, each with its own key."""
    return [
        Delivery(
            transfer=transfer.id,
            attempt=transfer.attempt,
            destination=destination.name,
            key=f"{transfer.id}-{transfer.attempt}",
            state=DeliveryState.PENDING,
            target=target_name(destination, transfer),
        )
        for destination in route.destinations
    ]


def target_name(destination: DestinationSettings, transfer: Transfer) -> str:
    """Return the file's name at ``destination``, one safe path component."""
    stem, dot, extension = transfer.name.rpartition(".")
    suffix = f"{dot}{extension}" if stem else ""
    stem = stem or extension
    if transfer.output is not None:
        suffix = transfer.output.suffix
    wanted = destination.file_name.format(
        name=transfer.name if transfer.output is None else stem + suffix,
        stem=stem,
        suffix=suffix,
        id=transfer.id,
        route=transfer.route,
        control_number=transfer.control_number or "",
        message_id=transfer.message_id or "",
    )
    return archive_name(wanted)


def deliver(context: Context, route: Route, report: Report) -> None:
    """Try every delivery of the route that is due, destination by destination, in order."""
    settings = {destination.name: destination for destination in route.destinations}
    # One moment for the whole stage: what fails now is not due again before the others had their turn.
    now = context.clock.now()
    for name in _destinations_due(context, route, now):
        tried: set[str] = set()
        retries = settings[name].retry if name in settings else RetryPolicy()
        while group := _due(context, route, name, retries, now, tried):
            tried.update(one.transfer.id for one in group)
            _deliver_to(context, settings.get(name), group, report)


def _destinations_due(context: Context, route: Route, now: datetime) -> list[str]:
    policies = [RetryPolicy(), *(destination.retry for destination in route.destinations)]
    latest = min(retry.latest_try(policy, context.clock.now()) for policy in policies)
    with context.ledger.read() as connection:
        return deliveries.destinations_due(connection, route.name, now, latest)


def _due(
    context: Context, route: Route, destination: str, retries: RetryPolicy, now: datetime, tried: set[str]
) -> list[_Try]:
    """Return the next deliveries due at ``now`` in order, none that this pass has ``tried`` already."""
    limits = context.site.limits
    query = deliveries.due_in_order if _is_strict(route) else deliveries.due
    latest = retry.latest_try(retries, context.clock.now())
    with context.ledger.read() as connection:
        due = query(connection, route.name, destination, now, limits.batch_files + len(tried), latest)
        owners = transfers.get_many(connection, [one.transfer for one in due])
    group: list[_Try] = []
    weight = 0
    stopped: set[str | None] = set()
    for one in due:
        owner = owners[one.transfer]
        if owner.id in tried:
            # it failed in this pass and is due again: nothing of its stream may overtake it
            stopped.add(owner.stream if _is_strict(route) else None)
            continue
        if owner.stream is not None and owner.stream in stopped:
            continue
        weight += owner.size
        if len(group) >= limits.batch_files or (group and weight > limits.batch_bytes):
            break
        group.append(_try(context, route, one, owner))
    return group


def _try(context: Context, route: Route, delivery: Delivery, owner: Transfer) -> _Try:
    parcel = _parcel(context, route, delivery, owner)
    return _Try(delivery, owner, parcel, is_resumed=delivery.state is DeliveryState.STAGED)


def _is_strict(route: Route) -> bool:
    return route.sequence.order is Order.STRICT and route.sequence.model is not Model.NONE


def _parcel(context: Context, route: Route, delivery: Delivery, transfer: Transfer) -> Parcel:
    output = transfer.output
    return Parcel(
        key=delivery.key,
        path=context.path_of(transfer) if output is None else context.output_path(transfer),
        target=delivery.target or archive_name(transfer.name),
        sha256=(transfer.sha256 or "") if output is None else output.sha256,
        size=transfer.size if output is None else output.size,
        stream=transfer.stream if _is_strict(route) else None,
    )


def _deliver_to(
    context: Context, settings: DestinationSettings | None, group: list[_Try], report: Report
) -> None:
    """Stage, commit, publish, commit."""
    try:
        destination, place = _asked(context, settings, group)
    except DestinationError as error:
        for one in group:
            one.error = error
        _commit_tries(context, group, settings.retry if settings else RetryPolicy(), report)
        return
    for one in group:
        one.resume(place)
    fresh = [one for one in group if one.delivery.state is DeliveryState.PENDING]
    _apply(destination.stage, fresh)
    _tell_lost_outputs(context, fresh)
    _commit_staged(context, [one for one in fresh if one.error is None], place)
    _stop_after_failure(group)
    going = [one for one in group if one.error is None]
    _apply(destination.publish, going)
    for one in going:
        one.was_asked = not isinstance(one.error, PredecessorUndelivered)
    _commit_tries(context, group, settings.retry if settings else RetryPolicy(), report)


def _asked(
    context: Context, settings: DestinationSettings | None, group: Sequence[_Try]
) -> tuple[Destination, str]:
    """Return the destination and what tells its place; raises DestinationError where it is not there."""
    if settings is None:
        raise DestinationError(
            f"Destination {group[0].delivery.destination!r} is no longer in the configuration",
            hint="Configure it again; the file waits for it",
        )
    destination = destination_for(settings, context.connections)
    return destination, destination.identity()


def _apply(step: Callable[[Sequence[Parcel]], list[GatewayError | None]], group: Sequence[_Try]) -> None:
    results = step([one.parcel for one in group]) if group else []
    for one, result in zip(group, results, strict=True):
        one.error = result


def _tell_lost_outputs(context: Context, group: Sequence[_Try]) -> None:
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


def _stop_after_failure(group: Sequence[_Try]) -> None:
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


def _commit_staged(context: Context, group: Sequence[_Try], place: str) -> None:
    for one in group:
        one.delivery = one.delivery.evolve(state=DeliveryState.STAGED, staged_in=place)
    if group:
        with context.ledger.write() as connection:
            deliveries.update(connection, [one.delivery for one in group])


def _commit_tries(context: Context, group: Sequence[_Try], policy: RetryPolicy, report: Report) -> None:
    """Write how each try ended; one that failed before it had its name is staged anew next time."""
    now = context.clock.now()
    entries = []
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
            report.problem(one.error, one.transfer)
            later = retry.next_try(policy, tries, now, random.random())  # noqa: S311 - jitter, not a secret
            one.delivery = one.delivery.evolve(
                state=one.state_after_failure, tries=tries, last_error=str(one.error), next_try_at=later
            )
        entries.append(_entry(context, one))
    with context.ledger.write() as connection:
        deliveries.update(connection, [one.delivery for one in group])
        audit.append(connection, entries)


def _entry(context: Context, one: _Try) -> AuditEntry:
    facts = {"destination": one.delivery.destination, "key": one.delivery.key, "target": one.delivery.target}
    if one.error is None:
        return context.entry("delivered", one.transfer, new=facts)
    failed = context.entry("delivery-failed", one.transfer, new={**facts, "try": one.delivery.tries})
    return dataclasses.replace(failed, outcome=str(one.error))


def finish(context: Context, route: Route) -> None:
    """Plan the archiving of every DELIVERING transfer whose last delivery is confirmed."""
    with context.ledger.read() as connection:
        if not transfers.delivered_everywhere(connection, route.name):
            return
    taken: set[str] = set()
    with context.ledger.write() as connection:
        done = transfers.delivered_everywhere(connection, route.name)
        planned = [plan_settlement(context, row, Disposition.PROCESSED, taken) for row in done]
        transfers.update(connection, planned, expected=State.DELIVERING)
