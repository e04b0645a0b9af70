"""A small plant for tests: a real site in a directory, senders that drop files, passes that run."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.bundle import bundled
from gateway.formats.catalogue import Catalogue
from gateway.formats.digests import digests_of
from gateway.formats.lock import Lock, Signature, version_item
from gateway.formats.lock_file import rendered
from gateway.ledger import attempts, audit, deliveries, transfers
from gateway.model import Attempt, AuditEntry, Delivery, State, Transfer
from gateway.operations.format_desk import Desk, accept_lock
from gateway.operations.opening import open_site, working_on
from gateway.operations.overview import overview
from gateway.operations.setup import init_site
from gateway.operations.verifying import verify_audit, verify_site
from gateway.operations.verifying_rows import verify_rows
from gateway.pipeline import run_routes
from gateway.service.recalling import Recalling
from gateway.stages.context import Context, Report
from gateway.stages.in_force import recall_lock
from tests import ledger_guard

ledger_guard.watch()

#: A route for confirmations that asks for no evidence, so that one pass takes what is there.
ROUTE = """\
  confirmations:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [none]}
    destinations:
      erp: {path: outbox/erp}
"""


def route(name: str = "confirmations", **parts: str) -> str:
    """Return a route of confirmations; each of ``parts`` is YAML on one line and replaces its key."""
    usual = {
        "partner": "MES",
        "message_type": "confirmation",
        "source": '{pattern: "*.csv"}',
        "completeness": "{require: [none]}",
        "destinations": "{erp: {path: outbox/erp}}",
    }
    return f"  {name}:\n" + "".join(f"    {key}: {text}\n" for key, text in {**usual, **parts}.items())


@functools.cache
def shared_catalogue() -> Catalogue:
    """Return the bundled formats; loading them anew takes longer than the rest of a pass."""
    return Catalogue.load(bundled("formats"))


def configuration(routes: str = ROUTE) -> str:
    """Return the text of a configuration with ``routes``."""
    return f"schema: 1\nsite:\n  name: Test plant\n  time_zone: Europe/Berlin\nroutes:\n{routes}"


def confirmation(
    control: int,
    *,
    sender: str = "MES01",
    rows: int = 2,
    first: int | None = None,
    quantity: str = "480,000",
    message_id: str | None = None,
    layout: str = "1.1",
) -> bytes:
    """Return a good confirmation file; ``first`` is its first confirmation number."""
    begin = control * 100 if first is None else first
    known_as = message_id or f"CNF-{sender}-{control:06d}"
    lines = [f"H;{known_as};{sender};ERPPRD;{control:07d};{layout};17.11.2026 14:05:02"]
    total = 0
    for line in range(1, rows + 1):
        total += int(quantity.replace(",", "")) if quantity.replace(",", "").isdigit() else 0
        lines.append(
            f"C;{line};1100;000001000241;0010;{begin + line:010d};00000001;{quantity};0;;KG;15;42,5;30;MIN;"
            "DISP-01;17.11.2026;17.11.2026 06:00:00;17.11.2026 06:45:00;J;;B26-00241;"
        )
    lines.append(f"T;{rows};{total // 1000},{total % 1000:03d}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def name_of(control: int, sender: str = "MES01") -> str:
    """Return the name of a confirmation file."""
    return f"CONF_{sender}_{control:07d}.csv"


@dataclass
class ShiftedClock:
    """The machine's clock moved forward by hand, so that no test has to wait."""

    ahead: timedelta = timedelta()
    boot: str = "boot-1"

    def now(self) -> datetime:
        """Return the present time and what was added to it."""
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        """Return seconds on the gateway's own clock."""
        return self.now().timestamp()

    def boot_id(self) -> str:
        """Return the present boot."""
        return self.boot

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.ahead += timedelta(**span)


