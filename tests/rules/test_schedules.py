"""Calendars, rests, expectations and unusual files: decisions in local time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.rules import expectations
from gateway.rules.calendars import Calendar, parse_span, works
from gateway.rules.expectations import Expectation, Window
from gateway.rules.schedule import Blackout, Rest, rest
from gateway.rules.shell_overlap import may_overlap
from gateway.rules.unusual import Measures, UnusualPolicy, unusual

BERLIN = ZoneInfo("Europe/Berlin")
SHIFTS = Calendar(
    "shifts",
    frozenset(range(5)),
    closed=((date(2026, 12, 24), date(2027, 1, 6)), (date(2026, 5, 1), date(2026, 5, 1))),
    opened=((date(2026, 12, 28), date(2026, 12, 28)), (date(2026, 11, 21), date(2026, 11, 21))),
)


def local(text: str, fold: int = 0) -> datetime:
    """Return the moment at which clocks in Berlin show ``text``."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


# Calendars


@pytest.mark.parametrize(
    ("day", "works_then"),
    [
        ("2026-11-20", True),
        ("2026-11-21", True),  # a Saturday that is opened
        ("2026-11-22", False),
        ("2026-05-01", False),
        ("2026-12-23", True),
        ("2026-12-24", False),
        ("2026-12-28", True),  # opened within what is closed
        ("2027-01-06", False),
        ("2027-01-07", True),
    ],
)
def test_a_calendar_knows_its_days(day: str, works_then: bool) -> None:
    """A plant shall work on its weekdays but for closed days, and on opened days whatever they are."""
    assert works(SHIFTS, date.fromisoformat(day)) is works_then
    assert works(None, date.fromisoformat(day))


@pytest.mark.parametrize("text", ["2026-02-30", "2026-12-24..2026-12-23", "24.12.2026", "", "2026-12-24.."])
def test_what_is_no_span_of_days_is_refused(text: str) -> None:
    """Days that there are not and spans that run backwards shall be refused."""
    if text.endswith(".."):
        assert parse_span(text) == (date(2026, 12, 24),) * 2
        return
    with pytest.raises(ValueError, match=r"there is no day|ends before"):
        parse_span(text)


# Rests

NIGHT = Blackout(time(22), time(6))
MONDAYS = Blackout(time(23), time(1), frozenset({0}))


@pytest.mark.parametrize(
    ("blackouts", "moment", "until"),
    [
        ((NIGHT,), "2026-11-20T21:59:59", None),
        ((NIGHT,), "2026-11-20T22:00", "2026-11-21T06:00"),
        ((NIGHT,), "2026-11-20T05:59:59", "2026-11-20T06:00"),
        ((NIGHT,), "2026-11-20T06:00", None),
        ((MONDAYS,), "2026-11-23T23:30", "2026-11-24T01:00"),
        ((MONDAYS,), "2026-11-24T00:30", "2026-11-24T01:00"),
        ((MONDAYS,), "2026-11-24T23:30", None),
        ((MONDAYS,), "2026-11-23T00:30", None),
        # one that follows another is one rest
        ((NIGHT, Blackout(time(6), time(7))), "2026-11-20T23:00", "2026-11-21T07:00"),
        # clocks are put forward at 02:00
        ((Blackout(time(2, 15), time(3, 30)),), "2026-03-29T03:00", "2026-03-29T03:30"),
        ((Blackout(time(1), time(2, 30)),), "2026-03-29T01:30", "2026-03-29T03:00"),
        ((Blackout(time(2, 15), time(2, 45)),), "2026-03-29T03:20", None),
        ((Blackout(time(2, 15), time(2, 45)),), "2026-03-29T01:59", None),
        # and back at 03:00: the rest lasts until clocks show its end for the last time
        ((Blackout(time(2, 15), time(2, 45)),), "2026-10-25T02:15", "2026-10-25T02:45+01:00"),
    ],
)
def test_a_route_rests_in_its_blackouts(
    blackouts: tuple[Blackout, ...], moment: str, until: str | None
) -> None:
    """A blackout shall last from its beginning to its end in local time, whatever the clocks do."""
    found = rest(blackouts, None, BERLIN, local(moment))
    if until is None:
        assert found is None
        return
    assert found is not None
    end = datetime.fromisoformat(until)
    assert found.until == (end if end.tzinfo else local(until))


