"""The ledger, the end of its audit trail, and the places that it knows to be down."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from gateway.clock import SystemClock
from gateway.custody.layout import Layout
from gateway.errors import GatewayError, LedgerBusy
from gateway.ledger import audit, checkpoint, checkpoint_trail, circuits, inspection, migrations
from gateway.ledger.database import Inspection, ServerState
from gateway.ledger.engine import Connection, is_shared, open_ledger
from gateway.operations.doctor import clocks
from gateway.operations.doctor.checks import Check, Subject, Verdict
from gateway.operations.opening import is_untouched
from gateway.rules.circuit import CircuitState

_BUSY_SECONDS = 5.0
#: For which the structure is looked at; a ledger of years may need longer.
SECONDS = 20.0
_WHY = "Nothing happens without an entry in the ledger: no file is taken or delivered"
_LEDGER, _TRAIL = Subject("ledger", "ledger"), Subject("ledger", "audit trail")
_NOT_YET = _LEDGER.ok("not there yet, and nothing was processed: the first pass makes it")
#: Connections that one node may need at once: its threads, commands, and what looks at its health.
_CONNECTIONS = 10
#: A log that is never folded into the ledger: something reads it all the time.
_LARGE_LOG = 512 * 1024 * 1024


def look(layout: Layout, url: str, *, writes: bool, busy_seconds: float = _BUSY_SECONDS) -> Iterator[Check]:
    """Yield what is found about the ledger at ``url``; it is neither made nor brought up to date.

    Another process that writes is waited for ``busy_seconds``.
    """
    try:
        is_new = is_untouched(layout)
    except GatewayError as error:
        yield _LEDGER.refused(error, _WHY)
        return
    if is_new and not is_shared(url) and not layout.ledger_file.exists():
        yield _NOT_YET
        return
    try:
        found = inspection.inspect(url, busy_seconds=busy_seconds, seconds=SECONDS)
        migrations.refuse_newer(found.version, found.path)
    except LedgerBusy as error:
        yield _LEDGER.refused(error, _WHY, verdict=Verdict.WARNING)
        return
    except GatewayError as error:
        yield _LEDGER.refused(error, _WHY)
        return
    if found.version == 0 and is_new and found.server is not None:
        yield _NOT_YET
        yield from _server(found.server)
        return
    if found.version == 0:
        yield _LEDGER.failure(
            f"{found.path} is no ledger: it has no tables of the gateway",
            _WHY,
            "Put the ledger back from the backup",
        )
        return
    yield from _structure(found)
    if writes:
        yield from _written(url, busy_seconds)
    if found.version == migrations.VERSION and not found.problems:
        yield from _content(layout, url)


def _structure(found: Inspection) -> Iterator[Check]:
    for problem in found.problems or ():
        yield _LEDGER.failure(
            problem,
            "The file of the ledger is damaged",
            "Stop the gateway, keep a copy of the ledger directory, and restore the last backup;"
            " files and manifests are not affected",
        )
    if found.version < migrations.VERSION:
        yield _LEDGER.warning(
            f"version {found.version}; this gateway knows version {migrations.VERSION}",
            "The next start brings it up to date, and no older gateway can read it after that",
            "Make a backup of the ledger directory before the gateway is started",
        )
    if found.server is not None:
        yield from _server(found.server)
    elif found.journal_mode != "wal":
        yield _LEDGER.failure(
            f"its journal mode is {found.journal_mode}, not wal",
            "Readers and the gateway stop each other",
            "Put the ledger on a local disk; the next start sets the mode",
        )
    if found.log_size > _LARGE_LOG:
        yield _LEDGER.warning(
            f"its write-ahead log has {found.log_size:,} bytes",
            "Something reads the ledger without an end, so that the log cannot be folded into it",
            "`fuser` on the ledger file shows which processes have it open",
        )
    if not found.problems:
        whole = (
            "whole" if found.problems is not None else f"whole as far as {SECONDS:g} s were enough to look"
        )
        log = "" if found.server else f", log {found.log_size / 2**20:,.1f} MiB"
        yield _LEDGER.ok(f"version {found.version}, {found.size / 2**20:,.1f} MiB{log}, {whole}")


def _server(server: ServerState) -> Iterator[Check]:
    subject = Subject("ledger", "server")
    if not server.syncs:
        yield subject.failure(
            "it runs with fsync = off",
            "A power cut may lose what the gateway has confirmed, or the whole ledger",
            "Set fsync = on in postgresql.conf and restart the server",
        )
    if not server.writes_full_pages:
        yield subject.warning(
            "it runs with full_page_writes = off",
            "After a power cut pages of the ledger may be half written, unless the file system prevents it",
            "Set full_page_writes = on in postgresql.conf and reload the server",
        )
    if server.most_connections - server.connections < _CONNECTIONS:
        yield subject.warning(
            f"{server.connections} of its {server.most_connections} connections are in use",
            "A node that gets no connection cannot work",
            "Raise max_connections in postgresql.conf, or stop what else uses them",
        )
    if server.syncs:
        yield subject.ok(
            f"PostgreSQL {server.version},"
            f" {server.connections} of {server.most_connections} connections in use"
        )


def _written(url: str, busy_seconds: float) -> Iterator[Check]:
    subject = Subject("ledger", "writing")
    try:
        inspection.try_write(url, busy_seconds=busy_seconds)
    except LedgerBusy as error:
        yield subject.refused(error, "While one writes for so long, all others wait", verdict=Verdict.WARNING)
    except GatewayError as error:
        yield subject.refused(error, _WHY)
    else:
        yield subject.ok("possible (tried, and taken back)")


def _content(layout: Layout, url: str) -> Iterator[Check]:
    with (
        contextlib.closing(open_ledger(url, busy_seconds=_BUSY_SECONDS)) as ledger,
        ledger.read() as connection,
    ):
        newest = audit.read(connection, limit=1)
        now = SystemClock().now()
        yield clocks.not_set_back(newest[0].entry.at if newest else None, now)
        yield from _trail(layout, connection)
        yield from _down(connection, now)


def _trail(layout: Layout, connection: Connection) -> Iterator[Check]:
    noted = checkpoint.last(str(layout.checkpoints_file))
    count = audit.head(connection).count
    if noted is None:
        yield _TRAIL.ok(f"{count:,} entries, no checkpoint yet; `gateway audit verify` reads them all")
        return
    problem = checkpoint_trail.verify_against([noted], connection).problem
    if problem is None:
        yield _TRAIL.ok(
            f"{count:,} entries; the newest checkpoint ({noted.count:,}) is part of it;"
            " `gateway audit verify` reads them all"
        )
        return
    yield _TRAIL.failure(
        problem.message,
        "The ledger is not the one this site had: what was delivered since may be delivered again",
        "Stop the gateway, and put the newest ledger back; `gateway audit verify` says more",
    )


def _down(connection: Connection, now: datetime) -> Iterator[Check]:
    for one in circuits.every(connection):
        if one.state is CircuitState.CLOSED:
            continue
        due = one.next_probe_at
        again = (
            f"asked again at {due:%Y-%m-%d %H:%M:%SZ}"
            if due and due > now
            else "asked again with the next pass"
        )
        yield Subject("servers" if one.place.startswith("server ") else "directories", one.place).warning(
            f"it failed {one.failures} times in a row since {one.since:%Y-%m-%d %H:%M:%SZ}; {again}."
            f" The last error: {one.last_error or 'unknown'}",
            "The gateway leaves it alone until then: what is meant for it waits, and none of it is lost",
            "Mend what the error says; the next try that succeeds ends this",
        )
