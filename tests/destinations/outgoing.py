"""A plant that delivers to a directory of an SFTP server, and the receiver who looks into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.ledger import circuits, deliveries
from gateway.model import AuditEntry
from gateway.rules.circuit import Circuit
from tests.pipeline.plant import Plant, route
from tests.sftp.openssh import OpenSsh
from tests.sftp.scripted import Scripted

#: Without jitter, so that tests can say when something is tried again.
RETRY = "retry: {first: 60s, factor: 2, cap: 10m, jitter: 0, open_after: 3}"
FLAT = "{first: 15s, factor: 2, cap: 10m, jitter: 0, open_after: 3}"


@dataclass
class Outgoing:
    """One plant, the directory ``in`` of the server that its files go to, and the server's settings."""

    plant: Plant
    place: Path

    @classmethod
    def build(
        cls,
        directory: Path,
        server: Scripted | OpenSsh,
        place: Path,
        *,
        more: str = "",
        routes: Callable[[str], str] | None = None,
        **lines: str,
    ) -> Outgoing:
        """Make a site whose confirmations go to ``place``; ``more`` are keys of the destination."""
        place.mkdir(parents=True, exist_ok=True)
        to = f"{{type: sftp, server: erp, path: {server.remote(place)}, {RETRY}{', ' if more else ''}{more}}}"
        text = routes(to) if routes else route(destinations=f"{{erp: {to}}}")
        usual = {"reply_timeout": "1s", "connect_timeout": "2s", "retry": FLAT}
        return cls(Plant.build(directory, text + server.yaml(**{**usual, **lines})), place)

    @property
    def names(self) -> list[str]:
        """What stands in the directory, hidden names too."""
        return sorted(path.name for path in self.place.iterdir())

    def take(self) -> dict[str, bytes]:
        """Be the receiver: take away everything that is not hidden."""
        taken = {}
        for path in sorted(self.place.glob("[!.]*")):
            taken[path.name] = path.read_bytes()
            path.unlink()
        return taken

    def circuit(self, place: str = "server erp") -> Circuit | None:
        """Return the circuit of a place."""
        with self.plant.opened() as context, context.ledger.read() as connection:
            return circuits.load(connection, place)

    def trail(self, action: str, place: str = "server erp") -> list[AuditEntry]:
        """Return what the audit trail says of a place."""
        return self.plant.trail(place, action)

    def tries(self) -> int:
        """Return how often deliveries were tried, all together."""
        with self.plant.opened() as context, context.ledger.read() as connection:
            return sum(one.tries for one in deliveries.undelivered(connection))
