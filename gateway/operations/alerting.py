"""Alerts as an operator asks for them: what lasts, what was sent, and a test of a channel."""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.alerts import sending, wording
from gateway.clock import SystemClock
from gateway.config.loading import known_site
from gateway.config.secrets import demand_secrets
from gateway.errors import ActionRefused
from gateway.ledger import alerts
from gateway.ledger.alerts import Stored
from gateway.ledger.ids import new_id
from gateway.model import Actor
from gateway.printable import printable
from gateway.rules.alerts import Alert
from gateway.stages.context import Context


def overview(context: Context, messages: int) -> dict[str, Any]:
    """Return what people are told of, oldest first, and the newest ``messages``: JSON-ready."""
    now = context.clock.now()
    with context.ledger.read() as connection:
        lasting = alerts.load(connection)
        newest = alerts.recent(connection, messages)
    return {"alerts": [_alert(one, now) for one in lasting], "messages": [_message(one) for one in newest]}


def _alert(one: Alert, now: datetime) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "key": printable(one.key),
        "text": printable(one.text),
        "routes": list(one.routes),
        "since": one.since,
        "age_seconds": max(0, int((now - one.since).total_seconds())),
        "seen_at": one.seen_at,
        "times": one.times,
        "over_at": one.over_at,
        "told": sorted(one.told),
    }


def _message(one: Stored) -> dict[str, Any]:
    return {
        "id": one.message["id"],
        "channel": one.channel,
        "occasion": one.occasion,
        "subject": one.message["subject"],
        "written_at": one.written_at,
        "sent_at": one.sent_at,
        "tries": one.tries,
        "next_try_at": one.next_try_at,
        "last_error": printable(one.last_error) if one.last_error else None,
    }


def try_channel(directory: Path, name: str, actor: Actor) -> str | None:
    """Send a test message over the channel called ``name`` now; return what there is to remark.

    Raises ActionRefused for an unknown channel, SecretsMissing where a secret of it cannot be had,
    AlertUndelivered where it takes no message.
    """
    site = known_site(directory)
    channel = sending.channel_of(site.channels, name)
    if channel is None:
        known = ", ".join(one.name for one in site.channels) or "none"
        raise ActionRefused(f"There is no channel {printable(name)!r}", hint=f"Channels: {known}")
    demand_secrets(site, f"alerts.channels.{name}")
    now = SystemClock().now()
    data = wording.test_data(
        site=site.name,
        host=socket.gethostname(),
        id_=new_id(now),
        channel=name,
        actor=actor.name,
        now=now,
    )
    return sending.send(channel, data)
