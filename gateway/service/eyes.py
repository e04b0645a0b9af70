"""The folders of a site that are watched: whether their events wake passes, found out and said.

All of this is done in a lane of its own: a network share that does not answer keeps whoever looks at it
waiting for ever, and that must not be who takes signals.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.config.settings import FolderSource, Site
from gateway.events import event
from gateway.lanes.lane import Lane
from gateway.rules.waking import Wake
from gateway.service.board import Board, WatchState
from gateway.watching import Watch, probe

#: The end waits so long for a folder that is being looked at; probing one takes no longer.
_STOP_SECONDS = 3.0


def folders_of(site: Site, only: str | None = None) -> Mapping[Path, tuple[str, ...]]:
    """Return the folders that are to be watched, and the routes that each of them wakes.

    A route with times of its own (`cron`) is looked at then, whatever comes in between.
    """
    found: dict[Path, tuple[str, ...]] = {}
    for route in site.routes:
        source = route.source
        if not (route.enabled and only in (None, route.name) and route.schedule.cron is None):
            continue
        if isinstance(source, FolderSource) and source.watch:
            found[source.path] = (*found.get(source.path, ()), route.name)
    return found


class Eyes:
    """Watches the folders of a site and wakes its routes, from `plan` to `stop`."""

    def __init__(self, wake: Callable[[str, Wake], None], board: Board) -> None:
        """``wake`` is called with the routes of a folder into which something came."""
        self._wake, self._board = wake, board
        self._wanted: Mapping[Path, tuple[str, ...]] = {}
        self._routes: Mapping[Path, tuple[str, ...]] = {}
        self._watch: Watch | None = None
        self._told: dict[Path, WatchState] = {}
        self._lane = Lane("folders", self._look)
        self._has_begun = False

    def plan(self, folders: Mapping[Path, tuple[str, ...]]) -> None:
        """Watch ``folders`` instead of those before, soon, and find out whether that works."""
        self._wanted = folders
        if not self._has_begun:
            self._has_begun = True
            self._lane.start()
        self._lane.wake(Wake.RELOAD)

    def look_after(self) -> None:
        """Watch again what has come back, soon."""
        self._lane.wake(Wake.LOOK)

    def stop(self) -> None:
        """Watch nothing any more; a folder that does not answer is not waited for."""
        self._wanted = {}
        self._lane.stop()
        if self._lane.join(_STOP_SECONDS):
            self._end()

    def _look(self, reasons: tuple[Wake, ...]) -> None:
        if Wake.RELOAD in reasons:
            self._renew(self._wanted)
        elif self._watch is not None:
            self._watch.look_after()

    def _renew(self, folders: Mapping[Path, tuple[str, ...]]) -> None:
        self._end()
        self._routes = folders
        if folders:
            self._watch = Watch(list(folders), self._came)
            self._watch.start()
        self._probe(folders)

    def _end(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _came(self, folder: Path) -> None:
        for route in self._routes.get(folder, ()):
            self._wake(route, Wake.EVENT)

    def _probe(self, folders: Mapping[Path, tuple[str, ...]]) -> None:
        """Find out for each folder whether events work; passes at the interval need none."""
        states = []
        for folder in folders:
            if self._wanted is not folders:
                return  # others are wanted by now
            found = probe(folder)
            states.append(WatchState(str(folder), works=found.works, why=found.why))
            if self._told.get(folder) != states[-1]:
                self._told[folder] = states[-1]
                event(
                    "watch-found",
                    level=None if found.works else logging.WARNING,
                    folder=str(folder),
                    works=found.works,
                    reason=found.why,
                )
        self._board.note(watches=tuple(states))
