"""Who is told what, and when: pure decisions over what is wrong now and what was said of it before.

- What lasts is one alert: a condition is known by its key, however many files it concerns.
- An alert is told once when it begins, again when there is news of it (at most every ten minutes), again
  as a reminder as long as it lasts, and once when it is over.
- It is over when it was looked for and not found. That is told when it has not been seen for ten minutes:
  what comes back sooner goes on as the same alert, and nobody is told anything wrong in between.
- What was not looked at (another route's pass) is not over.
- A channel is given a bounded number of messages in an hour, and no more wait for one that is down; the
  rest is told in one summary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from gateway.rules.alert_kinds import KINDS, Origin

__all__ = ["KINDS", "Alert", "Bounds", "Condition", "Looked", "Message", "Told", "Update", "update"]


class Rule(Protocol):
    """Who is told of what; ``config.settings.AlertRule`` is one."""

    @property
    def to(self) -> tuple[str, ...]:
        """Names of channels."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of alerts; none: all."""
        ...

    @property
    def routes(self) -> tuple[str, ...]:
        """Routes; none: all, and what belongs to no route."""
        ...

    @property
    def remind_seconds(self) -> float | None:
        """After which what lasts is told again; None: never."""
        ...

    @property
    def recovery(self) -> bool:
        """Whether it is told when it is over."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now."""

    kind: str
    key: str  #: what tells it from every other condition of its kind
    text: str  #: one sentence for people
    routes: tuple[str, ...] = ()  #: that it concerns; none: the site
    facts: Mapping[str, Any] = field(default_factory=dict)  #: names, counts, what to do: JSON-ready
    since: datetime | None = None  #: where that is known; else since it was seen first
    mark: str = ""  #: grows when there is news, such as one more failed file
    begins: bool = True  #: False: it keeps a known alert alive, but another one tells of its cause


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was told last of an alert."""

    at: datetime
    occasion: str
    mark: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that people are told of, from its beginning until its end was told."""

    key: str  #: kind and key of the condition
    kind: str
    text: str
    routes: tuple[str, ...]
    facts: Mapping[str, Any]
    since: datetime
    seen_at: datetime
    mark: str = ""
    times: int = 1  #: how often it began: more than once where it came back soon
    over_at: datetime | None = None
    told: Mapping[str, Told] = field(default_factory=dict)  #: by channel


@dataclass(frozen=True, slots=True)
class Message:
    """One message that one channel shall be given; ``alert`` is as it stands then."""

    channel: str
    occasion: str  #: ``begins``, ``more``, ``lasts`` or ``over``
    alert: Alert


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at: only of this can be said that it is over."""

    ledger: bool = True  #: the state of the site, as the ledger has it
    service: bool = True  #: the state of the service itself
    routes: frozenset[str] = frozenset()  #: whose pass was seen from beginning to end
    configured: frozenset[str] = frozenset()  #: routes that exist and are enabled; others cannot come back

    def covers(self, alert: Alert) -> bool:
        """Return whether ``alert`` would have been found if it were still so."""
        origin = KINDS[alert.kind].origin if alert.kind in KINDS else Origin.LEDGER
        if origin is Origin.LEDGER:
            return self.ledger
        if origin is Origin.SERVICE:
            return self.service
        return all(name in self.routes or name not in self.configured for name in alert.routes)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How people are kept from being told too much."""

    settle: timedelta = timedelta(minutes=10)  #: for so long it must be gone before it counts as over
    news: timedelta = timedelta(minutes=10)  #: at most so often a channel is told of news
    forget_event: timedelta = timedelta(hours=1)  #: after which an event that did not recur is history
    per_hour: int = 20  #: messages to one channel


@dataclass(frozen=True, slots=True)
class Update:
    """What follows: alerts to keep, keys to forget, messages to send, and those that were too many."""

    alerts: tuple[Alert, ...] = ()
    forget: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    withheld: tuple[Message, ...] = ()  #: told in one summary of their channel


def update(
    known: Sequence[Alert],
    found: Sequence[Condition],
    rules: Sequence[Rule],
    looked: Looked,
    now: datetime,
    written: Mapping[str, int],
    bounds: Bounds = Bounds(),
) -> Update:
    """Return what follows from what was found wrong now.

    ``written`` has by channel how many messages it was given in the last hour, or still waits for.
    """
    present = _merged({alert.key: _not_later(alert, now) for alert in known}, found, now)
    missing = {alert.key for alert in known} - {_key(one) for one in found}
    kept: list[Alert] = []
    forget: list[str] = []
    messages: list[Message] = []
    for alert in present.values():
        if alert.key in missing and alert.over_at is None and looked.covers(alert):
            alert = dataclasses.replace(alert, over_at=now)  # noqa: PLW2901 - the alert, one step on
        if alert.over_at is not None and now - alert.seen_at >= _quiet(alert, bounds):
            messages += _recoveries(alert, rules)
            forget.append(alert.key)
            continue
        is_told = alert.over_at is None or _is_event(alert)
        due = list(_due(alert, rules, now, bounds)) if is_told else []
        messages += due
        kept.append(_after(alert, due, now))
    sent, withheld = _bounded(messages, written, bounds)
    return Update(tuple(kept), tuple(forget), tuple(sent), tuple(withheld))


