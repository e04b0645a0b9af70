"""What is demanded of the site from outside: the trail, every byte in one place, the proof, bounded means."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.operations.overview import overview
from gateway.stages.context import Context
from tests.soak.clock import JumpingClock
from tests.soak.contents import Content
from tests.soak.model import Event, Model, Violation
from tests.soak.process import Size, command
from tests.soak.site import Partner

#: Directories in which bytes are in somebody's hands: senders' and the gateway's.
_AREAS = ("inbox", "working", "processed", "failed", "duplicates", "replay")
#: Passes after which a process has loaded what it needs, and by how much it may grow from then on.
_WARM = 8
_ROOM = (96 * 1024, 12, 8)  # KiB, open files, threads
_EMPTY = hashlib.sha256(b"").hexdigest()
#: Entries of the audit trail after a given one, for `event_of`.
TRAIL = "SELECT sequence, action, object_type, object_id, new FROM audit WHERE sequence > ? ORDER BY sequence"


def trail(directory: Path, after: int) -> Iterator[Event]:
    """Yield the entries of the audit trail after the one numbered ``after``, read without the gateway."""
    connection = sqlite3.connect(directory / "ledger" / "gateway.db", timeout=30)
    try:
        for row in connection.execute(TRAIL, (after,)):
            yield event_of(row)
    finally:
        connection.close()


def event_of(row: tuple[Any, ...]) -> Event:
    """Return what a row of the trail tells; one database gives JSON as text, the other one reads it."""
    sequence, action, object_type, object_id, new = row
    return Event(
        sequence, action, object_type, object_id, json.loads(new) if isinstance(new, str) else new or {}
    )


@dataclass
class Custody:
    """Where every file of the site is, by its bytes; what was hashed once is known by its inode and times."""

    directory: Path
    known: dict[tuple[int, int, int], str] = field(default_factory=dict)

    def demand(self, model: Model) -> int:
        """Raise Violation where a file is nowhere, or in two places; return how many were found."""
        found: Tally[str] = Tally()
        places: dict[str, list[str]] = {}
        fresh: dict[tuple[int, int, int], str] = {}
        for path in self._files():
            digest = self._digest(path, fresh)
            if digest in model.instances:
                found[digest] += 1
                places.setdefault(digest, []).append(path)
        self.known = fresh
        for digest, count in model.instances.items():
            # an empty file and a done marker have the same bytes
            if digest != _EMPTY and found[digest] != count:
                names = sorted({key[1] for key in model.facts if key[2] == digest})
                raise Violation(
                    f"{names} ({digest[:12]}) is in {found[digest]} places, not {count}: {places.get(digest)}"
                )
        return found.total()

    def _files(self) -> Iterator[str]:
        for area in _AREAS:
            for place, _directories, names in os.walk(self.directory / area):
                for name in names:
                    yield os.path.join(place, name)

    def _digest(self, path: str, fresh: dict[tuple[int, int, int], str]) -> str:
        status = os.stat(path)
        key = status.st_ino, status.st_mtime_ns, status.st_size
        if key not in fresh:
            fresh[key] = self.known.get(key) or hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return fresh[key]


def demand_proof(directory: Path, clock: JumpingClock) -> None:
    """Raise Violation where `gateway verify` finds any difference, or a rest of an interrupted write."""
    status, said = command(directory, clock, ["verify", "--json"])
    try:
        found = json.loads(said[said.index("{") :])  # what it tells people stands before it
    except ValueError:
        raise Violation(f"`gateway verify` left with {status} and said {said}") from None
    if status or any(found["totals"].values()):
        raise Violation(f"`gateway verify` left with {status}: {json.dumps(found, indent=1)}")


def waiting(context: Context) -> frozenset[tuple[str, str]]:
    """Return route and name of every file that waits at a source with a reason, as `gateway status` shows."""
    return frozenset((one["route"], one["name"]) for one in overview(context)["waiting"] if one["reason"])


@dataclass
class Acknowledged:
    """What the partner's server says of the files it gave: each is there still, and is told after custody."""

    partner: Partner
    directory: Path
    settled: set[str] = field(default_factory=set)  #: names in the directory for taken files, looked at

    def demand(self, model: Model, sent: Sequence[Content]) -> None:
        """Raise Violation where a file is not at the server any more, or was told taken and was not."""
        taken = set(os.listdir(self.partner.taken))
        waiting = [one for one in os.listdir(self.partner.out) if one.endswith(".csv") and one[0] != "."]
        if len(taken) + len(waiting) != len(sent):
            raise Violation(
                f"the partner gave {len(sent)} files; {len(waiting)} wait there, {len(taken)} are told taken"
            )
        judged = {one.content.sha256 for one in model.transfers.values() if one.content is not None}
        for name in taken - self.settled:
            digest = hashlib.sha256((self.partner.taken / name).read_bytes()).hexdigest()
            if digest not in judged and digest not in self._in_work():
                raise Violation(f"{name} was acknowledged at its source, and is not in custody")
        self.settled = taken

    def _in_work(self) -> set[str]:
        place = self.directory / "working" / "remote"
        return {hashlib.sha256(path.read_bytes()).hexdigest() for path in place.iterdir() if path.is_file()}


@dataclass
class Sizes:
    """Memory, open files and threads of the gateway's processes: they must not grow with passes."""

    first: dict[int, Size] = field(default_factory=dict)  #: of each process, after it is warm

    def demand(self, process: int, passes: int, size: Size) -> None:
        """Raise Violation where a process has grown beyond what the first passes took."""
        if passes < _WARM:
            return
        first = self.first.setdefault(process, size)
        grown = [now - before for now, before in zip(size, first, strict=True)]
        if any(more > room for more, room in zip(grown, _ROOM, strict=True)):
            raise Violation(f"a process grew by {grown} (KiB, files, threads) in {passes} passes: {size}")
