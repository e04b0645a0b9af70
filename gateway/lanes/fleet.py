"""The lanes of a site: who works on what, and who wakes whom.

A route's lane takes files as far as they go on this machine and wakes the lanes of its remote
destinations; each of these delivers, and wakes the route's lane to archive what has arrived everywhere.
So a partner that does not answer costs only the lanes that talk to it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from gateway import pulse
from gateway.config.settings import Route, Site
from gateway.errors import LeaseLost, LedgerError
from gateway.lanes.lane import Lane, Next
from gateway.lanes.posts import Follower, Pass, Post, posts
from gateway.ledger import transfers
from gateway.pipeline import STAGES, Stage, anchor, carry_on, demand_place, renew_formats, run_alone, run_pass
from gateway.rules.schedule import Rest
from gateway.rules.waking import LEAST_SECONDS, LOOKING, Due, Wake, earliest
from gateway.stages.context import Context, Report
from gateway.stages.deliver import deliver, deliver_to, destinations_due, remote_destinations
from gateway.stages.due import delivery_due, route_due
from gateway.stages.expect import expect

#: So many lanes may read and judge files at once: each takes memory and a processor.
_HEAVY = 2
#: Lanes of one site look after changed formats together, no more often than this.
_FORMATS_SECONDS = 1.0
#: A lane asks anew when it is due after the site's interval, within these bounds.
_ASK_SECONDS = (5.0, 60.0)


def deliver_here(context: Context, route: Route, report: Report) -> None:
    """Deliver to what this machine reaches as a folder; what is no longer configured is reported too."""
    remote = remote_destinations(route)
    for name in destinations_due(context, route, context.clock.now()):
        if name not in remote:
            deliver_to(context, route, name, report)


class Fleet:
    """The lanes of one site, from `start` to `stop`; `plan` changes the site under way."""

    def __init__(
        self,
        context: Context,
        follower: Follower,
        *,
        only: str | None = None,
        rest: Callable[[Site, Route, datetime], Rest | None] = lambda _site, _route, _moment: None,
        rest_seconds: float = LEAST_SECONDS,
        is_lasting: bool = True,
    ) -> None:
        """Work with ``context``, on every route or ``only`` one, and tell ``follower``.

        While ``rest`` says that a route rests, its source is not looked at. Lanes that are not to last
        come only when they are woken, never by themselves.
        """
        self._is_lasting = is_lasting
        self._rest = rest
        self._follower, self._only, self._rest_seconds = follower, only, rest_seconds
        self._heavy = threading.BoundedSemaphore(_HEAVY)
        self._context = dataclasses.replace(context, heavy=self._heavy)
        self._lock = threading.Lock()  # of all lanes
        self._planning = threading.Lock()
        self._formats, self._formats_seen = threading.Lock(), 0.0
        self._quiet = threading.Condition(self._lock)
        self._lanes: dict[Post, Lane] = {}
        self._leaving: list[Lane] = []
        self._turns: dict[Post, threading.Lock] = {}
        self._last: dict[Post, tuple[datetime, float]] = {}
        self._put_off: set[Post] = set()  # something came in a rest: a look at its end
        self._begun = context.clock.now()
        self._has_started = False
        stages = list(STAGES)
        stages[stages.index(deliver)] = deliver_here
        stages.insert(stages.index(deliver_here), self._wake_deliveries)
        self._stages: tuple[Stage, ...] = tuple(stages)
        self.plan(context)

    @property
    def context(self) -> Context:
        """What passes that begin now work with."""
        return self._context

    def plan(self, context: Context) -> None:
        """Let every pass that begins from now on work with ``context``; add and remove lanes.

        Passes in work end with what they began with.
        """
        with self._planning:
            self._context = dataclasses.replace(context, heavy=self._heavy)
            context.sharing.plan(context)
            wanted = posts(context.site, self._only)
            for post in [post for post in self._lanes if post not in wanted]:
                lane = self._lanes.pop(post)
                lane.stop()
                self._leaving = [one for one in (*self._leaving, lane) if one.is_alive]
                self._follower.left(post)
            for post in wanted:
                if post not in self._lanes:
                    self._add(post)
                elif self._has_started:
                    self._lanes[post].wake(Wake.RELOAD)

    def _add(self, post: Post) -> None:
        work, due = (
            (self._pass, self._route_due) if post.destination is None else (self._deliver, self._delivery_due)
        )
        # whoever comes back while its old lane still hangs waits for it: never two passes over one route
        self._turns.setdefault(post, threading.Lock())
        lane = Lane(
            post.name,
            functools.partial(work, post),
            functools.partial(self._due, post, due) if self._is_lasting else lambda: None,
            lock=self._lock,
            rested=self._quiet.notify_all,
            rest_seconds=self._rest_seconds,
        )
        self._lanes[post] = lane
        self._follower.joined(post)
        if self._has_started:
            lane.start()
            lane.wake(Wake.START)

    def start(self) -> None:
        """Begin, with what is open already."""
        with self._planning:
            self._has_started = True
            for lane in self._lanes.values():
                lane.start()
                lane.wake(Wake.START)
        self._context.sharing.listen(self._come)

    def _come(self, route: str) -> None:
        """Wake every lane of a route that this node works on from now on."""
        with self._planning:
            for post, lane in self._lanes.items():
                if post.route == route:
                    lane.wake(Wake.START)

    def wake(self, route: str, why: Wake) -> None:
        """Wake the lane of ``route``; none is no error, for a reload may have taken it away."""
        self._wake(Post(route, route), why)

    def _wake(self, post: Post, why: Wake) -> None:
        lane = self._lanes.get(post)
        if lane is not None:
            lane.wake(why)

    def stop(self) -> None:
        """Begin no more passes."""
        with self._planning:
            for lane in self._lanes.values():
                lane.stop()

    def join(self, seconds: float) -> list[str]:
        """Wait at most so long, after `stop`, for passes in work; return the lanes that still work."""
        deadline = time.monotonic() + seconds
        lanes = [*self._lanes.values(), *self._leaving]
        return [lane.name for lane in lanes if not lane.join(max(0.0, deadline - time.monotonic()))]

    def wait_until_quiet(self) -> None:
        """Wait until nothing is in work and nothing asked for."""
        with self._quiet:
            lanes = list(self._lanes.values())
            while not all(lane.is_quiet for lane in lanes):
                self._quiet.wait()

    def revive(self) -> list[str]:
        """Replace the lanes whose threads have ended although nobody stopped them; return their names."""
        with self._planning:
            dead = [post for post, lane in self._lanes.items() if self._has_started and not lane.is_alive]
            for post in dead:
                self._add(post)
        return [post.name for post in dead]

    def _pass(self, post: Post, reasons: tuple[Wake, ...]) -> None:
        """Do one pass over a route: with a look at its source, or over what is open."""
        with self._turns[post], self._turn(post, reasons) as (context, route, others):
            if route is None:
                return
            began = time.monotonic()
            is_whole = self._may_look(context, post, route, reasons)
            work, looked_at = (run_pass, context.clock.now()) if is_whole else (carry_on, None)
            report = Report(route.name)
            with pulse.felt_by(functools.partial(self._follower.lives, post)):
                run_alone(context, route, report, functools.partial(work, stages=self._stages))
                run_alone(context, route, report, functools.partial(expect, looked_at=looked_at))
                anchored = anchor(self._context)
            reports = (report, *others, *anchored)
            self._end(Pass(post, reasons, time.monotonic() - began, reports, is_whole))

    def _deliver(self, post: Post, reasons: tuple[Wake, ...]) -> None:
        """Deliver what is due at one remote destination."""
        with self._turns[post], self._turn(post, reasons) as (context, route, others):
            if route is None:
                return
            began = time.monotonic()
            report = Report(route.name)
            before = _arrived(context, route)
            with pulse.felt_by(functools.partial(self._follower.lives, post)):
                run_alone(context, route, report, functools.partial(_deliver_to, post.destination or ""))
                anchored = anchor(self._context)
            # what had arrived before and is not archived cannot be: that is tried at the route's own times
            if _arrived(context, route) - before:
                self.wake(route.name, Wake.DELIVERED)
            reports = (report, *others, *anchored)
            self._end(Pass(post, reasons, time.monotonic() - began, reports, is_whole=False))

    @contextlib.contextmanager
    def _turn(
        self, post: Post, reasons: tuple[Wake, ...]
    ) -> Iterator[tuple[Context, Route | None, list[Report]]]:
        """Give what a pass works with; no route: it was taken away, or another node works on it."""
        context, route, others = self._prepared(post)
        with context.sharing.turn(post.route, context) as mine:
            if route is not None and mine is not None:
                self._follower.began(post, reasons)
                yield mine, route, others
            else:
                yield context, None, others

    def _may_look(self, context: Context, post: Post, route: Route, reasons: tuple[Wake, ...]) -> bool:
        """Return whether a pass looks at the source; in a rest that is put off to its end."""
        if LOOKING.isdisjoint(reasons):
            return False
        if self._rest_of(context, route) is not None:
            self._put_off.add(post)
            return False
        self._put_off.discard(post)
        return True

    def _prepared(self, post: Post) -> tuple[Context, Route | None, list[Report]]:
        """Return what a pass works with from its beginning to its end; no route: it was taken away."""
        reports: list[Report] = []
        with self._formats:
            context = self._context
            if time.monotonic() - self._formats_seen >= _FORMATS_SECONDS:
                reports = renew_formats(context)
                self._formats_seen = time.monotonic()
            context = dataclasses.replace(context, progress=functools.partial(self._follower.doing, post))
        route = _route(context.site, post)
        return context, route, reports

    def _end(self, done: Pass) -> None:
        if any(isinstance(one.error, LeaseLost) for one in done.reports[0].problems):
            # whoever works on it now tells how it goes; here nothing was proved
            done = dataclasses.replace(done, reports=(Report(done.post.route),), is_whole=False)
        self._last[done.post] = (self._context.clock.now(), done.seconds)
        self._follower.ended(done)

    def _wake_deliveries(self, context: Context, route: Route, _report: Report) -> None:
        """Let the lanes of remote destinations begin while this one goes on."""
        remote = remote_destinations(route)
        due = destinations_due(context, route, context.clock.now()) if remote else ()
        for name in due:
            if name in remote:
                self._wake(Post(f"{route.name} to {name}", route.name, name), Wake.WAITING)

    def _due(self, post: Post, ask: _Asking) -> Next | None:
        """Return when a lane comes by itself: when something is due, else to ask again."""
        context = self._context
        route = _route(context.site, post)
        if route is None:
            return None
        now = context.clock.now()
        if not context.sharing.has(route.name):  # this lane is woken when the route comes here
            self._follower.comes(post, None)
            return Next(_ASK_SECONDS[1], None)
        due = ask(context, post, route)
        if post in self._put_off:
            due = earliest([Due(now, Wake.EVENT), due])
        rest = self._rest_of(context, route) if due is not None and due.why in LOOKING else None
        if due is not None and rest is not None:
            due = None if rest.until is None else dataclasses.replace(due, at=max(due.at, rest.until))
        least, most = _ASK_SECONDS
        longest = min(max(context.site.interval_seconds, least), most)
        self._follower.comes(post, due.at if due else None)
        if due is None or (seconds := (due.at - now).total_seconds()) > longest:
            return Next(longest, None)
        return Next(seconds, due.why)

    def _rest_of(self, context: Context, route: Route) -> Rest | None:
        return self._rest(context.site, route, context.clock.now())

    def _route_due(self, context: Context, post: Post, route: Route) -> Due | None:
        return route_due(context, route, *self._last.get(post, (self._begun, 0.0)))

    def _delivery_due(self, context: Context, post: Post, route: Route) -> Due | None:
        since, _seconds = self._last.get(post, (self._begun, 0.0))
        return delivery_due(context, route, [post.destination or ""], since)


class _Asking(Protocol):
    def __call__(self, context: Context, post: Post, route: Route) -> Due | None: ...


def _route(site: Site, post: Post) -> Route | None:
    return next((route for route in site.routes if route.name == post.route and route.enabled), None)


def _arrived(context: Context, route: Route) -> set[str]:
    """Return what is at all its destinations and not archived; nothing where the ledger cannot be read."""
    with contextlib.suppress(LedgerError), context.ledger.read() as connection:
        return {row.id for row in transfers.delivered_everywhere(connection, route.name)}
    return set()


def _deliver_to(destination: str, context: Context, route: Route, report: Report) -> None:
    demand_place(context, route)
    deliver_to(context, route, destination, report)
