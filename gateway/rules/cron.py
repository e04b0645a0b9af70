"""Times in the five fields of crontab(5): minute, hour, day of the month, month, weekday.

A field is `*`, a number, a range `6-21`, either range with a step `*/10`, or several of them with
commas; months and weekdays have names too, and Sunday is 0 and 7. Where neither of the two fields
for days begins with `*`, a day needs to meet one of them only, as in cron.

When the clocks are put forward, a time in the missing hour runs once, as long after the change as it
lies after the beginning of the gap. When they are put back, a time in the doubled hour runs once, the first
time, unless the minute or the hour begins with `*`: such a pattern runs through both hours.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from gateway.rules.local_time import local_day, moments

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
#: The days of the calendar repeat after so many years at the latest, leap days of a weekday included.
_YEARS = 41
_PART = re.compile(
    r"(?P<first>\*|[0-9]{1,4}|[a-z]{3})(?:-(?P<last>[0-9]{1,4}|[a-z]{3}))?(?:/(?P<step>[0-9]{1,4}))?"
)
_DAYS_FROM_MONDAY = 7


class CronError(ValueError):
    """A text is no times of cron; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Times of day on certain days, every year."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]  #: of the month
    months: frozenset[int]
    weekdays: frozenset[int]  #: 0 is Monday
    either_day: bool  #: a day needs to meet one of ``days`` and ``weekdays`` only
    repeats: bool  #: minute or hour begins with `*`: it goes on through a doubled hour


@dataclass(frozen=True, slots=True)
class _Field:
    """What one of the five fields may hold."""

    word: str
    low: int
    high: int
    names: Sequence[str] = ()  #: the first stands for ``low``


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


def parse(text: str) -> Cron:
    """Return the times that ``text`` means.

    Raises CronError with field and column for what crontab(5) does not know, and for a day that never comes.
    """
    found = [(match.group().lower(), match.start() + 1) for match in re.finditer(r"\S+", text)]
    if len(found) != len(_FIELDS):
        raise CronError(
            f"five fields are needed (minute, hour, day of the month, month, weekday); there are {len(found)}"
        )
    sets = [_values(field, *one) for field, one in zip(_FIELDS, found, strict=True)]
    starred = [part.startswith("*") for part, _column in found]
    cron = Cron(
        text=text,
        minutes=sets[0],
        hours=sets[1],
        days=sets[2],
        months=sets[3],
        weekdays=frozenset((day - 1) % _DAYS_FROM_MONDAY for day in sets[4]),
        either_day=not starred[2] and not starred[4],
        repeats=starred[0] or starred[1],
    )
    if not cron.either_day and all(min(cron.days) > _LONGEST_MONTHS.get(month, 31) for month in cron.months):
        raise CronError("the day never comes: none of the months is so long")
    return cron


def next_runs(cron: Cron, zone: tzinfo, after: datetime, count: int) -> list[datetime]:
    """Return the next ``count`` moments (UTC) later than ``after``; fewer only at the end of the calendar."""
    return list(itertools.islice(_runs(cron, zone, after), count))


def _runs(cron: Cron, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    # from the day before: a skipped day is made up for on the next one
    day = local_day(after, zone) - timedelta(days=1)
    last_year, latest = day.year + _YEARS, after
    while day.year <= min(last_year, date.max.year - 1):
        if _is_due(cron, day):
            last_year = day.year + _YEARS
            for moment in _on(cron, zone, day):
                if moment > latest:
                    latest = moment
                    yield moment
        day += timedelta(days=1)


def _is_due(cron: Cron, day: date) -> bool:
    if day.month not in cron.months:
        return False
    fits = (day.day in cron.days, day.weekday() in cron.weekdays)
    return any(fits) if cron.either_day else all(fits)


def _on(cron: Cron, zone: tzinfo, day: date) -> list[datetime]:
    """Return the moments at which clocks show a time of ``cron`` on ``day``, in order, each once."""
    found: set[datetime] = set()
    for hour, minute in itertools.product(cron.hours, cron.minutes):
        both = moments(datetime.combine(day, time(hour, minute)), zone)
        found.update(both if cron.repeats else both[:1])
    return sorted(found)


def _values(field: _Field, text: str, column: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        try:
            values |= set(_part(field, part))
        except ValueError as error:
            raise CronError(f"the {field.word} in column {column}: {error}") from None
        column += len(part) + 1
    return frozenset(values)


def _part(field: _Field, text: str) -> range:
    match = _PART.fullmatch(text)
    if match is None or (match["first"] == "*" and match["last"]):
        raise ValueError(f"`{text}` is no number, range or step")
    if match["first"] == "*":
        first, last = field.low, field.high
    else:
        first = _number(field, match["first"])
        last = _number(field, match["last"], ends=True) if match["last"] else first
    if match["step"] and match["first"] != "*" and not match["last"]:
        raise ValueError(
            f"`{text}` has a step but no range; `{match['first']}-{field.high}/{match['step']}` has"
        )
    step = int(match["step"] or 1)
    if step == 0:
        raise ValueError(f"`{text}` has a step of 0")
    if last < first:
        raise ValueError(f"`{text}` ends before it begins")
    return range(first, last + 1, step)


def _number(field: _Field, text: str, *, ends: bool = False) -> int:
    if text in field.names:
        number = field.names.index(text) + field.low
        return field.high if ends and number == 0 else number  # `fri-sun` ends with the week
    if not text.isdecimal():
        raise ValueError(f"`{text}` is no name; there are {', '.join(field.names) or 'none here'}")
    number = int(text)
    if not field.low <= number <= field.high:
        raise ValueError(f"{number} is not from {field.low} to {field.high}")
    return number
