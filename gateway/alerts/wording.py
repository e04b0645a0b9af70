"""What a message says: for people a subject and a body, for programs the same as data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.printable import printable
from gateway.rules.alert_kinds import KINDS
from gateway.rules.alerts import Alert, Message

_FIRST_WORDS = {"begins": "ALERT", "more": "MORE", "lasts": "STILL", "over": "OVER", "test": "TEST"}
_SUBJECT = 180
_TEXT = 2000
#: Subjects that a summary of withheld messages lists; its count is exact.
LISTED = 20


def message_data(message: Message, *, site: str, host: str, id_: str, now: datetime) -> dict[str, Any]:
    """Return a message as JSON-ready data with its subject and body; nothing in it is secret.

    ``id_`` stays the same however often the message is sent; ``thread`` is the same for all messages
    of one alert to one channel.
    """
    alert = message.alert
    ended = alert.over_at or now
    data: dict[str, Any] = {
        "id": id_,
        "thread": _thread(alert, site, host),
        "site": site,
        "host": host,
        "occasion": message.occasion,
        "kind": alert.kind,
        "key": printable(alert.key),
        "routes": list(alert.routes),
        "text": _shortened(alert.text),
        "since": alert.since.isoformat(),
        "at": now.isoformat(),
        "over_at": alert.over_at.isoformat() if message.occasion == "over" and alert.over_at else None,
        "seconds": max(0, int((ended - alert.since).total_seconds())),
        "times": alert.times,
        "facts": dict(alert.facts),
    }
    data["subject"] = _subject(data)
    data["body"] = "\n".join(_body(data, alert, ended - alert.since)) + "\n"
    return data


def withheld_data(
    before: Mapping[str, Any] | None,
    messages: Sequence[Message],
    *,
    site: str,
    host: str,
    id_: str,
    now: datetime,
    per_hour: int,
) -> dict[str, Any]:
    """Return the summary of messages that were too many for one channel, with those counted ``before``."""
    count = len(messages) + (before["facts"]["count"] if before else 0)
    listed = list(before["facts"]["listed"]) if before else []
    listed += [_shortened(f"{_FIRST_WORDS[one.occasion]} {one.alert.text}", _SUBJECT) for one in messages]
    text = f"{count:,} messages were withheld: this channel is given at most {per_hour} in an hour"
    body = [text + ".", "", *(f"- {one}" for one in listed[:LISTED])]
    if count > LISTED:
        body.append(f"... and {count - LISTED:,} more")
    body += ["", "What is wrong now: gateway alerts list", "Everything else:   gateway status"]
    return {
        "id": before["id"] if before else id_,
        "thread": before["thread"] if before else id_,
        "site": site,
        "host": host,
        "occasion": "withheld",
        "kind": "withheld",
        "text": text,
        "since": before["since"] if before else now.isoformat(),
        "at": now.isoformat(),
        "facts": {"count": count, "listed": listed[:LISTED]},
        "subject": _shortened(f"[{printable(site)}] {count:,} ALERTS withheld", _SUBJECT),
        "body": "\n".join(body) + "\n",
    }


def test_data(*, site: str, host: str, id_: str, channel: str, actor: str, now: datetime) -> dict[str, Any]:
    """Return the message with which somebody tries a channel."""
    text = f"This is a test of channel {channel}, asked for by {printable(actor)}. Nothing is wrong"
    return {
        "id": id_,
        "thread": id_,
        "site": site,
        "host": host,
        "occasion": "test",
        "kind": "test",
        "text": text,
        "since": now.isoformat(),
        "at": now.isoformat(),
        "facts": {},
        "subject": _shortened(f"[{printable(site)}] TEST of alerts", _SUBJECT),
        "body": f"{text}.\n\nSite: {printable(site)} on {host}\n",
    }


def _thread(alert: Alert, site: str, host: str) -> str:
    text = "\0".join((site, host, alert.key, alert.since.isoformat()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _shortened(text: str, most: int = _TEXT) -> str:
    text = printable(text)
    return text if len(text) <= most else text[: most - 3] + "..."


def _subject(data: Mapping[str, Any]) -> str:
    where = f" on {', '.join(data['routes'])}" if data["routes"] else ""
    first = _FIRST_WORDS[data["occasion"]]
    return _shortened(f"[{printable(data['site'])}] {first} {data['kind']}{where}: {data['text']}", _SUBJECT)


def _body(data: Mapping[str, Any], alert: Alert, lasted: timedelta) -> list[str]:
    """Return the lines for people: what, since when, what more is known, where to look."""
    facts = alert.facts
    lines = [data["text"] + ("" if data["text"].endswith((".", "!", "?")) else "."), ""]
    if data["occasion"] == "over":
        ended = alert.over_at or alert.seen_at
        lines.append(f"Over since:  {_moment(ended)}; it lasted {span(lasted)}.")
    else:
        lines.append(f"Since:       {_moment(alert.since)} ({span(lasted)})")
    if alert.times > 1:
        lines.append(f"It went away for a moment and came back {alert.times - 1:,} times.")
    lines.append(f"Site:        {printable(data['site'])} on {data['host']}")
    if alert.routes:
        lines.append(f"Routes:      {', '.join(alert.routes)}")
    kind = KINDS.get(alert.kind)
    lines.append(f"Kind:        {alert.kind}" + (f": {kind.text}" if kind else ""))
    for name, label in (("finding", "What is wrong"), ("error", "Last error")):
        if facts.get(name):
            lines.append(f"{label}: {_shortened(str(facts[name]))}")
    names = facts.get("names") or ()
    if names:
        left = f" and {facts['count'] - len(names):,} more" if facts.get("count", 0) > len(names) else ""
        lines.append(f"Files:       {', '.join(names)}{left}")
    lines += [f"Also:        {_shortened(str(each))}" for each in facts.get("more", ())]
    looks = [facts[name] for name in ("look", "list") if facts.get(name)]
    if looks and data["occasion"] != "over":
        lines += ["", "Where to look:", *(f"  {look}" for look in looks)]
    return lines


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def span(lasted: timedelta) -> str:
    """Return a span of time in its two largest units: ``3 d 4 h``, ``12 min 5 s``."""
    left = max(0, int(lasted.total_seconds()))
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
