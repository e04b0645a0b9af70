"""The folders of a site that are watched: whether their events wake passes, found out and said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.config.settings import FolderSource, Site
from gateway.events import event
from gateway.rules.waking import Wake
from gateway.service.board import Board, WatchState
from gateway.watching import Watch, probe


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
        self._routes: Mapping[Path, tuple[str, ...]] = {}
        self._watch: Watch | None = None
        self._told: dict[Path, WatchState] = {}

    def plan(self, folders: Mapping[Path, tuple[str, ...]]) -> None:
        """Watch ``folders`` instead of those before, and find out in the background whether that works."""
        self.stop()
        self._routes = folders
        if not folders:
            self._board.note(watches=())
            return
        self._watch = Watch(list(folders), self._came)
        self._watch.start()
        threading.Thread(target=self._probe, args=(folders,), name="probe", daemon=True).start()

    def look_after(self) -> None:
        """Watch again what has come back."""
        if self._watch is not None:
            self._watch.look_after()

    def stop(self) -> None:
        """Watch nothing any more."""
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
