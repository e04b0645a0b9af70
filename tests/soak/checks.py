"""What is demanded of the site from outside: the trail, every byte in one place, the proof, bounded means."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.operations.overview import overview
from gateway.operations.verifying import verify_audit, verify_site
from gateway.stages.context import Context
from tests.soak.model import Event, Model, Violation

#: Directories in which bytes are in somebody's hands: senders' and the gateway's.
_AREAS = ("inbox", "working", "processed", "failed", "duplicates", "replay")
_EMPTY = hashlib.sha256(b"").hexdigest()
_TRAIL = (
    "SELECT sequence, action, object_type, object_id, new FROM audit WHERE sequence > ? ORDER BY sequence"
)


def trail(directory: Path, after: int) -> Iterator[Event]:
    """Yield the entries of the audit trail after the one numbered ``after``, read without the gateway."""
    connection = sqlite3.connect(directory / "ledger" / "gateway.db", timeout=30)
    try:
        for sequence, action, object_type, object_id, new in connection.execute(_TRAIL, (after,)):
            yield Event(sequence, action, object_type, object_id, json.loads(new) if new else {})
    finally:
        connection.close()


@dataclass
class Custody:
    """Where every file of the site is, by its bytes; what was hashed once is known by its inode and times."""

    directory: Path
    known: dict[tuple[int, int, int], str] = field(default_factory=dict)

    def demand(self, model: Model, more: tuple[Path, ...] = ()) -> int:
        """Raise Violation where a file is nowhere, or in two places; return how many were found.

        ``more`` are places outside the site where bytes wait, too.
        """
        found: Tally[str] = Tally()
        places: dict[str, list[str]] = {}
        fresh: dict[tuple[int, int, int], str] = {}
        for path in self._files(more):
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

    def _files(self, more: tuple[Path, ...]) -> Iterator[str]:
        for area in (*(self.directory / name for name in _AREAS), *more):
            for place, _directories, names in os.walk(area):
                for name in names:
                    yield os.path.join(place, name)

    def _digest(self, path: str, fresh: dict[tuple[int, int, int], str]) -> str:
        status = os.stat(path)
        key = status.st_ino, status.st_mtime_ns, status.st_size
        if key not in fresh:
            fresh[key] = self.known.get(key) or hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return fresh[key]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the gateway says of itself when it is asked for proof."""

    wrong: tuple[str, ...]
    waiting: frozenset[tuple[str, str]]  #: route and name of files that wait, with a reason


def prove(context: Context) -> Proof:
    """Verify archive and audit trail; runs in a process of its own, as `gateway verify` does."""
    report = verify_site(context)
    problems, _entries = verify_audit(context)
    wrong = [] if report.is_clean else [str(one) for one in report.listed]
    wrong += [f"leftover {one}" for one in report.leftovers]
    wrong += [str(one) for one in problems]
    waits = {(one["route"], one["name"]) for one in overview(context)["waiting"] if one["reason"]}
    return Proof(tuple(wrong), frozenset(waits))
