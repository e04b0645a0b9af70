"""A site on which nobody works: its ledger may be exchanged."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.clock import SystemClock
from gateway.config.loading import load_site
from gateway.config.settings import Site
from gateway.custody.guard import SiteGuard
from gateway.custody.layout import Layout
from gateway.custody.shared_layout import SharedLayout
from gateway.errors import BackupInvalid, LedgerDamaged, LedgerError, SiteBusy
from gateway.formats.catalogue import Catalogue
from gateway.ledger import audit
from gateway.ledger.backup import discard, write_backup
from gateway.ledger.copying import replace_rows, sqlite_url
from gateway.ledger.engine import Connection, Ledger, default_url, is_shared, open_ledger
from gateway.ledger.nodes import database_time, present
from gateway.ledger.placing import beside, place
from gateway.ledger.sqlite import database_path
from gateway.model import Actor
from gateway.operations.opening import acting, make_directories
from gateway.sftp.pool import Pool
from gateway.stages.context import Context

#: A node that was seen so lately is taken to be at work.
_LATELY = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a ledger was put."""

    ledger: str  #: as people are told: a file, or a URL without password
    aside: str | None  #: where the one before is kept, if there was one


@dataclass(frozen=True, slots=True)
class SiteAtRest:
    """A site whose ledger nobody uses, and who acts on it."""

    site: Site
    url: str
    layout: Layout
    actor: Actor

    @property
    def is_shared(self) -> bool:
        """Whether several nodes work with the ledger."""
        return is_shared(self.url)

    @property
    def file(self) -> str:
        """The file of the ledger; for one on a server, where its files are made."""
        return database_path(default_url(self.site.directory) if self.is_shared else self.url)

    def context(self, ledger: Ledger) -> Context:
        """Return the site at work with another ``ledger`` than its own."""
        return Context(
            site=self.site,
            layout=self.layout,
            ledger=ledger,
            catalogue=Catalogue.load(self.site.formats),
            actor=self.actor,
            clock=SystemClock(),
            connections=Pool(self.site.servers),
        )

    def put_in_place(self, new: str, what: str, demand: Callable[[Connection], None]) -> Placed:
        """Let the closed ledger file ``new`` be the site's; the one before is kept, where there is one.

        On a server, the one before is kept as a backup file and its rows are replaced in one transaction.
        ``demand`` is given the ledger before, as far as it can be read, and raises where it changed.
        """
        if self.is_shared:
            return self._replace_on_server(new, what, demand)
        self.look_once_more(demand)
        aside = beside(self.file, what, SystemClock().now())
        return Placed(self.file, aside if place(new, self.file, aside) else None)

    def look_once_more(self, demand: Callable[[Connection], None]) -> None:
        """Give ``demand`` the ledger that is there, as far as it can be read."""
        try:
            own = open_ledger(self.url)
        except LedgerError as error:
            if error.code == "ledger-busy":
                raise
            return  # it is not there, or it is the damaged one that is replaced
        with contextlib.closing(own), own.read() as connection:
            demand(connection)

    def _replace_on_server(self, new: str, what: str, demand: Callable[[Connection], None]) -> Placed:
        kept = beside(self.file, what, SystemClock().now())
        with (
            contextlib.closing(open_ledger(self.url, create=True)) as own,
            contextlib.closing(open_ledger_file(new)) as made,
        ):
            was_there = self._keep(own, kept)
            with made.read() as source, own.write() as target:
                demand(target)
                replace_rows(source, target)
            place = own.path
        discard(new)
        return Placed(place, kept if was_there else None)

    def _keep(self, own: Ledger, kept: str) -> bool:
        """Keep what is on the server as a backup file; return False where there is nothing yet."""
        try:
            with own.read() as connection:
                if audit.head(connection).count == 0:
                    return False
            write_backup(own.read, kept)
        except (LedgerError, BackupInvalid) as error:
            if error.code not in ("ledger", "ledger-damaged", "backup-invalid"):
                raise
            raise LedgerDamaged(
                f"The ledger on the server cannot be kept as it is: {error.message}",
                where=own.path,
                cause=error.cause,
                hint="Make a new empty database, name it in `ledger`, and call the command again: it puts the"
                " ledger there, and the one before stays as it is",
            ) from error
        return True


def open_ledger_file(path: str, *, create: bool = False) -> Ledger:
    """Open the SQLite ledger in the file ``path``; an older one is brought up to date."""
    return open_ledger(sqlite_url(path), create=create)


@contextlib.contextmanager
def at_rest(directory: Path, actor: str | None) -> Iterator[SiteAtRest]:
    """Give the site in ``directory``, and keep every gateway off it meanwhile.

    Raises SiteBusy where one works on it, on this machine or as a node of a shared ledger.
    """
    site = load_site(directory)
    url = site.ledger or default_url(site.directory)
    layout = SharedLayout(site.directory) if is_shared(url) else Layout(site.directory)
    make_directories(layout, site)
    with SiteGuard(site.directory):
        if is_shared(url):
            _demand_no_nodes(url)
        yield SiteAtRest(site, url, layout, acting("operator", actor))


def _demand_no_nodes(url: str) -> None:
    try:
        ledger = open_ledger(url)
    except LedgerError as error:
        if error.code == "ledger":
            return  # there is none yet
        raise
    with contextlib.closing(ledger), ledger.read() as connection:
        demand_nobody(connection, ledger.path)


def demand_nobody(connection: Connection, where: str | None = None) -> None:
    """Raise SiteBusy where a node says that it is there."""
    for node in present(connection, database_time(connection) - _LATELY):
        raise SiteBusy(
            f"Node {node.name} on {node.host} works on this site",
            where=where,
            hint="Stop every node first; one that was killed is forgotten after two minutes",
        )
