"""Where everything of a site stands. The only place that knows the directory names."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.custody import names
from gateway.custody.look import inside
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.custody.syncs import sync_directories
from gateway.errors import OutsideSite
from gateway.printable import printable

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

#: The areas that hold one directory per route.
ROUTE_AREAS = ("inbox", "working", "processed", "duplicates", "failed", "replay")
#: The areas whose route directories hold one directory per day, with its day list.
DAY_AREAS = ("processed", "duplicates")
#: The areas in which the gateway keeps files that are in its custody.
CUSTODY_AREAS = ("working", "processed", "duplicates", "failed", "replay")
_OTHER_AREAS = ("config", "formats", "ledger", "audit")
#: Sites whose directories this process has synced.
_SYNCED: set[Path] = set()
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: What makes a path longer than it must be, or may.
_DETOUR = re.compile(r"/(?:\.|/|\Z)")


class Layout:
    """The paths of one site. Names given to its methods are single path components."""

    def __init__(self, site_directory: StrPath) -> None:
        self.site = Path(os.path.abspath(site_directory))
        self._beginning = os.path.join(self.site, "")
        self._places: dict[tuple[str, str], Path] = {}  # by area and route: asked for with every file
        self.config_file = self.site / "config" / "gateway.yaml"
        self.formats = self.site / "formats"
        self.ledger_file = self.site / "ledger" / "gateway.db"
        self.guard_file = self.site / "ledger" / "gateway.lock"
        self.heartbeat_file = self.site / "ledger" / "service.json"
        self.checkpoints_file = self.site / "audit" / "checkpoints.jsonl"

    def inbox(self, route: str) -> Path:
        """Return the directory in which the route's files arrive, unless its source says another."""
        return self._of("inbox", route)

    def working(self, route: str) -> Path:
        """Return the directory of the files the gateway is working on."""
        return self._of("working", route)

    def working_file(self, route: str, working_name: str) -> Path:
        """Return the path of one file in work."""
        return self.working(route) / _component(working_name)

    def processed(self, route: str, day: date | str) -> Path:
        """Return the archive directory of the files processed on ``day`` of the site's calendar."""
        return self._of("processed", route) / _day(day)

    def duplicates(self, route: str, day: date | str) -> Path:
        """Return the directory of the duplicates set aside on ``day``."""
        return self._of("duplicates", route) / _day(day)

    def failed(self, route: str) -> Path:
        """Return the directory of the files that were not accepted."""
        return self._of("failed", route)

    def replay(self, route: str) -> Path:
        """Return the directory into which people put files to be taken again."""
        return self._of("replay", route)

    def area(self, name: str) -> Path:
        """Return the directory of one of ``ROUTE_AREAS``."""
        return self.site / _component(name)

    def relative(self, path: StrPath) -> str:
        """Return ``path`` relative to the site, as ledger and manifests keep it.

        Raises OutsideSite where it does not stand in the site.
        """
        text = os.fspath(path)
        if text.startswith(self._beginning) and not _DETOUR.search(text):
            return text[len(self._beginning) :]
        relative = os.path.relpath(os.path.abspath(text), self.site)
        if relative == ".." or relative.startswith("../"):
            raise OutsideSite(where=shown(path))
        return relative

    def absolute(self, relative: str) -> Path:
        """Return the path of what ledger or manifest call ``relative``.

        Raises OutsideSite where it leaves the site, over links too.
        """
        path = self.site / relative
        inside(self.site, path)
        return path

    def demand_inside(self, route: str) -> None:
        """Raise OutsideSite where a link leads one of the route's directories out of the site."""
        for area in CUSTODY_AREAS:
            inside(self.site, self._of(area, route))

    def create(self, routes: Collection[str]) -> None:
        """Make the directories of the site and of each of ``routes``; those that exist stay.

        Raises OutsideSite where a link leads one of a route's directories out of the site.
        """
        for route in routes:
            self.demand_inside(route)
        areas = [self.site / area for area in (*_OTHER_AREAS, *ROUTE_AREAS)]
        # Synced once by each process even where nothing is missing: who made them may have been killed.
        is_new = self.site not in _SYNCED
        for path in (*areas, *(self._of(area, route) for route in routes for area in ROUTE_AREAS)):
            with refusing("make the directory", path):
                if not path.is_dir():
                    is_new = True
                    path.mkdir(parents=True, exist_ok=True)
        if is_new:
            sync_directories([self.site.parent, self.site, *areas])
            _SYNCED.add(self.site)

    def _of(self, area: str, route: str) -> Path:
        place = self._places.get((area, route))
        if place is None:
            place = self._places[area, route] = self.site / area / _component(route)
        return place


def manifest_of(path: StrPath) -> Path:
    """Return the path of the manifest of the settled file ``path``."""
    return Path(os.fspath(path) + names.MANIFEST_SUFFIX)


def report_of(path: StrPath) -> Path:
    """Return the path of the report of the failed file ``path``."""
    return Path(os.fspath(path) + names.REPORT_SUFFIX)


def _component(name: str) -> str:
    """Return ``name`` if it is one plain path component; raises OutsideSite otherwise."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise OutsideSite("This is not the name of a single file or directory", where=printable(name))
    return name


def _day(day: date | str) -> str:
    text = day if isinstance(day, str) else day.isoformat()
    if not _DAY.fullmatch(text):
        raise OutsideSite("This is not a day of the form YYYY-MM-DD", where=printable(text))
    return text
