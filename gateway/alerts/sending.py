"""Sending what the desk wrote: at least once, in order for each channel, and never in anybody's way.

A message is tried until it is a day old. While one is refused, those behind it on its channel wait:
a channel that is down costs one try at a time, and no other channel waits for it. That alerts cannot
be sent is no alert itself; `status`, `gateway health` and the metrics say it.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.alerts import command, email, webhook
from gateway.alerts.desk import Parts
from gateway.config.settings import Channel, EmailChannel, RetryPolicy, WebhookChannel
from gateway.errors import AlertUndelivered
from gateway.events import event
from gateway.ledger import alerts as store
from gateway.ledger.alerts import Stored
from gateway.rules import retry

_POLICY = RetryPolicy(first_seconds=15.0, cap_seconds=600.0)
#: A message that could not be sent for so long is given up; the alert itself stays on the list.
GIVEN_UP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the messages that were due."""

    sent: int = 0
    failed: int = 0
    next_due: datetime | None = None  #: when the next try of what is left is due


def send(channel: Channel, message: Mapping[str, Any]) -> str | None:
    """Send one message over ``channel`` now; return what there is to remark, such as a refused recipient.

    Raises AlertUndelivered.
    """
    if isinstance(channel, EmailChannel):
        return email.send(channel, message)
    if isinstance(channel, WebhookChannel):
        webhook.send(channel, message)
    else:
        command.send(channel, message)
    return None


def reach(channel: Channel) -> None:
    """Go as far with ``channel`` as without sending anything; raises AlertUndelivered."""
    if isinstance(channel, EmailChannel):
        email.reach(channel)
    elif isinstance(channel, WebhookChannel):
        webhook.reach(channel)
    else:
        command.reach(channel)


def send_due(parts: Parts, *, seconds: float = 60.0, stopping: Callable[[], bool] = lambda: False) -> Sent:
    """Send what is due, and write down after each message what became of it.

    No try begins later than ``seconds`` after the call, or once ``stopping`` says so. Raises
    LedgerError. Each try is noted before it is made: with a ledger that takes nothing no message goes
    out. One that went out and could not be noted goes out again when its next try is due, with the same id.
    """
    deadline = time.monotonic() + seconds
    sent = failed = 0
    with parts.ledger.read() as connection:
        waiting = store.unsent(connection)
    channels = {one.name: one for one in parts.site.channels}
    for name in dict.fromkeys(one.channel for one in waiting):
        mine = [one for one in waiting if one.channel == name]
        for one in mine:
            now = parts.clock.now()
            if stopping() or time.monotonic() >= deadline:
                break
            if not _is_due(one, now):
                if one.tries:
                    break
                continue  # a summary that waits for its hour keeps nobody back
            begun = _begun(parts, one, now)
            after = _tried(begun, channels.get(name), now)
            with parts.ledger.write() as connection:
                store.put(connection, after)
            sent += after.sent_at is not None and after.last_error is None
            failed += after.last_error is not None
            if after.sent_at is None:
                break
    return Sent(sent, failed, next_due(parts))


def next_due(parts: Parts) -> datetime | None:
    """Return when the next message may be sent; None if nothing waits."""
    with parts.ledger.read() as connection:
        waiting = store.unsent(connection)
    heads: dict[str, datetime] = {}
    stopped: set[str] = set()
    for one in waiting:
        if one.channel in stopped:
            continue
        due = one.next_try_at or one.written_at
        heads[one.channel] = min(heads.get(one.channel, due), due)
        if one.tries:
            stopped.add(one.channel)
    return min(heads.values(), default=None)


def _is_due(one: Stored, now: datetime) -> bool:
    moment = one.next_try_at
    if moment is None or moment <= now:
        return True
    # a summary waits for up to an hour; anything later was written by a clock that was set back since
    return moment > now + timedelta(hours=1) + timedelta(seconds=_POLICY.cap_seconds)


def _begun(parts: Parts, one: Stored, now: datetime) -> Stored:
    """Note that a message is tried now and when it is tried next; return it as it stands by then."""
    again = retry.next_try(_POLICY, one.tries + 1, now, random.random())  # noqa: S311 - jitter
    begun = dataclasses.replace(one, tries=one.tries + 1, next_try_at=again)
    with parts.ledger.write() as connection:
        store.put(connection, begun)
        return dataclasses.replace(begun, message=store.message_of(connection, one.id))


def _tried(tried: Stored, channel: Channel | None, now: datetime) -> Stored:
    """Send one message and return it with what became of it."""
    if channel is None:
        return _left(tried, "The channel is no longer configured", now)
    try:
        remark = send(channel, tried.message)
    except AlertUndelivered as error:
        return _refused(tried, error.lines()[0], now)
    except Exception as error:  # noqa: BLE001 - one channel's fault must not silence the others
        # without its text, which nobody has cleared of secrets
        return _refused(tried, f"{type(error).__name__} in the gateway itself", now)
    if remark:
        event("channel-remarked", channel=tried.channel, error=remark)
    return dataclasses.replace(tried, sent_at=now, next_try_at=None, last_error=remark)


def _refused(tried: Stored, reason: str, now: datetime) -> Stored:
    """Return a message that its channel did not take: tried again later, or given up after its time."""
    until = tried.next_try_at
    event("channel-failed", channel=tried.channel, tries=tried.tries, until=until, error=reason)
    if now - tried.written_at >= GIVEN_UP:
        return _left(tried, f"given up after {tried.tries} tries: {reason}", now)
    return dataclasses.replace(tried, last_error=reason)


def _left(one: Stored, why: str, now: datetime) -> Stored:
    """Return the message as one that is not tried again; its error says that it never arrived."""
    return dataclasses.replace(one, sent_at=now, next_try_at=None, last_error=why)


def channel_of(channels: Sequence[Channel], name: str) -> Channel | None:
    """Return the channel called ``name``."""
    return next((one for one in channels if one.name == name), None)
