"""Passes over an inbox in which many files wait, against looking at each of them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.benchmarks.measuring import Measured, Side, apart, in_turns
from tests.benchmarks.passes import of_kind, own_site, pass_over
from tests.benchmarks.rating import Goal, Options, Row
from tests.benchmarks.rating import table as rated

ROUNDS, FILES = 3, 100_000
HEADING = "An inbox of waiting files"
TEXT = f"""\
Made by `python -m tests.benchmarks waiting --write`: medians of {ROUNDS} rounds in turns. The files wait
for their done markers. The first pass puts each of them into the ledger with the reason why it waits; the
next one sees them again, as every pass does from then on."""
_CONFIGURATION = of_kind("movement").replace("[none]", "[done-marker]")


@dataclass
class _Inbox:
    """The site of the present round: each has a new one, for a first pass is only one once."""

    options: Options
    files: int
    site: Path = field(default_factory=Path)
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def fill(self) -> None:
        """Make a new site whose inbox is full."""
        self.held.close()
        self.site = self.held.enter_context(own_site(self.options.directory, _CONFIGURATION))
        for number in range(self.files):
            (self.site / "inbox" / "files" / f"MOVE_BENCH_{number:06d}.csv").write_bytes(b"document,item\n")

    def first(self) -> Measured:
        """Run the first pass."""
        self.fill()
        return self.next()

    def next(self) -> Measured:
        """Run a pass, of which nothing may be taken."""
        measured = pass_over(self.site)
        if measured.told["states"] or measured.told["waiting"] != self.files:
            raise RuntimeError(measured.told)
        return measured


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    inbox = _Inbox(options, options.count(FILES))
    scan = "tests.benchmarks.waiting:scan"
    sides: dict[str, Side] = {
        "first": inbox.first,
        "next": inbox.next,
        "scan": lambda: apart(scan, directory=inbox.site / "inbox" / "files"),
    }
    with inbox.held:
        found = in_turns(sides, options.turns(ROUNDS))
    peer = partial(Row, peer="`os.scandir` and `stat`", theirs=found["scan"])
    return rated(
        (
            peer(f"a pass over {inbox.files:,} waiting files", found["next"], goal=Goal(3)),
            peer("the first pass over them", found["first"]),
        )
    )


def scan(directory: str) -> dict[str, int]:
    """Look at every file; in a process of its own."""
    return {"bytes": sum(entry.stat().st_size for entry in os.scandir(directory))}