def test_a_route_rests_on_days_that_are_none_of_its_calendar() -> None:
    """A rest shall go on over weekends and holidays to the first working day, or without end."""
    found = rest((), SHIFTS, BERLIN, local("2026-11-22T12:00"))
    assert found == Rest("sun 2026-11-22 is no day of the calendar shifts", local("2026-11-23T00:00"))
    christmas = rest((), SHIFTS, BERLIN, local("2026-12-29T00:00"))
    assert christmas is not None
    assert christmas.until == local("2027-01-07T00:00")
    assert rest((), SHIFTS, BERLIN, local("2026-11-20T23:59")) is None
    with_night = rest((NIGHT,), SHIFTS, BERLIN, local("2026-11-22T12:00"))
    assert with_night is not None
    assert with_night.until == local("2026-11-23T06:00")  # Sunday's night rest goes on until six
    never = rest((), Calendar("never", frozenset()), BERLIN, local("2026-11-22T12:00"))
    assert never is not None
    assert never.until is None


# Expectations


@pytest.mark.parametrize(
    ("expectation", "calendar", "now", "start", "end"),
    [
        (Expectation(by=time(6, 30)), None, "2026-11-20T06:30", "2026-11-20T00:00", "2026-11-20T06:30"),
        (Expectation(by=time(6, 30)), None, "2026-11-20T06:29", "2026-11-19T00:00", "2026-11-19T06:30"),
        (Expectation(by=time(6, 30), since=time(22)), None, "2026-11-20T07:00", "2026-11-19T22:00",
         "2026-11-20T06:30"),
        # over the weekend Friday counts
        (Expectation(by=time(6, 30)), SHIFTS, "2026-11-23T06:00", "2026-11-21T00:00", "2026-11-21T06:30"),
        (Expectation(by=time(6, 30)), SHIFTS, "2026-11-30T06:00", "2026-11-27T00:00", "2026-11-27T06:30"),
        # periods of a day
        (Expectation(per_seconds=14400, start=time(6), end=time(22)), None, "2026-11-20T10:00",
         "2026-11-20T06:00", "2026-11-20T10:00"),
        (Expectation(per_seconds=14400, start=time(6), end=time(22)), None, "2026-11-20T09:59",
         "2026-11-19T18:00", "2026-11-19T22:00"),
        (Expectation(per_seconds=18000, start=time(6), end=time(22)), None, "2026-11-20T23:00",
         "2026-11-20T16:00", "2026-11-20T21:00"),
        (Expectation(per_seconds=14400, start=time(22), end=time(6)), None, "2026-11-20T03:00",
         "2026-11-19T22:00", "2026-11-20T02:00"),
        (Expectation(per_seconds=14400), None, "2026-11-20T00:00", "2026-11-19T20:00", "2026-11-20T00:00"),
        # the day on which clocks are put forward has 23 hours; a time that there is not comes after the gap
        (Expectation(per_seconds=14400), None, "2026-03-30T00:00", "2026-03-29T17:00", "2026-03-29T21:00"),
        (Expectation(by=time(2, 30)), None, "2026-03-29T03:00", "2026-03-29T00:00", "2026-03-29T03:00"),
        (Expectation(by=time(2, 30)), None, "2026-10-25T02:30", "2026-10-25T00:00", "2026-10-25T02:30"),
    ],
)  # fmt: skip
def test_the_last_window_that_has_ended_is_due(
    expectation: Expectation, calendar: Calendar | None, now: str, start: str, end: str
) -> None:
    """What should have come shall be looked for in the newest window that is over, on the calendar's days."""
    found = expectations.due(expectation, calendar, BERLIN, local(now))
    assert found == Window(local(start), local(end))


def test_nothing_is_due_on_a_calendar_without_days() -> None:
    """An expectation that never holds shall miss nothing."""
    expectation = Expectation(by=time(6))
    assert (
        expectations.due(expectation, Calendar("n", frozenset()), BERLIN, local("2026-11-20T12:00")) is None
    )


