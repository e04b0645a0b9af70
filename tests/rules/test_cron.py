"""Cron patterns mean what crontab(5) says, in any time zone and on the days when clocks change."""

from __future__ import annotations

import itertools
import time as clock
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.rules.cron import Cron, CronError, next_runs, parse

BERLIN = ZoneInfo("Europe/Berlin")


def runs(pattern: str, after: str, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    """Return the next local times with their distance from UTC."""
    found = next_runs(parse(pattern), zone, datetime.fromisoformat(after).replace(tzinfo=zone), count)
    return [f"{one.astimezone(zone):%m-%d %H:%M%z}" for one in found]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("30 6 * * *", ["11-22 06:30+0100", "11-23 06:30+0100"]),
        ("*/10 6-21 * * mon-sat", ["11-23 06:00+0100", "11-23 06:10+0100"]),
        ("0 6 * * 1", ["11-23 06:00+0100", "11-30 06:00+0100"]),
        ("0 6 * * 0", ["11-22 06:00+0100", "11-29 06:00+0100"]),
        ("0 6 * * 7", ["11-22 06:00+0100", "11-29 06:00+0100"]),
        ("0 6 * * SUN", ["11-22 06:00+0100", "11-29 06:00+0100"]),
        ("0 6 * * fri-sun", ["11-22 06:00+0100", "11-27 06:00+0100"]),
        ("0 6 * * 5-7", ["11-22 06:00+0100", "11-27 06:00+0100"]),
        ("0 6 1,15 * *", ["12-01 06:00+0100", "12-15 06:00+0100"]),
        ("0 0 29 2 *", ["02-29 00:00+0100", "02-29 00:00+0100"]),
        ("5-20/5,59 0 1 jan,mar *", ["01-01 00:05+0100", "01-01 00:10+0100"]),
        # both days given: either will do
        ("0 6 24 * tue", ["11-24 06:00+0100", "12-01 06:00+0100"]),
        ("0 6 13 * fri", ["11-27 06:00+0100", "12-04 06:00+0100"]),
        # one begins with a star: both must do
        ("0 6 */2 * mon", ["11-23 06:00+0100", "12-07 06:00+0100"]),
    ],
)
def test_the_fields_mean_what_crontab_says(pattern: str, expected: list[str]) -> None:
    """Names, ranges, steps, both Sundays, and days of month or week shall be those of cron."""
    assert runs(pattern, "2026-11-22T00:00", 2) == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "there are 0"),
        ("@daily", "there are 1"),
        ("* * * * * *", "there are 6"),
        ("60 * * * *", "the minute in column 1: 60 is not from 0 to 59"),
        ("* 24 * * *", "the hour in column 3: 24 is not from 0 to 23"),
        ("* 1,2,x * * *", "the hour in column 7: `x` is no number"),
        ("* * 0 * *", "the day of the month in column 5: 0 is not from 1 to 31"),
        ("* * * foo *", "the month in column 7: `foo` is no name; there are jan, feb"),
        ("* * * * 8", "the weekday in column 9: 8 is not from 0 to 7"),
        ("* jan * * *", "`jan` is no name; there are none here"),
        ("*/0 * * * *", "has a step of 0"),
        ("5/10 * * * *", "`5-59/10` has"),
        ("*-5 * * * *", "is no number, range or step"),
        ("21-6 * * * *", "ends before it begins"),
        ("* * * * sat-mon", "ends before it begins"),
        ("-1 * * * *", "is no number, range or step"),
        ("1,, * * * *", "is no number, range or step"),
        ("\u0661 * * * *", "is no number, range or step"),
        ("99999 * * * *", "is no number, range or step"),
        ("0 0 31 2 *", "the day never comes"),
        ("0 0 31 4,6 *", "the day never comes"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_place(pattern: str, message: str) -> None:
    """Whatever crontab(5) does not know shall be refused with field, column and what is wrong."""
    with pytest.raises(CronError) as refusal:
        parse(pattern)
    assert message in str(refusal.value)


def test_a_time_in_the_missing_hour_runs_once() -> None:
    """A time that the clocks skip shall run once, as much later, and not twice with another one."""
    assert runs("30 2 * * *", "2026-03-28T12:00", 2) == ["03-29 03:30+0200", "03-30 02:30+0200"]
    assert runs("30 2,3 * * *", "2026-03-28T12:00", 2) == ["03-29 03:30+0200", "03-30 02:30+0200"]
    assert runs("*/30 2 * * *", "2026-03-28T12:00", 3) == [
        "03-29 03:00+0200", "03-29 03:30+0200", "03-30 02:00+0200",
    ]  # fmt: skip
    assert runs("0 * * * *", "2026-03-29T00:30", 3) == [
        "03-29 01:00+0100", "03-29 03:00+0200", "03-29 04:00+0200",
    ]  # fmt: skip


def test_a_time_in_the_doubled_hour_runs_once_unless_it_repeats() -> None:
    """A fixed time shall run the first time that clocks show it; a repeating one both times."""
    assert runs("30 2 * * *", "2026-10-24T12:00", 2) == ["10-25 02:30+0200", "10-26 02:30+0100"]
    assert runs("30 * * * *", "2026-10-25T01:45", 3) == [
        "10-25 02:30+0200", "10-25 02:30+0100", "10-25 03:30+0100",
    ]  # fmt: skip
    assert runs("*/30 2 * * *", "2026-10-24T12:00", 5) == [
        "10-25 02:00+0200", "10-25 02:30+0200", "10-25 02:00+0100", "10-25 02:30+0100", "10-26 02:00+0100",
    ]  # fmt: skip


def test_a_day_that_was_skipped_is_made_up_for() -> None:
    """A place that changed sides of the date line shall have its run of the missing day."""
    apia = ZoneInfo("Pacific/Apia")
    assert runs("0 12 * * *", "2011-12-29T00:00", 3, apia) == [
        "12-29 12:00-1000", "12-31 12:00+1400", "01-01 12:00+1400",
    ]  # fmt: skip


#: Nights in which clocks are changed, by an hour and by half an hour, at two and at midnight.
NIGHTS = (
    ("Europe/Berlin", "2026-03-28"),
    ("Europe/Berlin", "2026-10-24"),
    ("America/Sao_Paulo", "2017-10-14"),
    ("America/Sao_Paulo", "2018-02-17"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("Australia/Lord_Howe", "2026-04-04"),
)
PATTERNS = (
    "*/20 * * * *",
    "7 */3 * * *",
    "0,30 2 * * *",
    "45 0-3 * * *",
    "*/15 1-2 */2 * sun",
    "30 0 1-20 * sat",
)


@pytest.mark.parametrize(("zone", "day"), NIGHTS)
def test_runs_agree_with_the_clock_minute_by_minute(zone: str, day: str) -> None:
    """When clocks change, every minute that fits shall be a run, and others only make up for skipped ones."""
    local = ZoneInfo(zone)
    start = datetime.fromisoformat(day).replace(tzinfo=local).astimezone(UTC)
    for cron in map(parse, PATTERNS):
        found = next_runs(cron, local, start - timedelta(minutes=1), 500)
        found = [one for one in found if one < start + timedelta(days=2)]
        fits = list(fitting(cron, local, start))
        assert [one for one in found if one in fits] == fits
        for one in set(found) - set(fits):  # shortly after the clocks were put forward
            offsets = [moment.astimezone(local).utcoffset() for moment in (one - timedelta(hours=2), one)]
            assert offsets[0] != offsets[1]


def fitting(cron: Cron, zone: ZoneInfo, start: datetime) -> Iterator[datetime]:
    """Yield the minutes of two days at which clocks show a time of ``cron``."""
    seen = set()
    for minute in range(2 * 24 * 60):
        moment = start + timedelta(minutes=minute)
        shown = moment.astimezone(zone).replace(tzinfo=None)
        days = (shown.day in cron.days, shown.weekday() in cron.weekdays)
        is_day = any(days) if cron.either_day else all(days)
        is_time = shown.minute in cron.minutes and shown.hour in cron.hours
        if is_day and is_time and (cron.repeats or shown not in seen):
            yield moment
        seen.add(shown)


def test_the_next_run_is_found_quickly() -> None:
    """The rarest pattern and the most frequent one shall both be answered at once."""
    start = clock.process_time()
    assert len(next_runs(parse("0 0 29 2 *"), BERLIN, datetime(2096, 3, 1, tzinfo=UTC), 2)) == 2
    assert len(next_runs(parse("* * * * *"), BERLIN, datetime(2026, 3, 1, tzinfo=UTC), 3000)) == 3000
    assert clock.process_time() - start < 1
    pairs = itertools.pairwise(next_runs(parse("* * * * *"), BERLIN, datetime(2026, 3, 28, tzinfo=UTC), 3000))
    assert {later - earlier for earlier, later in pairs} == {timedelta(minutes=1)}
