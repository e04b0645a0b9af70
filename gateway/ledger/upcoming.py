"""What of a route comes due later: looks, tries, deadlines, and what operators asked for meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, func, or_, select

from gateway.ledger.tables import arrivals, circuits, deliveries, remote_files, streams, transfers
from gateway.model import DeliveryState, State
from gateway.rules.circuit import CircuitState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_OPEN = (DeliveryState.PENDING, DeliveryState.STAGED)


def next_delivery(connection: Connection, route: str, destinations: Collection[str]) -> datetime | None:
    """Return the earliest next try of a delivery of ``route`` to one of ``destinations``."""
    present = and_(deliveries.c.transfer == transfers.c.id, deliveries.c.attempt == transfers.c.attempt)
    statement = (
        select(func.min(deliveries.c.next_try_at))
        .select_from(deliveries.join(transfers, present))
        .where(
            deliveries.c.state.in_(_OPEN),
            deliveries.c.destination.in_(destinations),
            transfers.c.state == State.DELIVERING,
            transfers.c.route == route,
        )
    )
    found: datetime | None = connection.execute(statement).scalar()
    return found


def next_acknowledgement(connection: Connection, route: str) -> datetime | None:
    """Return the earliest next try to acknowledge a remote file of ``route``."""
    statement = select(func.min(remote_files.c.next_try_at)).where(remote_files.c.route == route)
    found: datetime | None = connection.execute(statement).scalar()
    return found


def next_deadline(connection: Connection, route: str, now: datetime) -> datetime | None:
    """Return the earliest deadline after ``now`` of a held file of ``route``."""
    statement = select(func.min(transfers.c.held_until)).where(
        transfers.c.route == route, transfers.c.state == State.HELD, transfers.c.held_until > now
    )
    found: datetime | None = connection.execute(statement).scalar()
    return found


def settles_down(connection: Connection, route: str, looks: int, quiet_since: float, boot_id: str) -> bool:
    """Return whether a file waits at the source of ``route`` that may be stable before long.

    It was seen less than ``looks`` times in a row, or has changed after ``quiet_since`` (in seconds since
    the boot ``boot_id``).
    """
    arrived = arrivals.c
    young = or_(
        arrived.looks < looks, and_(arrived.unchanged_since > quiet_since, arrived.boot_id == boot_id)
    )
    # one that stands was judged by its name, or waits for another entry
    statement = select(arrived.name).where(arrived.route == route, arrived.stands.is_(None), young).limit(1)
    return connection.execute(statement).first() is not None


def was_asked(connection: Connection, route: str, since: datetime) -> bool:
    """Return whether an operator asked for something on ``route`` after ``since``."""
    again = select(transfers.c.id).where(
        transfers.c.route == route, transfers.c.state == State.REPLAY, transfers.c.changed_at > since
    )
    decided = select(streams.c.stream).where(streams.c.route == route, streams.c.changed_at > since)
    return any(connection.execute(each.limit(1)).first() is not None for each in (again, decided))


def was_called(connection: Connection, place: str, since: datetime) -> bool:
    """Return whether somebody let ``place``, which was left alone, be asked again after ``since``."""
    called = select(circuits.c.place).where(
        circuits.c.place == place,
        circuits.c.state == CircuitState.OPEN.value,
        circuits.c.changed_at > since,
        circuits.c.next_probe_at <= circuits.c.changed_at,
    )
    return connection.execute(called).first() is not None
