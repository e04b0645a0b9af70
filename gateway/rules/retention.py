"""For how long settled files are kept, and what may be removed: PURE, times as arguments.

- Without a rule that fits, a file is kept for ever.
- Where several rules fit, the longest time counts.
- A legal hold keeps a file whatever the rules say, as long as the hold is configured.
- A failed file that nobody has answered is kept: removing it would be abandoning it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.model import Disposition, State, Transfer
from gateway.rules.calendars import Span

_SPAN = re.compile(r"([1-9][0-9]{0,4})([dy])")
_DISPOSITION = {
    State.PROCESSED: Disposition.PROCESSED,
    State.DUPLICATE: Disposition.DUPLICATE,
    State.FAILED: Disposition.FAILED,
}


@dataclass(frozen=True, slots=True)
class Keep:
    """A time for which files are kept: calendar years, or days."""

    years: int = 0
    days: int = 0

    def __str__(self) -> str:
        """Return it as it stands in the configuration."""
        return f"{self.years}y" if self.years else f"{self.days}d"


@dataclass(frozen=True, slots=True)
class KeepRule:
    """How long the files of some dispositions and routes are kept."""

    keep: Keep
    dispositions: tuple[Disposition, ...] = ()  #: none: all
    routes: tuple[str, ...] = ()  #: none: all

    def fits(self, route: str, disposition: Disposition) -> bool:
        """Return whether the rule is about such files."""
        return (not self.dispositions or disposition in self.dispositions) and (
            not self.routes or route in self.routes
        )


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Files that must not be removed, whatever their age."""

    reason: str
    routes: tuple[str, ...] = ()  #: none: all
    arrived: tuple[Span, ...] = ()  #: plant's days of arrival, both ends included; none: all

    def fits(self, route: str, arrived: date) -> bool:
        """Return whether it holds a file of ``route`` that came on that day."""
        is_day = not self.arrived or any(first <= arrived <= last for first, last in self.arrived)
        return is_day and (not self.routes or route in self.routes)


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What the site says about removal."""

    rules: tuple[KeepRule, ...] = ()
    holds: tuple[LegalHold, ...] = ()


def parse_keep(text: str) -> Keep:
    """Return the time that ``10y`` or ``400d`` says; raises ValueError for any other text."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"this is no time to keep files for: {text!r}")
    count = int(match[1])
    return Keep(years=count) if match[2] == "y" else Keep(days=count)


def kept_until(settled_at: datetime, keep: Keep) -> datetime:
    """Return when the time of a file that was settled then is over; the last moment there is, at most."""
    try:
        if not keep.years:
            return settled_at + timedelta(days=keep.days)
        year = settled_at.year + keep.years
        if (settled_at.month, settled_at.day) == (2, 29):
            # a day later where there is no 29 February: never too early
            return settled_at.replace(year=year, month=3, day=1)
        return settled_at.replace(year=year)
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=settled_at.tzinfo)


def latest_settled(policy: RetentionPolicy, route: str, state: State, now: datetime) -> datetime | None:
    """Return when the files settled at the latest whose time may be over now; None: kept for ever."""
    keeps = _keeps(policy, route, state)
    if not keeps:
        return None
    # A day more than the shortest that a year can be: `why_kept` looks at each file exactly.
    longest = max(timedelta(days=keep.days + keep.years * 365 - (1 if keep.years else 0)) for keep in keeps)
    try:
        return now - longest
    except OverflowError:
        return None


def why_kept(policy: RetentionPolicy, row: Transfer, arrived: date, now: datetime) -> str | None:
    """Return why the settled transfer ``row`` must stay; None if it may be removed.

    ``arrived`` is the plant's day of its arrival.
    """
    if row.state not in _DISPOSITION or row.settled_at is None or row.settled_path is None:
        return f"it is {row.state.value}"
    if row.sha256 is None or row.manifest_sha256 is None:
        return "no digest of it is recorded"
    if row.state is State.FAILED and row.superseded_by is None:
        return "it failed, and nobody has answered it"
    keeps = _keeps(policy, row.route, row.state)
    if not keeps:
        return "it is kept for ever"
    until = max(kept_until(row.settled_at, keep) for keep in keeps)
    if until > now:
        return f"it is kept until {until.date().isoformat()}"
    for hold in policy.holds:
        if hold.fits(row.route, arrived):
            return f"it is on legal hold: {hold.reason}"
    return None


def why_changed(planned: tuple[str | None, ...], row: Transfer) -> str | None:
    """Return why ``row`` is not the file that was planned: its path, SHA-256 and manifest's SHA-256."""
    names = ("it lies elsewhere", "it has other bytes", "it has another manifest")
    present = (row.settled_path, row.sha256, row.manifest_sha256)
    return next((name for name, was, now in zip(names, planned, present, strict=True) if was != now), None)


def same_person(one: str, other: str) -> bool:
    """Return whether two names are those of one person, as far as names tell."""
    return one.strip().casefold() == other.strip().casefold()


def _keeps(policy: RetentionPolicy, route: str, state: State) -> list[Keep]:
    return [rule.keep for rule in policy.rules if rule.fits(route, _DISPOSITION[state])]
