"""DELIVERING transfers go to each of their destinations, once, and then towards the archive.

The stage SHALL commit that a parcel is staged before it gives it its final name, and that it is
delivered only after the rename is synced. On a strict stream it SHALL NOT publish a file at a
destination before its predecessors there. A destination that fails SHALL cost its own deliveries
a later try and nothing else.
"""

from __future__ import annotations

from datetime import datetime

from gateway.config.settings import Destination as DestinationSettings
from gateway.config.settings import RetryPolicy, SftpDestination
from gateway.custody.names import archive_name
from gateway.destinations import Parcel
from gateway.ledger import deliveries, transfers
from gateway.model import Delivery, DeliveryState, Disposition, State, Transfer
from gateway.rules import retry
from gateway.rules.sequence import Model, Order
from gateway.stages.context import Context, Report, Route
from gateway.stages.hand_over import Try, hand_over
from gateway.stages.settle import plan_settlement


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
    # One moment for the whole stage: what fails now is not due again before the others had their turn.
    now = context.clock.now()
    for name in destinations_due(context, route, now):
        _deliver_due(context, route, name, now, report)


def deliver_to(context: Context, route: Route, destination: str, report: Report) -> None:
    """Try every delivery to one destination of the route that is due, in order.

    Several threads may do so at once, each for another destination or route.
    """
    _deliver_due(context, route, destination, context.clock.now(), report)


def remote_destinations(route: Route) -> tuple[str, ...]:
    """Return the names of the route's destinations that are reached over a network connection."""
    return tuple(one.name for one in route.destinations if isinstance(one, SftpDestination))


def _deliver_due(context: Context, route: Route, name: str, now: datetime, report: Report) -> None:
    settings = {destination.name: destination for destination in route.destinations}.get(name)
    retries = settings.retry if settings else RetryPolicy()
    tried: set[str] = set()
    while not context.stopping() and (group := _due(context, route, name, retries, now, tried)):
        handed = hand_over(context, route.name, settings, group, report)
        if not handed:
            return
        tried.update(one.transfer.id for one in group[:handed])


def destinations_due(context: Context, route: Route, now: datetime) -> list[str]:
    """Return the destinations that have a delivery due at ``now``, those no longer configured too."""
    policies = [RetryPolicy(), *(destination.retry for destination in route.destinations)]
    latest = min(retry.latest_try(policy, context.clock.now()) for policy in policies)
    with context.ledger.read() as connection:
        return deliveries.destinations_due(connection, route.name, now, latest)


def _due(
    context: Context, route: Route, destination: str, retries: RetryPolicy, now: datetime, tried: set[str]
) -> list[Try]:
    """Return the next deliveries due at ``now`` in order, none that this pass has ``tried`` already."""
    limits = context.site.limits
    query = deliveries.due_in_order if _is_strict(route) else deliveries.due
    latest = retry.latest_try(retries, context.clock.now())
    with context.ledger.read() as connection:
        due = query(connection, route.name, destination, now, limits.batch_files + len(tried), latest)
        owners = transfers.get_many(connection, [one.transfer for one in due])
    group: list[Try] = []
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


def _try(context: Context, route: Route, delivery: Delivery, owner: Transfer) -> Try:
    parcel = _parcel(context, route, delivery, owner)
    return Try(delivery, owner, parcel, is_resumed=delivery.state is DeliveryState.STAGED)


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


def finish(context: Context, route: Route) -> None:
    """Plan the archiving of every DELIVERING transfer whose last delivery is confirmed."""
    with context.ledger.read() as connection:
        if not transfers.is_any_delivered_everywhere(connection, route.name):
            return
    taken: set[str] = set()
    with context.ledger.write() as connection:
        done = transfers.delivered_everywhere(connection, route.name)
        planned = [plan_settlement(context, row, Disposition.PROCESSED, taken) for row in done]
        transfers.update(connection, planned, expected=State.DELIVERING)
