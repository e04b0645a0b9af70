"""A site on which nobody works: its ledger may be exchanged."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.clock import SystemClock
from gateway.config.loading import load_site
from gateway.config.settings import Site
from gateway.custody.guard import SiteGuard
from gateway.custody.layout import Layout
from gateway.errors import LedgerError, SiteBusy
from gateway.formats.catalogue import Catalogue
from gateway.ledger.backup import write_backup
from gateway.ledger.copying import replace_rows, sqlite_url
from gateway.ledger.engine import Ledger, default_url, is_shared, open_ledger
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
class SiteAtRest:
    """A site whose ledger nobody uses, and who acts on it."""

    site: Site
    url: str
    layout: Layout
    actor: Actor

    @property
    def file(self) -> str:
        """The file of the ledger; for one on a server, where its files are made."""
        return database_path(default_url(self.site.directory) if is_shared(self.url) else self.url)

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

    def put_in_place(self, new: str, what: str) -> str | None:
        """Let the closed ledger file ``new`` be the site's; return where the one before is kept, if any.

        On a server, the one before is kept as a backup file and its rows are replaced in one transaction.
        """
        if is_shared(self.url):
            return self._replace_on_server(new, what)
        aside = beside(self.file, what, SystemClock().now())
        return aside if place(new, self.file, aside) else None

    def _replace_on_server(self, new: str, what: str) -> str:
        kept = beside(self.file, what, SystemClock().now())
        with (
            contextlib.closing(open_ledger(self.url, create=True)) as own,
            contextlib.closing(open_ledger_file(new)) as made,
        ):
            write_backup(own.read, kept)
            with made.read() as source, own.write() as target:
                replace_rows(source, target)
        os.unlink(new)
        return kept


def open_ledger_file(path: str, *, create: bool = False) -> Ledger:
    """Open the SQLite ledger in the file ``path``; an older one is brought up to date."""
    return open_ledger(sqlite_url(path), create=create)


@contextlib.contextmanager
def at_rest(directory: Path, actor: str | None) -> Iterator[SiteAtRest]:
    """Give the site in ``directory``, and keep every gateway off it meanwhile.

    Raises SiteBusy where one works on it, on this machine or as a node of a shared ledger.
    """
    site = load_site(directory)
    layout = Layout(site.directory)
    make_directories(layout, site)
    url = site.ledger or default_url(site.directory)
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
        for node in present(connection, database_time(connection) - _LATELY):
            raise SiteBusy(
                f"Node {node.name} on {node.host} works on this site",
                where=ledger.path,
                hint="Stop every node first; one that was killed is forgotten after two minutes",
            )
