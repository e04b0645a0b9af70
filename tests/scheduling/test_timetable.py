"""The timetable wakes routes when they are due, and only then."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from gateway.config.settings import Blackout, Calendar, FolderSource, Route, Schedule, Site
from gateway.scheduling.timetable import Timetable
from gateway.scheduling.triggers import Every

SECOND = timedelta(seconds=1)


def route(name: str, plan: Schedule | None = None, *, enabled: bool = True) -> Route:
    """Return a route with ``plan``."""
    return Route(
        name, "mes", "bom", FolderSource(Path("/x")), (), schedule=plan or Schedule(), enabled=enabled
    )


def site(*routes: Route, interval: float = 3600.0) -> Site:
    """Return a site of ``routes``."""
    calendars = (Calendar("never", frozenset()), Calendar("always"))
    return Site("Plant", Path("/site"), routes, interval_seconds=interval, calendars=calendars)


class Clock:
    """The machine's clock, set back by as much as a test says."""

    def __init__(self) -> None:
        self.back = timedelta()

    def __call__(self) -> datetime:
        """Return the time as the clock shows it."""
        return datetime.now(UTC) - self.back


@dataclasses.dataclass
class Bench:
    """A timetable under test, with those that it woke."""

    timetable: Timetable
    woken: queue.Queue[str]
    clock: Clock

    def next(self) -> str:
        """Return who is woken next; fails after a while."""
        return self.woken.get(timeout=10)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A timetable that stops with the test."""
    woken: queue.Queue[str] = queue.Queue()
    clock = Clock()
    timetable = Timetable(woken.put, clock)
    yield Bench(timetable, woken, clock)
    timetable.stop()


def test_routes_are_woken_at_their_interval(bench: Bench) -> None:
    """Every enabled route shall be woken at once and then at its interval, or at that of the site."""
    quick = Schedule(every_seconds=0.05)
    bench.timetable.plan(site(route("quick", quick), route("off", quick, enabled=False), interval=0.1))
    bench.timetable.start()
    assert [bench.next() for _ in range(3)] == ["quick"] * 3
    bench.timetable.plan(site(route("other"), interval=0.1))
    while bench.next() != "other":
        pass
    assert [bench.next() for _ in range(3)] == ["other"] * 3
    assert bench.timetable.next_run("quick") is None
    assert bench.timetable.next_run("off") is None


def test_routes_do_not_all_start_at_once(bench: Bench) -> None:
    """The first passes of many routes shall lie a little apart, and all within some seconds."""
    bench.timetable.plan(site(*(route(f"r{number}") for number in range(10))))
    times = [bench.timetable.next_run(f"r{number}") for number in range(10)]
    assert all(times)
    steps = {(later - earlier) for earlier, later in itertools.pairwise(times) if earlier and later}
    assert all(timedelta(seconds=0.05) < step < timedelta(seconds=0.15) for step in steps)


def test_a_cron_schedule_wakes_at_its_times(bench: Bench) -> None:
    """A route with cron times shall be woken at the next of them, in its time zone."""
    bench.timetable.plan(site(route("r", Schedule(cron="30 6 * * *", time_zone="Asia/Tokyo"))))
    bench.timetable.start()
    due = bench.timetable.next_run("r")
    assert due is not None
    assert (due.astimezone(UTC).hour, due.minute) == (21, 30)
    assert timedelta() < due - datetime.now(UTC) <= timedelta(days=1)
    assert bench.woken.empty()


def test_a_reload_keeps_the_times_of_what_did_not_change(bench: Bench) -> None:
    """A new plan shall move no route whose times are the same, and drop those that are gone."""
    routes = [route(name, Schedule(every_seconds=3600)) for name in ("a", "b", "c")]
    bench.timetable.plan(site(*routes))
    bench.timetable.start()
    assert sorted(bench.next() for _ in range(2)) == ["a", "b"]
    due = bench.timetable.next_run("a")
    changed = dataclasses.replace(routes[1], schedule=Schedule(every_seconds=7200))
    bench.timetable.plan(site(routes[0], changed))
    assert bench.timetable.next_run("a") == due
    assert bench.timetable.next_run("c") is None
    assert bench.next() == "b"


def test_a_route_that_rests_is_left_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A wake during a rest shall be dropped, and the log say once why and until when."""
    caplog.set_level(logging.INFO)
    closed = Schedule(every_seconds=0.02, calendar="never")
    bench.timetable.plan(site(route("resting", closed), route("working", Schedule(every_seconds=0.02))))
    bench.timetable.start()
    assert {bench.next() for _ in range(10)} == {"working"}
    rest = bench.timetable.rest("resting")
    assert rest is not None
    assert bench.timetable.rest("working") is None
    assert bench.timetable.rest("unknown") is None
    said = [vars(record)["fields"] for record in caplog.records if record.getMessage() == "route-rests"]
    assert len(said) == 1
    assert "is no day of the calendar never" in said[0]["reason"]
    assert (said[0]["route"], said[0]["until"]) == ("resting", None)
    assert bench.timetable.next_run("resting") is None


