"""A plant that takes files from a server, and the sender at the other end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config.settings import SftpSource
from gateway.ledger import remote_files
from gateway.pipeline import run_routes
from gateway.sources.addresses import address, directory_path
from gateway.stages.context import Report
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.sftp.openssh import OpenSsh
from tests.sftp.scripted import Scripted

#: The sender's clock: long ago, as the gateway's own counts.
LONG_AGO = 1_700_000_000


@dataclass
class Pull:
    """A site with one route that takes files from ``out`` on a server and moves them to ``taken``."""

    plant: Plant
    out: Path
    taken: Path

    @classmethod
    def build(
        cls,
        directory: Path,
        server: Scripted | OpenSsh,
        acknowledge: str = "move",
        completeness: str = "{require: [none]}",
        *,
        below: Path | None = None,
    ) -> Pull:
        """Make the site in ``directory`` and the sender's directories ``below`` the server's root."""
        root = below or server.root
        pull = cls(Plant(directory), root / "out", root / "taken")
        for path in (pull.out, pull.taken):
            path.mkdir(exist_ok=True)
        Plant.build(directory, pull.routes(server, acknowledge, completeness))
        return pull

    def routes(self, server: Scripted | OpenSsh, acknowledge: str, completeness: str) -> str:
        """Return the part of the configuration from the routes on."""
        to = f", move_to: {server.remote(self.taken)}" if acknowledge == "move" else ""
        where = f'server: erp, path: {server.remote(self.out)}, pattern: "*.csv"'
        source = f"{{type: sftp, {where}, acknowledge: {acknowledge}{to}}}"
        return route(source=source, completeness=completeness) + server.yaml(reply_timeout="2s")

    def send(self, control: int, content: bytes | None = None, *, age: int = 0) -> str:
        """Put a confirmation under its name; return the name. ``age`` tells contents of a name apart."""
        return self.put(name_of(control), confirmation(control) if content is None else content, age=age)

    def put(self, name: str, content: bytes, *, age: int = 0) -> str:
        """Put a file under a name, whole at once."""
        part = self.out.parent / "sending"
        part.write_bytes(content)
        os.utime(part, (LONG_AGO + age, LONG_AGO + age))
        os.replace(part, self.out / name)
        return name

    def run(self, passes: int = 1, **between: float) -> list[Report]:
        """Run passes, with time between them; return the last one's reports."""
        reports: list[Report] = []
        with self.plant.working() as context:
            for _ in range(passes):
                reports = run_routes(context)
                self.plant.clock.advance(**between)
        return reports

    def remembered(self) -> dict[str, str]:
        """Return what the ledger says of files that still stand at the source: state by name."""
        with self.plant.opened() as context, context.ledger.read() as connection:
            settings = context.site.routes[0].source
            assert isinstance(settings, SftpSource)
            place = address(settings.server, directory_path(settings.path))
            return {row.mark[0]: row.state for row in remote_files.known(connection, "confirmations", place)}

    def acknowledged(self, name: str) -> list[dict[str, Any]]:
        """Return what the audit trail tells of the acknowledgements of a file's newest transfer."""
        entries = self.plant.trail(self.plant.transfer(name).id, "acknowledged")
        return [dict(entry.new or {}) for entry in entries]

    def spooled(self) -> list[str]:
        """Return what lies in work, finished or not."""
        return sorted(os.listdir(self.plant.directory / "working" / "confirmations"))


def problems(reports: list[Report]) -> str:
    """Return all problems of reports as one text."""
    return "\n".join(str(one.error) for report in reports for one in report.problems)


def names(directory: Path) -> list[str]:
    """Return the names in a directory."""
    return sorted(os.listdir(directory))
