"""The desk where everything that is wrong comes together: alerts and messages in one transaction.

`Desk.observe` is called after every pass, in a service and in `run --once` alike. It never sends:
`alerts.sending` does, from the ledger, when and where it hurts nobody.
"""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.alerts import conditions, reported, wording
from gateway.alerts.reported import Pass
from gateway.clock import Clock
from gateway.config.settings import Site
from gateway.ledger import alerts as store
from gateway.ledger.engine import Connection, Ledger
from gateway.ledger.ids import new_id
from gateway.rules.alerts import Alert, Bounds, Condition, Looked, Message, Update, update

_HOUR = timedelta(hours=1)
#: A lasting alert is written again after this time, if only to say that it still lasts.
_SEEN = timedelta(minutes=1)
#: Messages are kept for so long.
_KEEP = timedelta(days=7)


class Parts(Protocol):
    """What of a site at work alerts need; ``stages.context.Context`` has it."""

    @property
    def site(self) -> Site:
        """Its configuration."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


class Desk:
    """Knows what was said of the service itself; everything else stands in the ledger. For many threads."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._lock = threading.Lock()
        self._service: dict[tuple[str, str], Condition] = {}

    def raised(self, condition: Condition) -> None:
        """Note something that is wrong with the service itself, until it is `cleared`."""
        with self._lock:
            self._service[condition.kind, condition.key] = condition

    def cleared(self, kind: str, key: str) -> None:
        """Note that something is wrong no more."""
        with self._lock:
            self._service.pop((kind, key), None)

    def observe(self, parts: Parts, passes: Sequence[Pass] = (), *, whole: bool = True) -> int:
        """Compare what is wrong now with what was told, and write what follows; return messages written.

        ``passes`` are those that ended since; ``whole`` says that they saw their routes from source to
        destination (a lane of deliveries alone does not). Raises LedgerError, with nothing written.
        """
        site, now = parts.site, parts.clock.now()
        seen = frozenset(each.route for each in passes) if whole else frozenset()
        enabled = frozenset(route.name for route in site.routes if route.enabled)
        looked = Looked(routes=seen, configured=enabled)
        with self._lock:  # one comparison at a time, or two lanes would tell the same
            with parts.ledger.read() as connection:
                if self._compared(connection, site, passes, looked, now) is None:
                    return 0
            with parts.ledger.write() as connection:
                # once more, now that nobody else writes: another node may have told of it meanwhile
                found = self._compared(connection, site, passes, looked, now)
                if found is None:
                    return 0
                changed, result, written = found
                store.save(connection, changed)
                store.forget(connection, result.forget)
                self._write(connection, site, result, written, now)
                store.prune(connection, now - _KEEP)
        return len(result.messages)

    def _compared(
        self, connection: Connection, site: Site, passes: Sequence[Pass], looked: Looked, now: datetime
    ) -> tuple[list[Alert], Update, dict[str, list[datetime]]] | None:
        """Return what is to be written, and the messages written of late; None where nothing is new."""
        found = conditions.of_site(site, connection, now)
        found += reported.of_passes(site, passes, connection, now)
        found += self._service.values()
        known = store.load(connection)
        if not found and not known:
            return None
        written = store.written_since(connection, now - _HOUR)
        counts = {name: len(moments) for name, moments in written.items()}
        result = update(known, found, site.alerts, looked, now, counts, self._bounds)
        changed = _changed(known, result.alerts)
        if not (changed or result.forget or result.messages or result.withheld):
            return None
        return changed, result, written

    def _write(
        self,
        connection: Connection,
        site: Site,
        result: Update,
        written: dict[str, list[datetime]],
        now: datetime,
    ) -> None:
        host = socket.gethostname()
        planned = [
            (
                one.alert.key,
                one.channel,
                one.occasion,
                wording.message_data(one, site=site.name, host=host, id_=new_id(now), now=now),
            )
            for one in result.messages
        ]
        store.write_messages(connection, planned, now)
        for channel in dict.fromkeys(one.channel for one in result.withheld):
            mine = [one for one in result.withheld if one.channel == channel]
            # room is there again when the oldest message of the hour is an hour old
            oldest = min(written.get(channel, ()), default=now)
            self._withhold(connection, site, channel, mine, oldest + _HOUR, now)

    def _withhold(
        self,
        connection: Connection,
        site: Site,
        channel: str,
        messages: Sequence[Message],
        until: datetime,
        now: datetime,
    ) -> None:
        """Count ``messages`` in the summary that ``channel`` is given when it may be told again."""
        before = store.summary_of(connection, channel)
        data = wording.withheld_data(
            before.message if before else None,
            messages,
            site=site.name,
            host=socket.gethostname(),
            id_=new_id(now),
            now=now,
            per_hour=self._bounds.per_hour,
        )
        if before is None:
            store.write_messages(connection, [("", channel, store.WITHHELD, data)], now)
            before = store.summary_of(connection, channel)
        if before is not None:
            due = before.next_try_at or until
            store.rewrite(connection, dataclasses.replace(before, message=data, next_try_at=due))


def _changed(known: Sequence[Alert], after: Sequence[Alert]) -> list[Alert]:
    """Return the alerts that are worth a write: not those that only were seen once more just now."""
    before = {one.key: one for one in known}
    changed = []
    for one in after:
        old = before.get(one.key)
        same = old is not None and dataclasses.replace(one, seen_at=old.seen_at) == old
        if old is None or not same or one.seen_at - old.seen_at >= _SEEN:
            changed.append(one)
    return changed
