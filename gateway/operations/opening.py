"""Opening a site: configuration, ledger, catalogue and actor, as commands and services need them.

Most commands only look: what passes need besides is imported where they begin.
"""

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
from gateway.custody.layout import ROUTE_AREAS, Layout
from gateway.custody.refusals import refusal
from gateway.errors import CustodyError
from gateway.formats.catalogue import Catalogue
from gateway.ledger import transfers
from gateway.ledger.engine import Ledger, default_url, is_shared, open_ledger
from gateway.ledger.ids import grow_from
from gateway.ledger.nodes import PASSING, SERVICE
from gateway.model import Actor
from gateway.sftp.pool import Pool
from gateway.stages.context import Context


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


def _layout(site: Site, url: str) -> Layout:
    if not is_shared(url):
        return Layout(site.directory)
    from gateway.custody.shared_layout import SharedLayout

    return SharedLayout(site.directory)


def make_directories(layout: Layout, site: Site) -> None:
    """Make what is missing; where a route's place cannot be made, its own pass says so and no other's."""
    layout.create(())
    for route in site.routes:
        with contextlib.suppress(CustodyError):
            layout.create([route.name])


def is_untouched(layout: Layout) -> bool:
    """Return whether nothing was ever processed here, so that a ledger may be made where none is.

    Raises CustodyError where the checkpoints may be there but cannot be looked at.
    """
    try:
        os.lstat(layout.checkpoints_file)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise refusal(error, "look at the checkpoints", layout.checkpoints_file) from error
    else:
        return False
    areas = (layout.area(name) for name in ROUTE_AREAS if name != "inbox")
    return not any(_holds_files(os.fspath(area)) for area in areas)


def _holds_files(area: str) -> bool:
    return any(files for _directory, _directories, files in os.walk(area))


@contextlib.contextmanager
def open_site(
    directory: Path, *, role: str = "operator", actor: str | None = None, busy_seconds: float = 30.0
) -> Iterator[Context]:
    """Open the site in ``directory`` for one command.

    Raises ConfigurationMissing, ConfigurationError or LedgerError; a ledger that is gone from a site
    that had one is an error, never replaced by an empty one.
    """
    with _opened(directory, make_directories, acting(role, actor), busy_seconds) as context:
        _begin_above(context.ledger)
        yield context


def looking_at(directory: Path, *, actor: str | None = None) -> contextlib.AbstractContextManager[Context]:
    """Open the site in ``directory`` for a command that only looks; raises as `open_site` does.

    Directories are made, and synced, by who works in them; a site that was worked on has them.
    """
    return _opened(directory, _make_new, acting("operator", actor), 30.0)


def _make_new(layout: Layout, site: Site) -> None:
    if is_untouched(layout):
        make_directories(layout, site)


@contextlib.contextmanager
def _opened(
    directory: Path, prepare: Callable[[Layout, Site], None], actor: Actor, busy_seconds: float
) -> Iterator[Context]:
    site = load_site(directory)
    url = site.ledger or default_url(site.directory)
    layout = _layout(site, url)
    prepare(layout, site)
    ledger = open_ledger(url, create=is_untouched(layout), busy_seconds=busy_seconds)
    connections = Pool(site.servers)
    try:
        yield Context(
            site=site,
            layout=layout,
            ledger=ledger,
            catalogue=Catalogue.load(site.formats),
            actor=actor,
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
    from gateway.custody.guard import SiteGuard
    from gateway.ledger.soundness import demand_sound
    from gateway.nodes.membership import Membership, this_node
    from gateway.operations.starting import demand_newest_known
    from gateway.stages.anchoring import demand_whole_trail
    from gateway.stages.in_force import note_configuration, recall_lock

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


__all__ = [
    "PASSING",
    "SERVICE",
    "acting",
    "is_untouched",
    "looking_at",
    "make_directories",
    "open_site",
    "working_on",
]
