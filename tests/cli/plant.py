"""A plant at the command line: a real site, files of the samples, and commands with what they said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gateway.bundle import bundled
from gateway.cli.main import gateway
from gateway.ledger import circuits, deliveries, remote_files, transfers
from gateway.ledger.remote_files import OWED, RemoteFile
from gateway.operations.opening import open_site
from gateway.operations.setup import init_site
from gateway.rules.circuit import Circuit, CircuitState

CONFIGURATION = """\
schema: 1
site:
  name: Plant 1000
  time_zone: Europe/Berlin
routes:
  confirmations:
    partner: MES01
    message_type: confirmation
    completeness: {require: [none]}
    sequence: {model: counter, order: strict, start: 1}
    destinations:
      erp: {path: outbox/erp}
  consumption:
    partner: MES01
    message_type: consumption
    completeness: {require: [done-marker]}
    destinations:
      erp: {path: outbox/erp-consumption}
      history: {path: outbox/history}
  orders:
    partner: ERPPRD
    message_type: order
    completeness: {require: [none]}
    destinations:
      mes: {path: outbox/mes}
"""

GOOD = "confirmation/1.0.0/good/CONF_MES01_000000{}.csv"
LATER = "confirmation/1.1.0/good/CONF_MES01_000000{}.csv"
WRONG = "confirmation/1.1.0/bad/CONF_MES02_0000101-wrong-values.csv"
ORDER = "order/1.1.0/good/ORD-ERPPRD-20261115053000-000872.xml"
CONSUMPTION = "consumption/1.0.0/good/CONS_MES01_20261116_0000000{}.txt"

#: Names that try to take a terminal over, to end a line, or to be no text at all.
EVIL = "evil\x1b[31m\u202e\nname\x9b.xml"
NOT_UTF8 = os.fsdecode(b"order-\xff\xfe.xml")


def sample(path: str) -> Path:
    """Return one of the sample files."""
    return bundled("samples") / path


@dataclass(frozen=True)
class Plant:
    """One site in a directory of its own."""

    directory: Path

    @classmethod
    def make(cls, directory: Path, configuration: str = CONFIGURATION) -> Plant:
        """Return a new site that nothing has arrived at."""
        init_site(directory, configuration)
        return cls(directory)

    def copy(self, directory: Path) -> Plant:
        """Return a site like this one in another directory; nothing in it knows where it stood."""
        shutil.copytree(self.directory, directory, symlinks=True)
        return Plant(directory)

    def drop(self, route: str, source: str | bytes, name: str | None = None) -> Path:
        """Put a sample file, or bytes, into an inbox."""
        inbox = self.directory / "inbox" / route
        if isinstance(source, bytes):
            target = inbox / (name or "file")
            target.write_bytes(source)
        else:
            target = inbox / (name or Path(source).name)
            shutil.copyfile(sample(source), target)
        return target

    def run(self, *arguments: str, **environment: str) -> Result:
        """Call `gateway` on this site, in this process."""
        return call("--site", str(self.directory), *arguments, **environment)

    def done(self, *arguments: str) -> str:
        """Call `gateway`, which must leave with 0, and return what it printed."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """Call `gateway` with --json and return the data; stdout must hold nothing else."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def transfer(self, name: str) -> str:
        """Return the id of the newest transfer of a file."""
        return str(self.json("failed", "show", name)["transfer"])


def call(*arguments: str, **environment: str) -> Result:
    """Call `gateway` in this process; stdout and stderr are kept apart."""
    clean = {"GATEWAY_SITE": None, "GATEWAY_ACTOR": None, "SUDO_USER": None}
    return CliRunner(env={**clean, **environment}).invoke(gateway, arguments)


def program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run `gateway` as a process of its own."""
    command = [sys.executable, "-m", "gateway.cli.main", *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GATEWAY_")}
    environment.update(options.pop("env", {}))
    return subprocess.run(command, capture_output=True, timeout=60, env=environment, **options)


def fill(plant: Plant) -> Plant:
    """Let everything happen that an operator meets: two passes with good, bad and hostile files.

    Number 3 of the confirmations is missing; a consumption file has no marker; one of its
    destinations is away; a resend, a conflict, a copy of an order, a wrong file, and two evil names come.
    A server does not let the gateway acknowledge a file.
    """
    (plant.directory / "outbox" / "history").rmdir()
    for number in (1, 2):
        plant.drop("confirmations", GOOD.format(number))
    for number in (4, 5):
        plant.drop("confirmations", LATER.format(number))
    plant.drop("confirmations", WRONG)
    for number in (1, 2):
        plant.drop("consumption", CONSUMPTION.format(number))
    marked = Path(CONSUMPTION.format(1)).name
    plant.drop("consumption", b"", f"{marked}.done")
    plant.drop("orders", ORDER)
    plant.drop("orders", b"no xml", EVIL)
    plant.drop("orders", b"none either", NOT_UTF8)
    assert plant.run("run", "--once").exit_code == 1
    plant.drop("confirmations", GOOD.format(1))
    plant.drop("orders", ORDER, "ORD-ERPPRD-20261116053000-000999.xml")
    changed = sample(GOOD.format(2)).read_bytes().replace(b";DISP-01;", b";DISP-02;")
    plant.drop("confirmations", changed, Path(GOOD.format(2)).name)
    assert plant.run("run", "--once").exit_code == 1
    _owe(plant)
    return plant


def _owe(plant: Plant) -> None:
    """Note for a file that was taken that a server refused to have it moved."""
    with open_site(plant.directory) as context, context.ledger.write() as connection:
        (row, *_others) = transfers.search(connection, limit=1)
        now, refused = context.clock.now(), "[remote-denied] Cannot rename (out/a.csv)"
        place = "sftp://erp/~/out"
        owed = RemoteFile(row.route, place, row.name, row.size, 0, row.id, OWED, now, 1, now, refused)
        remote_files.save(connection, [owed])


def put_off(plant: Plant) -> None:
    """Let every delivery and acknowledgement that is open wait a minute, and leave their places alone."""
    with open_site(plant.directory) as context, context.ledger.write() as connection:
        now = context.clock.now()
        later = now + timedelta(minutes=1)
        waiting = [replace(one, next_try_at=later) for one in deliveries.undelivered(connection)]
        deliveries.update(connection, waiting)
        for route in context.site.routes:
            owed = [replace(one, next_try_at=later) for one in remote_files.owed(connection, route.name)]
            remote_files.save(connection, owed)
        for place in ("server gone", "route consumption destination history"):
            circuit = Circuit(place, CircuitState.OPEN, 3, now, later, "[destination-unavailable] Away", now)
            circuits.save(connection, circuit)