@dataclass
class Plant:
    """One site and what a test does to it and asks of it."""

    directory: Path
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    own_formats: bool = False  #: a test changes the site's formats: they are read anew each time
    recalls: bool = False  #: passes know in memory which bytes are new, as those of a service

    @classmethod
    def build(cls, directory: Path, routes: str = ROUTE) -> Plant:
        """Make a site with ``routes`` in ``directory``."""
        init_site(directory, configuration(routes))
        return cls(directory)

    def configure(self, routes: str) -> None:
        """Replace the routes of the site."""
        text = configuration(routes)
        (self.directory / "config" / "gateway.yaml").write_text(text, encoding="utf-8")

    def inbox(self, route: str = "confirmations") -> Path:
        """Return the directory that the route's sender writes into."""
        return self.directory / "inbox" / route

    def drop(self, name: str, content: bytes, route: str = "confirmations") -> Path:
        """Put a file into an inbox."""
        path = self.inbox(route) / name
        path.write_bytes(content)
        return path

    def drop_confirmation(self, control: int, **options: Any) -> Path:
        """Put a good confirmation file into the inbox."""
        return self.drop(name_of(control, options.get("sender", "MES01")), confirmation(control, **options))

    @contextlib.contextmanager
    def working(self) -> Iterator[Context]:
        """Open the site as the service does, on this plant's clock."""
        with working_on(self.directory) as context:
            self._equip(context)
            if self.recalls:
                recalling = Recalling(context.ledger)
                recalling.start()
                assert recalling.join(30)
                assert context.ledger.seen_bytes
            yield context

    @contextlib.contextmanager
    def opened(self) -> Iterator[Context]:
        """Open the site as an operator's command does, on this plant's clock."""
        with open_site(self.directory, actor="operator") as context:
            self._equip(context)
            yield context

    def _equip(self, context: Context) -> None:
        context.clock = self.clock
        if not self.own_formats:
            context.catalogue = shared_catalogue()

    def accept_lock(self) -> None:
        """Let the site work with the lock that stands there, whatever it worked with before."""
        with self.opened() as context:
            recall_lock(context)
            accept_lock(Desk(context.catalogue, context.actor, context), "a test changed the formats")

    def run(self) -> list[Report]:
        """Run one pass over every route."""
        with self.working() as context:
            return run_routes(context)

    def transfers(self) -> list[Transfer]:
        """Return every transfer in order of arrival."""
        with self.opened() as context, context.ledger.read() as connection:
            return sorted(transfers.search(connection, limit=None), key=lambda row: row.id)

    def transfer(self, name: str) -> Transfer:
        """Return the newest transfer of a file name."""
        return [row for row in self.transfers() if row.name == name][-1]

    def states(self) -> dict[str, State]:
        """Return the state of the newest transfer of each file name."""
        return {row.name: row.state for row in self.transfers()}

    def codes(self, name: str) -> list[str]:
        """Return the finding codes of a file's newest transfer."""
        return sorted({row["code"] for row in (self.transfer(name).findings or {}).get("totals", ())})

    def deliveries(self, name: str) -> list[Delivery]:
        """Return the deliveries of a file's newest transfer."""
        row = self.transfer(name)
        with self.opened() as context, context.ledger.read() as connection:
            return deliveries.of(connection, [row.id]).get(row.id, [])

    def actions(self, name: str) -> list[str]:
        """Return what the audit trail says was done to a file's newest transfer, in order."""
        row = self.transfer(name)
        with self.opened() as context, context.ledger.read() as connection:
            return [one.entry.action for one in audit.read(connection, object_id=row.id)]

    def trail(self, object_id: str, action: str) -> list[AuditEntry]:
        """Return the entries of one action in the audit trail of a transfer or stream."""
        with self.opened() as context, context.ledger.read() as connection:
            entries = [one.entry for one in audit.read(connection, object_id=object_id)]
        return [entry for entry in entries if entry.action == action]

    def attempts(self, name: str) -> list[Attempt]:
        """Return the attempts at a file's newest transfer."""
        row = self.transfer(name)
        with self.opened() as context, context.ledger.read() as connection:
            return attempts.of(connection, [row.id]).get(row.id, [])

    def overview(self) -> dict[str, Any]:
        """Return what `gateway status` shows."""
        with self.opened() as context:
            return overview(context)

    def waiting(self) -> dict[str, str]:
        """Return the reason of each file that waits at a source, as `gateway status` shows it."""
        return {one["name"]: one["reason"] for one in self.overview()["waiting"]}

    def delivered(self, destination: str = "erp") -> list[str]:
        """Return the names at a destination, hidden ones included, sorted."""
        return sorted(path.name for path in (self.directory / "outbox" / destination).iterdir())

    def manifest(self, name: str) -> dict[str, Any]:
        """Return the manifest of a file's newest transfer."""
        path = self.directory / (self.transfer(name).settled_path or "")
        data: dict[str, Any] = json.loads(Path(f"{path}.manifest.json").read_bytes())
        return data

    def everywhere(self, name: str) -> list[Path]:
        """Return every place below the site, destinations aside, that holds a file of this name."""
        places = self.directory.rglob("*")
        return [
            path for path in places if name in path.name and "outbox" not in path.parts and path.is_file()
        ]

    def demand_proof(self) -> None:
        """Assert that archive, manifests, ledger and audit trail agree, with nothing left over."""
        with self.opened() as context:
            report = verify_site(context)
            problems, _entries = verify_audit(context)
            records = list(verify_rows(context))
        assert records == [], records
        assert report.is_clean, report.listed
        assert not report.leftovers, report.leftovers
        assert problems == []


def lock_anew(formats: Path) -> None:
    """Release every version below ``formats`` as it is now, as if it had never been locked otherwise."""
    (formats / "formats.lock").unlink(missing_ok=True)
    catalogue = Catalogue.load(formats)
    signed = Signature(datetime(2026, 11, 22, tzinfo=UTC), "test", "a test changed the formats")
    lock = Lock()
    for name, versions in catalogue.entries.items():
        for version, directory in versions.items():
            lock = lock.with_release(version_item(name, version), digests_of(directory), signed)
    (formats / "formats.lock").write_bytes(rendered(lock))
