"""One exchange over SFTP: a partner who sends and one who receives, on one server, and the plant between.

The partner's directories on the server: ``out`` (files for the plant), ``taken`` (what the plant has
taken), ``in`` (files from the plant, with checksum file and done marker).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.ledger import transfers
from gateway.model import State
from gateway.pipeline import run_routes
from gateway.stages.context import Context, Report
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.sftp.openssh import OpenSsh
from tests.sftp.scripted import Scripted

#: How the plant takes files, and what it leaves in ``out`` and ``taken`` of three files.
MOVE = "acknowledge: move, move_to: /taken"
DELETE = "acknowledge: delete"
LEAVE = "acknowledge: leave"

ROUTE = "confirmations"

#: Passes after which everything must have come to its end, whatever happened before.
_PASSES = 12


@dataclass
class Exchange:
    """A plant, the directories on the server, and what the receiver has taken from there."""

    plant: Plant
    root: Path
    acknowledge: str = MOVE
    sent: dict[str, list[bytes]] = field(default_factory=dict)  #: contents by name, in order
    received: dict[str, list[bytes]] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    passes: int = 0

    @classmethod
    def build(
        cls,
        directory: Path,
        server: Scripted | OpenSsh,
        acknowledge: str = MOVE,
        *,
        below: Path | None = None,
        to_folder: bool = False,
        **server_lines: str,
    ) -> Exchange:
        """Make a site in ``directory`` that exchanges files over ``server``, ``below`` its root or a part.

        ``to_folder``: the receiver has a folder of the site, as a read-only server takes no files.
        """
        root = below or server.root
        for name in ("out", "taken", "in"):
            (root / name).mkdir(exist_ok=True)
        there = {name: server.remote(root / name) for name in ("out", "taken", "in")}
        how = acknowledge.replace("/taken", there["taken"])
        to = f"type: sftp, server: erp, path: {there['in']}, done_marker: .done, checksum_file: .sha256"
        routes = route(
            source=f'{{type: sftp, server: erp, path: {there["out"]}, pattern: "*.csv", {how}}}',
            destinations="{erp: {path: outbox/erp}}" if to_folder else f"{{erp: {{{to}}}}}",
        )
        lines = {"reply_timeout": "1s", "connect_timeout": "5s", **server_lines}
        return cls(Plant.build(directory, routes + server.yaml(**lines)), root, acknowledge)

    @classmethod
    def at(cls, site: Path, root: Path, acknowledge: str = MOVE) -> Exchange:
        """Return the exchange of a site that was built before, whose server has its root there."""
        return cls(Plant(site), root, acknowledge)

    @property
    def out(self) -> Path:
        """Where the sender puts files."""
        return self.root / "out"

    def send(self, control: int, content: bytes | None = None, **options: int) -> str:
        """Be the sender: put a good confirmation under its name, whole at once; return the name."""
        name = name_of(control)
        data = confirmation(control, **options) if content is None else content  # type: ignore[arg-type]
        part = self.root / f"sending-{name}"
        part.write_bytes(data)
        # as many seconds old as no file of another content is: an mtime has seconds only
        age = 1_700_000_000 + control * 100 + len(self.sent.get(name, ()))
        os.utime(part, (age, age))
        os.replace(part, self.out / name)
        self.sent.setdefault(name, []).append(data)
        return name

    def receive(self) -> None:
        """Be the receiver: take every file whose done marker is there, with its side files."""
        place = self.root / "in"
        for marker in sorted(place.glob("[!.]*.done")):
            data = marker.with_suffix("")
            content = data.read_bytes()
            digest = f"{hashlib.sha256(content).hexdigest()}  {data.name}\n"
            assert Path(f"{data}.sha256").read_text() == digest, f"{data.name}: its checksum file"
            self.received.setdefault(data.name, []).append(content)
            for path in (Path(f"{data}.sha256"), data, marker):
                path.unlink()

    def settle(
        self, *, receiving: bool = True, between: Callable[[], object] = lambda: None, most: int = _PASSES
    ) -> None:
        """Run passes as the service does, with time between them, until there is no more to do.

        ``between`` is called after every pass: what an operator or the partner does meanwhile.
        """
        with self.plant.working() as context:
            for _ in range(most):
                self.reports += run_routes(context)
                self.passes += 1
                between()
                if receiving:
                    self.receive()
                if self.is_settled(context) and not self.leftovers(receiving=receiving):
                    return
                self.plant.clock.advance(hours=2)

    def is_settled(self, context: Context) -> bool:
        """Whether every file that was sent has been processed."""
        with context.ledger.read() as connection:
            counts = transfers.count_by_state(connection)
        return counts.get((ROUTE, State.PROCESSED), 0) >= sum(map(len, self.sent.values()))

    def leftovers(self, *, receiving: bool = True) -> list[str]:
        """Return what stands on the server beyond what may: for ever, if it is still there at the end."""
        standing = {path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()}
        return sorted(standing - self._may_stand(receiving))

    def _may_stand(self, receiving: bool) -> set[str]:
        kept = {MOVE: "taken/", LEAVE: "out/"}.get(self.acknowledge)
        names = {f"{kept}{name}" for name in self.sent} if kept else set()
        if not receiving:
            names |= {f"in/{name}{suffix}" for name in self.sent for suffix in ("", ".sha256", ".done")}
        return names

    def demand_each_once(self, *, receiving: bool = True) -> None:
        """Assert that every file is exactly once where it should be, and nothing else is anywhere."""
        if not receiving:
            self.receive()
        told = "\n".join(str(problem.error) for report in self.reports for problem in report.problems)
        assert self.received == self.sent, f"received {_brief(self.received)}\n{told}"
        assert self.leftovers() == [], told
        if self.acknowledge != DELETE:
            place = self.root / ("taken" if self.acknowledge == MOVE else "out")
            assert {path.name: path.read_bytes() for path in place.iterdir()} == {
                name: contents[-1] for name, contents in self.sent.items()
            }
        # one whose file changed before it was in custody was withdrawn: nothing of it is anywhere
        kept = [row for row in self.plant.transfers() if row.state is not State.WITHDRAWN]
        assert {row.state for row in kept} <= {State.PROCESSED}, told
        assert sorted((row.name, row.sha256) for row in kept) == sorted(
            (name, hashlib.sha256(data).hexdigest())
            for name, contents in self.sent.items()
            for data in contents
        ), told
        assert list((self.plant.directory / "working").glob("*/*")) == []
        assert list((self.plant.directory / "working").glob("*/.*")) == []
        self.plant.demand_proof()


def _brief(contents: Mapping[str, Sequence[bytes]]) -> dict[str, list[int]]:
    return {name: [len(one) for one in each] for name, each in contents.items()}
