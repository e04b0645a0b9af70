"""Alerts and their messages: what people were told, what they are still to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, or_, select

from gateway.ledger.encoding import text_time, time_text
from gateway.ledger.statements import in_lists, upsert
from gateway.ledger.tables import alert_messages, alerts
from gateway.rules.alerts import Alert, Told

if TYPE_CHECKING:
    from sqlalchemy import Row

#: The occasion of a message that sums up others, which were too many.
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Stored:
    """One message as it waits to be sent, or was sent."""

    id: int
    alert: str
    channel: str
    occasion: str
    message: Mapping[str, Any]
    written_at: datetime
    sent_at: datetime | None = None
    tries: int = 0
    next_try_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Unsent:
    """What one channel has not been given yet."""

    channel: str
    count: int
    oldest: datetime
    last_error: str | None


_COLUMNS = tuple(alert_messages.c[name] for name in Stored.__slots__)
_UNSENT = alert_messages.c.sent_at.is_(None)


def load(connection: Connection) -> list[Alert]:
    """Return every alert that lasts, or whose end has not been told yet, oldest first."""
    statement = select(alerts).order_by(alerts.c.since, alerts.c.key)
    return [_from_row(row) for row in connection.execute(statement)]


def save(connection: Connection, changed: Sequence[Alert]) -> None:
    """Write alerts, new ones and known ones."""
    upsert(connection, alerts, [_to_row(one) for one in changed])


def forget(connection: Connection, keys: Iterable[str]) -> None:
    """Remove alerts that are over and told."""
    for part in in_lists(sorted(set(keys))):
        connection.execute(sa.delete(alerts).where(alerts.c.key.in_(part)))


def _to_row(one: Alert) -> dict[str, Any]:
    told = {name: [time_text(each.at), each.occasion, each.mark] for name, each in one.told.items()}
    return {
        "key": one.key,
        "kind": one.kind,
        "route": one.routes[0] if len(one.routes) == 1 else None,
        "text": one.text,
        "detail": {"facts": one.facts, "mark": one.mark, "routes": list(one.routes), "told": told},
        "since": one.since,
        "seen_at": one.seen_at,
        "times": one.times,
        "over_at": one.over_at,
    }


def _from_row(row: Row[Any]) -> Alert:
    told = {name: Told(text_time(at), *rest) for name, (at, *rest) in row.detail["told"].items()}
    return Alert(
        key=row.key,
        kind=row.kind,
        text=row.text,
        routes=tuple(row.detail["routes"]),
        facts=row.detail["facts"],
        since=row.since,
        seen_at=row.seen_at,
        mark=row.detail["mark"],
        times=row.times,
        over_at=row.over_at,
        told=told,
    )


def write_messages(
    connection: Connection, planned: Sequence[tuple[str, str, str, Mapping[str, Any]]], now: datetime
) -> None:
    """Write messages to be sent: alert, channel, occasion and what is to be sent of each."""
    last = connection.execute(select(func.max(alert_messages.c.id))).scalar() or 0
    rows = [
        {
            "id": last + number,
            "alert": alert,
            "channel": channel,
            "occasion": occasion,
            "message": message,
            "written_at": now,
            "tries": 0,
        }
        for number, (alert, channel, occasion, message) in enumerate(planned, start=1)
    ]
    if rows:
        connection.execute(sa.insert(alert_messages), rows)


def summary_of(connection: Connection, channel: str) -> Stored | None:
    """Return the summary of withheld messages for ``channel`` that was not tried yet: it can still grow."""
    statement = select(*_COLUMNS).where(
        alert_messages.c.channel == channel, alert_messages.c.occasion == WITHHELD, _UNSENT
    )
    statement = statement.where(alert_messages.c.tries == 0)
    row = connection.execute(statement.limit(1)).first()
    return Stored(*row) if row else None


def rewrite(connection: Connection, one: Stored) -> None:
    """Write the text of a message that was not tried yet, and when it is due."""
    values = {"message": one.message, "next_try_at": one.next_try_at}
    connection.execute(sa.update(alert_messages).where(alert_messages.c.id == one.id).values(values))


def message_of(connection: Connection, id_: int) -> Mapping[str, Any]:
    """Return what is to be sent of the message ``id_``."""
    statement = select(alert_messages.c.message).where(alert_messages.c.id == id_)
    found: Mapping[str, Any] = connection.execute(statement).scalar_one()
    return found


def put(connection: Connection, one: Stored) -> None:
    """Write what became of a message: its tries, times and last error."""
    values = {
        "sent_at": one.sent_at,
        "tries": one.tries,
        "next_try_at": one.next_try_at,
        "last_error": one.last_error,
    }
    connection.execute(sa.update(alert_messages).where(alert_messages.c.id == one.id).values(values))


def written_since(connection: Connection, since: datetime) -> dict[str, list[datetime]]:
    """Return by channel when messages of ``since`` or later, or that wait, were written; oldest first."""
    statement = (
        select(alert_messages.c.channel, alert_messages.c.written_at)
        .where(or_(alert_messages.c.written_at >= since, _UNSENT))
        .order_by(alert_messages.c.written_at)
    )
    found: dict[str, list[datetime]] = {}
    for channel, at in connection.execute(statement):
        found.setdefault(channel, []).append(at)
    return found


def unsent(connection: Connection) -> list[Stored]:
    """Return the messages that wait to be sent, in the order in which they were written."""
    return [
        Stored(*row)
        for row in connection.execute(select(*_COLUMNS).where(_UNSENT).order_by(alert_messages.c.id))
    ]


def unsent_by_channel(connection: Connection) -> list[Unsent]:
    """Return what has been tried and was not sent yet, by channel: alerting itself fails there."""
    found: dict[str, Unsent] = {}
    for one in unsent(connection):
        if one.last_error is None and one.channel not in found:
            continue
        before = found.get(one.channel)
        count, oldest = (before.count, before.oldest) if before else (0, one.written_at)
        error = one.last_error or (before.last_error if before else None)
        found[one.channel] = Unsent(one.channel, count + 1, min(oldest, one.written_at), error)
    return list(found.values())


def recent(connection: Connection, limit: int) -> list[Stored]:
    """Return the newest ``limit`` messages, newest first."""
    statement = select(*_COLUMNS).order_by(alert_messages.c.id.desc()).limit(limit)
    return [Stored(*row) for row in connection.execute(statement)]


def prune(connection: Connection, before: datetime) -> None:
    """Forget messages that were written before ``before`` and are sent or given up."""
    settled = alert_messages.c.sent_at.is_not(None)
    connection.execute(sa.delete(alert_messages).where(settled, alert_messages.c.written_at < before))
