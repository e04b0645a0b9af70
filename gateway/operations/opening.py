"""Opening a site: configuration, ledger, catalogue and actor, as commands and services need them."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.clock import SystemClock
from gateway.config.loading import load_site
from gateway.config.secrets import demand_secrets
from gateway.config.settings import Site
from gateway.custody.guard import SiteGuard
from gateway.custody.layout import Layout
from gateway.custody.shared_layout import SharedLayout
from gateway.errors import CustodyError
from gateway.formats.catalogue import Catalogue
from gateway.ledger import transfers
from gateway.ledger.engine import Ledger, default_url, is_shared, open_ledger
from gateway.ledger.ids import grow_from
from gateway.ledger.nodes import PASSING, SERVICE
from gateway.ledger.soundness import demand_sound
from gateway.model import Actor
from gateway.nodes.membership import Membership, this_node
from gateway.operations.starting import demand_newest_known, is_untouched
from gateway.sftp.pool import Pool
from gateway.stages.anchoring import demand_whole_trail
from gateway.stages.context import Context
from gateway.stages.in_force import note_configuration, recall_lock


def acting(role: str, name: str | None = None) -> Actor:
    """Return who acts: ``name``, else the person behind sudo, else the process's user."""
    given = (name, os.environ.get("GATEWAY_ACTOR"), os.environ.get("SUDO_USER"))
    chosen = next((one.strip() for one in given if one and one.strip()), None)
    if not chosen:
        try:
            chosen = getpass.getuser()
        except (KeyError, OSError):
            chosen = f"uid {os.getuid()}"
    return Actor(name=chosen, role=role, host=socket.gethostname())


def make_directories(layout: Layout, site: Site) -> None:
    """Make what is missing; where a route's place cannot be made, its own pass says so and no other's."""
    layout.create(())
    for route in site.routes:
        with contextlib.suppress(CustodyError):
            layout.create([route.name])


@contextlib.contextmanager
def open_site(
    directory: Path, *, role: str = "operator", actor: str | None = None, busy_seconds: float = 30.0
) -> Iterator[Context]:
    """Open the site in ``directory`` for one command.

    Raises ConfigurationMissing, ConfigurationError or LedgerError; a ledger that is gone from a site
    that had one is an error, never replaced by an empty one.
    """
    site = load_site(directory)
    url = site.ledger or default_url(site.directory)
    layout = SharedLayout(site.directory) if is_shared(url) else Layout(site.directory)
    make_directories(layout, site)
    ledger = open_ledger(url, create=is_untouched(layout), busy_seconds=busy_seconds)
    connections = Pool(site.servers)
    try:
        _begin_above(ledger)
        yield Context(
            site=site,
            layout=layout,
            ledger=ledger,
            catalogue=Catalogue.load(site.formats),
            actor=acting(role, actor),
            clock=SystemClock(),
            connections=connections,
        )
    finally:
        connections.close()
        ledger.close()


@contextlib.contextmanager
def working_on(
    directory: Path,
    begin: Callable[[Context], None] = lambda _context: None,
    *,
    actor: str | None = None,
    only: str | None = None,
    kind: str = PASSING,
) -> Iterator[Context]:
    """Open the site to run passes on it, on every route or ``only`` one; ``begin`` is called first.

    Where the ledger is a file, one process at a time may. Where it is on a server, every process is a
    node that works on the routes it holds leases on: of the kind `SERVICE` it takes its share of them, of the
    kind `PASSING` what nobody else works on.

    Raises SiteBusy if another gateway works on the site, LedgerDamaged if the ledger's file is not whole,
    AuditBroken if it is not the one that the site had, SecretsMissing if something that the configuration
    points to cannot be had.
    """
    with contextlib.ExitStack() as stack:
        context = stack.enter_context(open_site(directory, role="gateway", actor=actor))
        if not context.ledger.is_shared:
            stack.enter_context(SiteGuard(context.site.directory))
        begin(context)
        demand_secrets(context.site)
        demand_sound(context.ledger)
        demand_whole_trail(context)
        demand_newest_known(context)
        recall_lock(context)
        note_configuration(context)
        if context.ledger.is_shared:
            node = this_node(context, kind=kind if only is None else PASSING)
            context.sharing = stack.enter_context(Membership(context, node, only=only))
        yield context


def _begin_above(ledger: Ledger) -> None:
    """Let new ids be above those of the ledger: they may have been made by a clock that was ahead."""
    with ledger.read() as connection:
        grow_from(transfers.greatest_id(connection))


__all__ = ["PASSING", "SERVICE", "acting", "make_directories", "open_site", "working_on"]
