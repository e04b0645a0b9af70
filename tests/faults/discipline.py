"""The discipline of syncing, read off a recorded run: what a commit says is on the disk before it is said.

At every commit the ledger is read as the disk may show it from then on. What is new in it (claimed, staged,
delivered, settled) is held against the model of the disk: bytes, papers, lists, and every name on the way.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.shim import Call, Kind
from tests.faults.storage import Directory, Disk, File, Node, names_of, snapshot

#: What stands beside a settled file, by the ends of the names.
_PAPERS = (".manifest.json", ".report.txt")
_SETTLED = ("processed", "failed", "duplicate")


@dataclass(frozen=True)
class Violation:
    """Something that was said before it was durable."""

    call: int  #: the number of the call by which it was said
    said: str
    path: str
    lacks: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"call {self.call}: {self.said}, but {self.lacks}: {self.path}"


@dataclass
class Inspector:
    """Follows a run call by call, and notes each violation."""

    disk: Disk
    unsynced: Sequence[str] = ()  #: directories whose senders do not sync what they write
    violations: list[Violation] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)  #: the numbers of the calls that were commits
    said: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take what the ledger says before the run as said."""
        self.said = set(self._statements())
        for directory in self.unsynced:
            node = self.disk.find(self.disk.site / directory)
            for _name, file in names_of(node) if isinstance(node, Directory) else ():
                file.kept, file.pending = b"", [(0, bytes(file.seen))]

    def follow(self, calls: Sequence[Call]) -> None:
        """Feed all ``calls``, and look at the disk at each commit and publication."""
        for call in calls:
            if call.result >= 0 and _publishes(call):
                self._demand_published(call)
            if _commits(call):
                self.commits.append(call.number)
                self._judge(call)
            self.disk.feed(call)

    def _judge(self, call: Call) -> None:
        """Compare what is said from now on with what is on the disk before it."""
        for statement in self._statements():
            if statement not in self.said:
                self.said.add(statement)
                kind, what, *paths = statement
                for path in paths:
                    self._demand(call, f"{what} is called {kind}", path)
                if kind in _SETTLED:
                    self._demand_settled(call, kind, what, paths[0])
                if kind in ("delivered", *_SETTLED):
                    self._demand_gone(call, f"{what} is called {kind}")

    def _demand_settled(self, call: Call, kind: str, what: str, path: str) -> None:
        said = f"{what} is called {kind}"
        self._demand(call, said, f"{path}.manifest.json")
        if kind == "failed":
            self._demand(call, said, f"{path}.report.txt")
            return
        day = str(Path(path).parent / "manifest-sha256.txt")
        self._demand(call, said, day)
        listed = self.disk.find(self.disk.site / day)
        if isinstance(listed, File) and Path(path).name.encode() not in listed.kept:
            self._note(call, said, day, "the list on the disk does not name it")

    def _demand_gone(self, call: Call, said: str) -> None:
        """Note names that are gone for programs, and not on the disk: renames that are half durable."""
        for area in ("working", "inbox"):
            top = self.disk.find(self.disk.site / area)
            for route, node in top.seen.items() if isinstance(top, Directory) else ():
                if isinstance(node, Directory) and (node.kept.keys() - node.seen.keys()):
                    gone = sorted(node.kept.keys() - node.seen.keys())
                    if said.startswith(tuple(name.partition("-")[0] for name in gone)):
                        self._note(call, said, f"{area}/{route}/{gone[0]}", "the disk still has its old name")

    def _demand_published(self, call: Call) -> None:
        node = self.disk.find(call.path)
        if isinstance(node, File) and node.pending:
            self._note(call, "the file is published", call.to, "its bytes are not on the disk")

    def _demand(self, call: Call, said: str, path: str) -> None:
        lacks = lacking(self.disk, path)
        if lacks:
            self._note(call, said, path, lacks)

    def _note(self, call: Call, said: str, path: str, lacks: str) -> None:
        self.violations.append(Violation(call.number, said, path, lacks))

    def _statements(self) -> Iterator[tuple[str, ...]]:
        """Yield what the ledger says to whoever opens it now: kind, about what, paths that it rests on."""
        ledger = self.disk.find(self.disk.site / "ledger")
        with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
            for name, file in names_of(snapshot(ledger)) if isinstance(ledger, Directory) else ():
                if name in ("gateway.db", "gateway.db-wal"):
                    (Path(place) / name).write_bytes(file.seen)
            with sqlite3.connect(f"{place}/gateway.db") as connection:
                connection.row_factory = _row
                yield from _transfers(connection)
                yield from _deliveries(connection)
            connection.close()


def lacking(disk: Disk, path: str) -> str:
    """Return what of ``path`` (relative to the site) is not on the disk; empty where all is."""
    node: Node = disk.root
    parts = Path(path).parts
    for at, part in enumerate(parts):
        if not isinstance(node, Directory) or part not in node.seen:
            return "it is not there"
        if node.kept.get(part) is not node.seen[part]:
            return f"the name {'/'.join(parts[: at + 1])} is not on the disk"
        node = node.seen[part]
    if isinstance(node, File) and (node.pending or node.kept != node.seen):
        return "its bytes are not on the disk"
    return ""


def _commits(call: Call) -> bool:
    is_sync = call.kind in (Kind.SYNC, Kind.DATASYNC) and call.call != "sync_file_range"
    return is_sync and call.result >= 0 and call.path.endswith("/gateway.db-wal")


def _publishes(call: Call) -> bool:
    return call.kind is Kind.RENAME and "/outbox/" in call.to and not Path(call.to).name.startswith(".")


def _row(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row by its columns; the ledger keeps names as bytes."""
    values = (os.fsdecode(value) if isinstance(value, bytes) else value for value in row)
    return dict(zip((column[0] for column in cursor.description), values, strict=True))


def _transfers(connection: sqlite3.Connection) -> Iterator[tuple[str, ...]]:
    for row in connection.execute("SELECT * FROM transfers"):
        if row["state"] == "claimed":
            beside = [one["role"] for one in json.loads(row["companions"] or "[]")]
            working = f"working/{row['route']}/{row['working_name']}"
            yield ("claimed", row["id"], working, *(f"{working}.{role}" for role in beside))
        elif row["state"] in _SETTLED:
            yield (row["state"], f"{row['id']} (attempt {row['attempt']})", row["settled_path"])


def _deliveries(connection: sqlite3.Connection) -> Iterator[tuple[str, ...]]:
    for row in connection.execute("SELECT * FROM deliveries"):
        place = (row["staged_in"] or "").partition("#")[0].partition("/site/")[2]
        if row["state"] == "staged":
            yield ("staged", row["key"], f"{place}/.{row['key']}.part")
        elif row["state"] == "delivered":
            yield ("delivered", f"{row['key']} at {row['destination']}", f"{place}/{row['target']}")
