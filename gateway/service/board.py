"""What the service is doing now: one line per lane, for health, metrics, systemd and people.

Lanes write, everybody else reads snapshots. A copy goes into the heartbeat file of the site, so that
other processes (`gateway health`) see the same. Ages are told by the clock that counts from the boot
of the machine, which nobody sets: a snapshot says both.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway import __version__
from gateway.custody import writes
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gateway.clock import Clock

#: Writing the heartbeat file costs at most a twentieth of a core, however many lanes there are.
_SHARE = 20
#: A heartbeat file beyond this size is none.
_MOST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LaneState:
    """One lane: who works on what, and since when."""

    name: str  #: ``ROUTE`` or ``ROUTE to DESTINATION``
    kind: str  #: ``route`` (passes), ``delivery`` (one remote destination) or ``alerts``
    route: str  #: empty where the lane belongs to no route
    destination: str | None = None
    running_since: datetime | None = None  #: None while it rests
    doing: str = ""  #: the step in work
    beat: float = 0.0  #: last sign of life while it runs, in seconds since the boot
    last_started: datetime | None = None
    last_ended: datetime | None = None
    last_ok: datetime | None = None  #: end of the last pass without a problem of the route as a whole
    last_error: str | None = None  #: first line of that problem, until it is known to be over
    last_seconds: float | None = None
    passes: int = 0
    next_due: datetime | None = None  #: the next pass, if nothing wakes it before
    reasons: tuple[str, ...] = ()  #: why the last pass was begun


@dataclass(frozen=True, slots=True)
class WatchState:
    """Whether events of one folder wake passes."""

    folder: str
    works: bool
    why: str  #: in words; also where it works


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service and its lanes at one moment."""

    site: str
    pid: int
    host: str
    version: str
    boot_id: str
    started: datetime
    moment: datetime  #: of this snapshot
    beat: float  #: the same in seconds since the boot ``boot_id``
    phase: str = "starting"  #: ``starting``, ``running``, ``reloading`` or ``stopping``
    configuration: str = ""  #: digest
    reloaded: datetime | None = None  #: last change of the configuration
    refused: str | None = None  #: why the last reload was refused, until one is not
    unwritten: str | None = None  #: why the heartbeat file cannot be written
    lanes: tuple[LaneState, ...] = ()
    watches: tuple[WatchState, ...] = ()


@dataclass(slots=True)
class _Shared:
    state: ServiceState
    lanes: dict[str, LaneState] = field(default_factory=dict)


class Board:
    """The present state of a service; safe to share between threads."""

    def __init__(self, site: str, clock: Clock, heartbeat: Path | None = None) -> None:
        """Begin for the site called ``site``; ``heartbeat`` is the file for other processes."""
        self._clock, self._heartbeat = clock, heartbeat
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._good_until = 0.0
        now = clock.now()
        self._shared = _Shared(
            ServiceState(
                site=site,
                pid=os.getpid(),
                host=socket.gethostname(),
                version=__version__,
                boot_id=clock.boot_id(),
                started=now,
                moment=now,
                beat=clock.monotonic(),
            )
        )

    def state(self) -> ServiceState:
        """Return everything as it is now."""
        with self._lock:
            lanes = tuple(self._shared.lanes.values())
            return replace(
                self._shared.state, moment=self._clock.now(), beat=self._clock.monotonic(), lanes=lanes
            )

    def lane(self, name: str) -> LaneState:
        """Return one lane as it is now; KeyError if there is none."""
        with self._lock:
            return self._shared.lanes[name]

    def note(self, **facts: Any) -> None:
        """Change facts of the service as a whole: fields of `ServiceState`."""
        with self._lock:
            self._shared.state = replace(self._shared.state, **facts)

    def add(self, name: str, kind: str, route: str = "", destination: str | None = None) -> None:
        """Add a lane; what is known of one with that name stays."""
        with self._lock:
            self._shared.lanes.setdefault(name, LaneState(name, kind, route, destination))

    def drop(self, name: str) -> None:
        """Forget a lane."""
        with self._lock:
            self._shared.lanes.pop(name, None)

    def began(self, name: str, reasons: tuple[str, ...]) -> None:
        """Note that a lane begins a pass, and why."""
        now = self._clock.now()
        self._change(
            name,
            running_since=now,
            last_started=now,
            next_due=None,
            reasons=reasons,
            doing="",
            beat=self._clock.monotonic(),
        )

    def doing(self, name: str, what: str) -> None:
        """Note a sign of life of a lane at work."""
        self._change(name, doing=what, beat=self._clock.monotonic())

    def lives(self, name: str) -> None:
        """Note that a lane still does what it did."""
        self._change(name, beat=self._clock.monotonic())

    def ended(self, name: str, seconds: float, error: str | None) -> LaneState:
        """Note the end of a pass after ``seconds``; ``error`` is what stops the route as a whole."""
        now = self._clock.now()
        facts: dict[str, Any] = {"last_error": error} if error else {"last_error": None, "last_ok": now}
        with self._lock:
            lane = self._shared.lanes.get(name) or LaneState(name, "route", "")
            lane = replace(
                lane,
                running_since=None,
                doing="",
                last_ended=now,
                last_seconds=round(seconds, 3),
                passes=lane.passes + 1,
                **facts,
            )
            if name in self._shared.lanes:
                self._shared.lanes[name] = lane
            return lane

    def due(self, name: str, at: datetime | None) -> None:
        """Note when a lane's next pass comes by itself."""
        self._change(name, next_due=at)

    def write_soon(self) -> None:
        """Write the heartbeat file, unless that was done just now: then the next `write` says it all."""
        if time.monotonic() >= self._good_until:
            self.write()

    def write(self) -> None:
        """Write the heartbeat file; where that fails, the state says so and nothing is raised."""
        if self._heartbeat is None:
            return
        began = time.monotonic()
        text = json.dumps(_fields(self.state()), default=_plain)
        with self._writing:
            try:
                # not synced: after a power cut there is no service that it could speak of
                writes.place_over(writes.write_temporary(self._heartbeat, text.encode()), self._heartbeat)
            except GatewayError as error:
                self.note(unwritten=error.lines()[0])
            else:
                self.note(unwritten=None)
            self._good_until = time.monotonic() + _SHARE * (time.monotonic() - began)

    def _change(self, name: str, **facts: Any) -> None:
        with self._lock:
            if name in self._shared.lanes:
                self._shared.lanes[name] = replace(self._shared.lanes[name], **facts)


def read_heartbeat(path: Path) -> ServiceState | None:
    """Return what the service wrote last into its heartbeat file; None where there is none to be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        with path.open("rb") as file:
            data = json.loads(file.read(_MOST))
        lanes = tuple(_lane(one) for one in data.pop("lanes"))
        watches = tuple(WatchState(**one) for one in data.pop("watches"))
        return ServiceState(**_typed(ServiceState, data), lanes=lanes, watches=watches)
    return None


def _lane(data: Mapping[str, Any]) -> LaneState:
    typed = _typed(LaneState, data)
    return LaneState(**{**typed, "reasons": tuple(typed.get("reasons", ()))})


def _typed(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of ``kind`` with their times; another version may have written others."""
    known = {one.name: str(one.type) for one in fields(kind)}
    return {
        name: datetime.fromisoformat(value) if value is not None and "datetime" in known[name] else value
        for name, value in data.items()
        if name in known
    }


def _fields(state: Any) -> dict[str, Any]:
    return {one.name: getattr(state, one.name) for one in fields(state)}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if is_dataclass(value):
        return _fields(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