def test_a_rest_ends_with_a_pass(bench: Bench) -> None:
    """A route that missed its time in a rest shall be woken when the rest ends."""
    now = datetime.now(UTC)
    start, end = (now - timedelta(hours=2)).time(), (now + timedelta(hours=2)).time().replace(microsecond=0)
    plan = Schedule(every_seconds=6 * 3600, blackouts=(Blackout(start, end),))
    bench.timetable.plan(site(route("r", plan), route("seen", Schedule(every_seconds=3600))))
    bench.timetable.start()
    assert bench.next() == "seen"
    due = bench.timetable.next_run("r")
    assert due is not None
    assert due.time() == end
    assert bench.woken.empty()
    # and when the rest is no longer configured, at once
    bench.timetable.plan(site(route("r", Schedule(every_seconds=6 * 3600))))
    assert bench.next() == "r"


def test_a_clock_that_was_set_back_delays_nothing(bench: Bench) -> None:
    """Times planned by a clock that was ahead shall be planned anew when it is put right."""
    bench.clock.back = timedelta(days=-3650)
    plans = {"every": Schedule(every_seconds=3600), "cron": Schedule(cron="0 * * * *")}
    bench.timetable.plan(site(*(route(name, plan) for name, plan in plans.items())))
    for name in plans:
        due = bench.timetable.next_run(name)
        assert due is None or due > datetime.now(UTC) + timedelta(days=3000)
    bench.timetable.start()
    bench.clock.back = timedelta()
    bench.timetable.plan(site(*(route(name, plan) for name, plan in plans.items()), route("new")))
    assert bench.next() == "new"
    for name in plans:
        due = bench.timetable.next_run(name)
        assert due is not None
        assert due <= datetime.now(UTC) + timedelta(seconds=3601)


def test_a_fault_in_one_wake_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """A wake that fails shall be logged, and the timetable go on."""
    woken: queue.Queue[str] = queue.Queue()

    def wake(name: str) -> None:
        if name == "bad":
            raise RuntimeError("broken")
        woken.put(name)

    timetable = Timetable(wake)
    plan = Schedule(every_seconds=0.02)
    timetable.plan(site(route("bad", plan), route("good", plan)))
    timetable.start()
    try:
        assert [woken.get(timeout=10) for _ in range(3)] == ["good"] * 3
    finally:
        timetable.stop()
    assert "route bad could not be woken" in caplog.text


def test_a_wake_may_ask_for_the_next_time() -> None:
    """Whoever is woken shall be free to wait for somebody who asks the timetable."""
    answers: queue.Queue[datetime | None] = queue.Queue()

    def wake(name: str) -> None:
        other = threading.Thread(target=lambda: answers.put(timetable.next_run(name)))
        other.start()
        other.join()

    timetable = Timetable(wake)
    timetable.plan(site(route("r")))
    timetable.start()
    try:
        assert answers.get(timeout=10)
    finally:
        timetable.stop()


def test_nothing_is_left_when_it_stops() -> None:
    """Timetables that came and went shall leave no thread, also those that never started."""
    before = threading.active_count()
    for _ in range(20):
        timetable = Timetable(lambda _route: None)
        timetable.plan(site(route("r")))
        timetable.start()
        timetable.stop()
        timetable.stop()
    Timetable(lambda _route: None).stop()
    assert threading.active_count() == before


@pytest.mark.parametrize("seconds", [0.1, 0.05, 1 / 3, 1e-9, 30.0, 3153600000.0])
def test_the_next_time_is_always_later(seconds: float) -> None:
    """Times of an interval shall only grow, also where it is no whole number of anything."""
    first = datetime(2026, 11, 22, tzinfo=UTC)
    trigger = Every(seconds, first)
    due = first
    for _ in range(100 if seconds < 1e9 else 5):
        later = trigger.get_next_fire_time(due, due)
        assert later > due
        due = later
    asleep = first + timedelta(days=10)
    assert asleep < trigger.get_next_fire_time(first, asleep)
    assert trigger.get_next_fire_time(None, first - timedelta(microseconds=1)) == first


def test_the_library_still_works_as_we_use_it() -> None:
    """APScheduler's loop shall call the method that the timetable extends, and wait as long as it says."""
    assert hasattr(BackgroundScheduler, "_process_jobs")
    names = BackgroundScheduler._main_loop.__code__.co_names
    assert {"_process_jobs", "wait"} <= set(names)


def test_times_of_day_of_a_blackout_are_local(bench: Bench) -> None:
    """A blackout shall be in the time zone of the schedule."""
    for zone, rests in (("UTC", True), ("Asia/Tokyo", False)):
        now = datetime.now(UTC)
        around = Blackout((now - 2 * 3600 * SECOND).time(), (now + 2 * 3600 * SECOND).time())
        bench.timetable.plan(site(route("r", Schedule(time_zone=zone, blackouts=(around,)))))
        assert (bench.timetable.rest("r") is not None) is rests
