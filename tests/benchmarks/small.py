"""Many small files through a whole pass, against the floor and against a batch size of one.

The floor is a bare loop with the same custody and nothing else: nothing is checked, nothing compared with the
past, nothing decided, nothing audited, and nobody could carry it on after a crash.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import sqlite3
import tempfile
from functools import partial
from pathlib import Path

from tests.benchmarks.generate import write_small_files
from tests.benchmarks.measuring import Measured, Side, apart, in_turns
from tests.benchmarks.passes import CONFIGURATION, own_site, pass_over
from tests.benchmarks.rating import Goal, Options, Row
from tests.benchmarks.rating import table as rated

ROUNDS, FILES, BATCH = 3, 5_000, 100
HEADING = "Small files"
TEXT = f"""\
Made by `python -m tests.benchmarks small --write`: medians of {ROUNDS} rounds in turns. The floor is a
bare loop with the same durability and nothing else: rename into working, hash, copy to the destination,
write a manifest, rename into the archive, one SQLite transaction and one set of syncs for every {BATCH}
files. The other side is the same gateway with `batch_files: 1`."""
_ONE_BY_ONE = CONFIGURATION.replace("site:\n", "site:\n  limits: {batch_files: 1}\n")


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    files = options.count(FILES)
    sides: dict[str, Side] = {
        "gateway": partial(_pass, options, CONFIGURATION, files),
        "floor": partial(_floor, options, files),
        "one by one": partial(_pass, options, _ONE_BY_ONE, files),
    }
    found = in_turns(sides, options.turns(ROUNDS))
    work = f"{files:,} delimited files of 4 KB, one pass"
    return rated(
        (
            Row(work, found["gateway"], "the floor", found["floor"], Goal(2)),
            Row("the same", found["gateway"], "batch size 1", found["one by one"], Goal(5, faster=True)),
        )
    )


def _pass(options: Options, configuration: str, files: int) -> Measured:
    with own_site(options.directory, configuration) as site:
        write_small_files(site / "inbox" / "confirmations", files)
        measured = pass_over(site)
    if measured.told["states"] != {"processed": files}:
        raise RuntimeError(measured.told)
    return measured


def _floor(options: Options, files: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="floor-", dir=options.directory) as place:
        (Path(place) / "inbox").mkdir()
        write_small_files(Path(place) / "inbox", files)
        os.sync()
        measured = apart("tests.benchmarks.small:floor", place=place)
        if len(os.listdir(f"{place}/outbox")) != files or len(os.listdir(f"{place}/processed")) != 2 * files:
            raise RuntimeError("The floor lost files")
        return measured


def floor(place: str) -> None:
    """Do the custody of every file in ``place/inbox`` and nothing else; in a process of its own."""
    loop = _Floor(Path(place))
    names = sorted(entry.name for entry in os.scandir(loop.inbox))
    for start in range(0, len(names), BATCH):
        loop.take(names[start : start + BATCH])


class _Floor:
    """The places of the bare loop, and its ledger."""

    def __init__(self, place: Path) -> None:
        for name in ("working", "outbox", "processed", "ledger"):
            (place / name).mkdir()
        self.inbox, self.working, self.outbox, self.processed = (
            str(place / name) for name in ("inbox", "working", "outbox", "processed")
        )
        self.ledger = sqlite3.connect(place / "ledger" / "gateway.db", isolation_level=None)
        self.ledger.execute("PRAGMA journal_mode=WAL")
        self.ledger.execute("PRAGMA synchronous=FULL")
        self.ledger.execute(
            "CREATE TABLE files (name TEXT PRIMARY KEY, sha256 TEXT, size INTEGER, state TEXT)"
        )

    def take(self, names: list[str]) -> None:
        """Take one batch through."""
        rows = []
        for name in names:
            os.rename(f"{self.inbox}/{name}", f"{self.working}/{name}")
            with open(f"{self.working}/{name}", "rb") as file:
                data = file.read()
            digest = hashlib.sha256(data).hexdigest()
            with open(f"{self.outbox}/.{name}", "wb") as copy:
                copy.write(data)
            row = (name, digest, len(data), "processed")
            with open(f"{self.working}/{name}.manifest.json", "w", encoding="utf-8") as manifest:
                json.dump(dict(zip(("name", "sha256", "size", "state"), row, strict=True)), manifest)
            rows.append(row)
        _sync_file_system(self.working)  # contents, before names promise them
        for name in names:
            os.rename(f"{self.outbox}/.{name}", f"{self.outbox}/{name}")
            os.rename(f"{self.working}/{name}", f"{self.processed}/{name}")
            os.rename(f"{self.working}/{name}.manifest.json", f"{self.processed}/{name}.manifest.json")
        for directory in (self.inbox, self.working, self.outbox, self.processed):
            _sync(directory)
        self.ledger.execute("BEGIN IMMEDIATE")
        self.ledger.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", rows)
        self.ledger.execute("COMMIT")


def _sync_file_system(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
        raise OSError(ctypes.get_errno(), "syncfs")
    os.close(descriptor)


def _sync(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