def test_a_window_that_the_clocks_skip_is_none() -> None:
    """Where the clocks skip both ends of a window nothing shall be missed; the next end is the next day's."""
    skipped = Expectation(by=time(2, 45), since=time(2, 15))
    morning, before = local("2026-03-29T06:00"), local("2026-03-28T02:45")
    assert expectations.due(skipped, None, BERLIN, morning) == Window(local("2026-03-28T02:15"), before)
    assert expectations.next_end(skipped, None, BERLIN, before) == local("2026-03-30T02:45")


def test_what_is_missing_is_told_in_words() -> None:
    """Too few files shall be told with the window in local time; enough shall be nothing."""
    window = Window(local("2026-11-20T00:00"), local("2026-11-20T06:30"))
    expectation = Expectation(at_least=2, by=time(6, 30))
    now = window.end
    assert expectations.missing(expectation, window, 2, (), now) is None
    found = expectations.missing(expectation, window, 1, (), now)
    assert found is not None
    text = "2 files expected from 2026-11-20 00:00 by 2026-11-20 06:30, 1 came"
    assert expectations.describe(expectation, found, BERLIN) == text
    period = Expectation(per_seconds=3600)
    none = expectations.missing(period, window, 0, (), now)
    assert none is not None
    text = "1 file expected from 2026-11-20 00:00 until 2026-11-20 06:30, none came"
    assert expectations.describe(period, none, BERLIN) == text


# Unusual files

HISTORY = [Measures(1000 + number, 100) for number in range(11)]


@pytest.mark.parametrize(
    ("size", "records", "said"),
    [
        (1005, 100, []),
        (5025, 500, []),
        (201, 20, []),
        (5026, 100, ["5,026 bytes, more than 5 times the median of 1,005 in the 11 files before"]),
        (0, None, ["0 bytes, less than 1/5 of the median of 1,005 in the 11 files before"]),
        (1005, 501, ["501 records, more than 5 times the median of 100 in the 11 files before"]),
    ],
)
def test_a_file_unlike_those_before_it_is_unusual(size: int, records: int | None, said: list[str]) -> None:
    """A size or count beyond the factor shall be told with its numbers, anything within it not."""
    policy = UnusualPolicy(size_factor=5, records_factor=5)
    assert unusual(policy, HISTORY, Measures(size, records)) == said


def test_a_short_history_says_nothing() -> None:
    """With too few files before it no file shall be unusual, nor with no factor given."""
    assert unusual(UnusualPolicy(size_factor=5), HISTORY[:9], Measures(10**9, None)) == []
    assert unusual(UnusualPolicy(size_factor=5, at_least=0), [], Measures(10**9, None)) == []
    assert unusual(UnusualPolicy(), HISTORY, Measures(10**9, 10**9)) == []
    uncounted = [Measures(1000, None)] * 20
    assert unusual(UnusualPolicy(records_factor=2), uncounted, Measures(1, 10**6)) == []
    huge = unusual(UnusualPolicy(size_factor=2), HISTORY, Measures(10**30, None))
    assert huge[0].startswith("1,000,000,000,000")


# Patterns


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("*", "anything", True),
        ("*.xml", "*.csv", False),
        ("*.xml", "ORD*", True),
        ("A*B", "*C", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*", "", True),
        ("**a**", "b*a", True),
        ("[0-9]x", "ax", True),  # a set counts as anything
        ("[!a]", "bb", False),
        ("[]]x", "yx", True),
        ("[", "[", True),
        ("*.csv", "*.csv.done", False),
        ("A", "a", False),
        ("a" * 200 + "*", "*" + "a" * 200 + "b", True),
    ],
)
def test_patterns_that_may_fit_one_name(one: str, other: str, overlap: bool) -> None:
    """Two shell patterns shall be said to overlap wherever one name can have both."""
    assert may_overlap(one, other) is overlap
    assert may_overlap(other, one) is overlap


@pytest.mark.parametrize("night", ["2026-03-28T20:00", "2026-10-24T20:00"])
def test_blackouts_that_meet_leave_no_gap(night: str) -> None:
    """A route that rests all day shall rest in every minute of a night in which clocks change."""
    always = (Blackout(time(0), time(2, 30)), Blackout(time(2, 30), time(0)))
    for minute in range(0, 12 * 60, 30):
        found = rest(always, None, BERLIN, local(night) + timedelta(minutes=minute))
        assert found is not None
        assert found.until is None
