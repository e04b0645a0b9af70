"""Where everything of a site stands on which several nodes work: files in work belong to one owner.

The files in work of a route stand in ``working/ROUTE/tTOKEN``, and the token is that of the lease under which
its owner works. Who takes a route over renames the directory of the owner before. From that moment no move
that the one before had still in mind finds its way: every path into work and out of it leads through a
directory that is not there any more, and is never there again. So a process that was paused in the middle of
a move, between its last look at the lease and the system call, cannot take, settle or bring back a file.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from socket import gethostname

from gateway.custody import syncs
from gateway.custody.layout import Layout
from gateway.custody.look import exists
from gateway.custody.moves import make_directory, rename_new
from gateway.custody.names import FETCH_PREFIX, archive_name
from gateway.custody.refusals import StrPath, refusing
from gateway.errors import CustodyError

_OWNED = re.compile(r"t([0-9]{1,18})")


class SharedLayout(Layout):
    """The paths of a site that several nodes share."""

    def __init__(self, site_directory: StrPath, route: str = "", token: int = 0) -> None:
        """Know the owner of ``route`` by its ``token``; of others the files in work are looked for."""
        super().__init__(site_directory)
        self._route, self._token = route, token
        # each node gives its own sign of life
        self.heartbeat_file = self.site / "ledger" / f"service-{archive_name(gethostname())}.json"

    def working(self, route: str) -> Path:
        """Return the directory of the files that the owner of the route works on."""
        base = super().working(route)
        token = self._token if route == self._route else max(_tokens(base), default=0)
        return base / _name(token) if token else base

    def owned(self, route: str, token: int) -> SharedLayout:
        """Return the paths as the owner of ``route`` has them; what is in work is its own from now on.

        To be called by the owner alone, and before it does anything else. Done again it changes nothing.
        Raises CustodyError; then the route cannot be worked on yet. So it is where somebody owned it later:
        this process was paused and has lost it, or the ledger is older than the site.
        """
        self.demand_inside(route)
        base = super().working(route)
        make_directory(base)
        mine = base / _name(token)
        _demand_latest(base, token)
        if not exists(mine):
            _take_over(base, mine)
        for before in (base, *(base / _name(other) for other in _tokens(base) if other < token)):
            _gather(before, mine)
        syncs.sync_directories([mine, base])
        return SharedLayout(self.site, route, token)


def tokens_of(layout: Layout) -> dict[str, int]:
    """Return, by route, the token of who owns the files in work; 0 where they stand loose."""
    area = layout.area("working")
    if not exists(area):
        return {}
    with refusing("list", area), os.scandir(area) as entries:
        routes = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return {route.name: max(_tokens(route), default=0) for route in routes}


def give_back(layout: Layout, route: str, token: int) -> None:
    """Let the files in work be those of the owner ``token`` again, where they were taken in hand for nothing.

    Nobody may have worked on them since. Without a token they stand loose.
    """
    if not token:
        let_go(layout, route)
        return
    layout.demand_inside(route)
    base = Layout(layout.site).working(route)
    latest = max(_tokens(base), default=0)
    if latest > token:
        with refusing("give back", base):
            os.rename(base / _name(latest), base / _name(token))
        syncs.sync_directory(base)


def owned_places(route_directory: StrPath) -> list[str]:
    """Return the directories of owners in the directory of a route's files in work; none on one node."""
    base = Path(route_directory)
    return [str(base / _name(token)) for token in _tokens(base)]


def greatest_token(layout: Layout) -> int:
    """Return the greatest token of which the directories of work tell; 0 where no node ever worked."""
    return max(tokens_of(layout).values(), default=0)


def let_go(layout: Layout, route: str) -> None:
    """Let what nodes had in work stand loose, as where one gateway works; nobody may work on it meanwhile."""
    layout.demand_inside(route)
    base = Layout(layout.site).working(route)
    places = [Path(one) for one in owned_places(base)]
    for before in places:
        _gather(before, base)
    if places:
        syncs.sync_directory(base)


def _name(token: int) -> str:
    return f"t{token}"


def _tokens(base: Path) -> list[int]:
    """Return the tokens of those who owned the files in work, smallest first."""
    if not exists(base):
        return []
    with refusing("list", base), os.scandir(base) as entries:
        found = [_OWNED.fullmatch(entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return sorted(int(one[1]) for one in found if one)


def _demand_latest(base: Path, token: int) -> None:
    latest = max(_tokens(base), default=0)
    if latest > token:
        raise CustodyError(
            f"Files in work belong to a later owner, {_name(latest)}; this one is {_name(token)}",
            where=str(base),
            hint="Nothing is to be done where another node works on the route now. If none does, the ledger "
            "is older than the site: `gateway ledger restore` or `gateway ledger rebuild` makes it fit again",
        )


def _take_over(base: Path, mine: Path) -> None:
    """Give the newest directory of an owner before the name ``mine``; without one make it.

    Who is late finds the one gone that it has seen: it was renamed by whoever came after.
    """
    token = int(mine.name[1:])
    before = max((one for one in _tokens(base) if one < token), default=0)
    if not before:
        make_directory(mine)
        return
    with refusing("take over", base):
        os.rename(base / _name(before), mine)
    # parts of files that are being fetched: the one before may still have them open, and write
    for name in os.listdir(mine):
        if name.startswith(FETCH_PREFIX):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(mine / name)


def _gather(before: Path, mine: Path) -> None:
    """Bring over what still stands in an older place: loose files of a single node, or what came late."""
    with refusing("list", before), os.scandir(before) as entries:
        names = [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
    for name in names:
        rename_new(before / name, mine / name)
    if names:
        syncs.sync_directory(before)
    if _OWNED.fullmatch(before.name):
        with contextlib.suppress(OSError):
            os.rmdir(before)