def channels(alert: Alert, rules: Sequence[Rule]) -> dict[str, tuple[float | None, bool]]:
    """Return who is told of ``alert``: by channel the seconds between reminders, and whether of its end."""
    chosen: dict[str, tuple[float | None, bool]] = {}
    for rule in rules:
        if not _concerns(rule, alert):
            continue
        for name in rule.to:
            remind, recovery = chosen.get(name, (None, False))
            reminds = [each for each in (remind, rule.remind_seconds) if each is not None]
            chosen[name] = (min(reminds, default=None), recovery or rule.recovery)
    return chosen


def _concerns(rule: Rule, alert: Alert) -> bool:
    if rule.kinds and alert.kind not in rule.kinds:
        return False
    return not rule.routes or bool(set(rule.routes) & set(alert.routes))


def _key(condition: Condition) -> str:
    return f"{condition.kind} {condition.key}".rstrip()


def _not_later(alert: Alert, now: datetime) -> Alert:
    """Return the alert without times that a clock wrote which has been set back since."""
    told = {
        name: dataclasses.replace(one, at=now) if one.at > now else one for name, one in alert.told.items()
    }
    return dataclasses.replace(
        alert,
        since=min(alert.since, now),
        seen_at=min(alert.seen_at, now),
        over_at=min(alert.over_at, now) if alert.over_at else None,
        told=told,
    )


def _merged(known: dict[str, Alert], found: Sequence[Condition], now: datetime) -> dict[str, Alert]:
    """Return the alerts as they stand with what was found; conditions of one key become one."""
    for one in found:
        key = _key(one)
        before = known.get(key)
        if before is None and not one.begins:
            continue
        if before is None:
            since = min(one.since or now, now)
            known[key] = Alert(key, one.kind, one.text, one.routes, one.facts, since, now, one.mark)
            continue
        known[key] = dataclasses.replace(
            before,
            text=one.text,
            routes=one.routes,
            facts=one.facts,
            seen_at=now,
            mark=max(one.mark, before.mark),
            times=before.times + (before.over_at is not None),
            over_at=None,
        )
    return known


def _quiet(alert: Alert, bounds: Bounds) -> timedelta:
    return bounds.forget_event if _is_event(alert) else bounds.settle


def _recoveries(alert: Alert, rules: Sequence[Rule]) -> Iterator[Message]:
    """Yield the recovery for everybody who was told of it and wants to know; events have none."""
    if _is_event(alert):
        return
    for name, (_remind, recovery) in channels(alert, rules).items():
        if recovery and name in alert.told:
            yield Message(name, "over", alert)


def _due(alert: Alert, rules: Sequence[Rule], now: datetime, bounds: Bounds) -> Iterator[Message]:
    for name, (remind, _recovery) in channels(alert, rules).items():
        told = alert.told.get(name)
        if told is None:
            yield Message(name, "begins", alert)
        elif alert.mark > told.mark and now - told.at >= bounds.news:
            yield Message(name, "more", alert)
        elif remind is not None and (now - told.at).total_seconds() >= remind and not _is_event(alert):
            yield Message(name, "lasts", alert)


def _is_event(alert: Alert) -> bool:
    return alert.kind in KINDS and KINDS[alert.kind].is_event


def _after(alert: Alert, due: Sequence[Message], now: datetime) -> Alert:
    told = {one.channel: Told(now, one.occasion, alert.mark) for one in due}
    return dataclasses.replace(alert, told={**alert.told, **told}) if told else alert


def _bounded(
    messages: Sequence[Message], written: Mapping[str, int], bounds: Bounds
) -> tuple[list[Message], list[Message]]:
    """Part what each channel may still be given this hour from what is too much."""
    counts = dict(written)
    sent: list[Message] = []
    withheld: list[Message] = []
    for one in messages:
        counts[one.channel] = counts.get(one.channel, 0) + 1
        (sent if counts[one.channel] <= bounds.per_hour else withheld).append(one)
    return sent, withheld
