"""`python -m tests.benchmarks [PART] [--write]`: measure, print the table, and keep it in docs.

Parts: ``passes`` (the default), ``sftp`` (transfers side by side with OpenSSH's `sftp`), ``history [COUNT]``
(the same work on an empty ledger and behind COUNT past transfers, 10,000,000 by default), ``nodes [FILES]``
(one, two and four gateways on one site, FILES on each route, 250 by default).
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import history, nodes, transfers
from tests.benchmarks.passes import Measured, measure

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
_RUNS = 3
_HEAD = """\
# Benchmarks

Seconds belong to this machine on that day; use them side by side, not as promises.
"""

#: What is measured: words for the table, the case, its size, and what `rate` counts.
CASES = (
    ("5,000 delimited files of 4 KB, one pass", "small", 5_000, "files"),
    ("one delimited file of 1,000,000 rows, 23 columns, all right", "rows", 1_000_000, "rows"),
    ("one delimited file of 1,000,000 rows, 23 columns, every row wrong", "broken", 1_000_000, "rows"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the page: its heading, how it was made, and what measures it."""

    heading: str
    text: str
    table: Callable[[list[str]], str]  #: from the arguments behind the part's name


def passes(_arguments: list[str]) -> str:
    """Run the cases in turns and return the table of medians."""
    results: dict[str, list[Measured]] = {case: [] for _words, case, _size, _unit in CASES}
    for _ in range(_RUNS):
        for words, case, size, _unit in CASES:
            print(f"... {words}", file=sys.stderr)  # noqa: T201 - a command that prints
            results[case].append(measure(case, size))
    lines = ["| work | seconds | per second | peak memory |", "|---|---|---|---|"]
    for words, case, size, unit in CASES:
        seconds = statistics.median(one.seconds for one in results[case])
        peak = max(one.peak_mb for one in results[case])
        lines.append(f"| {words} | {seconds:.1f} | {size / seconds:,.0f} {unit} | {peak:.0f} MB |")
    return "\n".join(lines)


#: In the order of the page.
PARTS = {
    "passes": Part(
        "Whole passes",
        f"""\
Made by `python -m tests.benchmarks --write`: medians of {_RUNS} interleaved runs, each pass in a process of
its own. A pass is everything: look, claim, hash, validate with all rules and all findings, duplicates
down to the record, sequence, deliver, manifest, audit trail, archive, every step durable. Peak memory is
the largest resident size of any run, the libraries included.""",
        passes,
    ),
    "sftp": Part(
        "Transfers over SFTP",
        f"""\
Made by `python -m tests.benchmarks sftp --write`: {transfers.RUNS} rounds in turns against a real sshd on
loopback, the same cipher (AES-128-GCM) on both sides, log-in included; the ratio is the median of pairs. What
is pushed is made durable on both sides (`put -f`). The gateway proves more: sizes and times before and after,
that a fetch ends where the server says, and the SHA-256 of what it sends. Aims: at most 1.3 for the large
file, at most 0.67 for the small ones.""",
        lambda _arguments: transfers.table(),
    ),
    "history": Part(
        "Ten years of history",
        f"""\
Made by `python -m tests.benchmarks history --write`: medians of {history.ROUNDS} rounds in turns. The past
has transfers, attempts, deliveries, record keys and audit entries, one of each a file. Aim: at most 1.2 for
passes and for what they ask of the ledger.""",
        lambda arguments: history.table(int(arguments[0]) if arguments else 10_000_000),
    ),
    "nodes": Part(
        "Several nodes",
        f"""\
Made by `python -m tests.benchmarks nodes --write`: medians of {nodes.ROUNDS} rounds in turns. Nodes are
processes of this machine on one site with {nodes.ROUTES} routes and a ledger on a real PostgreSQL server,
durable; so they share its cores, and more nodes than cores gain nothing here. The ledger has one writer at a
time: its share of the processor says where that ends.""",
        lambda arguments: nodes.table(files=int(arguments[0]) if arguments else nodes.FILES),
    ),
}


def facts() -> str:
    """Return the machine and the versions that count."""
    libraries = f"polars {version('polars')}, pandera {version('pandera')}, SQLite {sqlite3.sqlite_version}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    return f"{machine}, Python {platform.python_version()}, {libraries}, {transfers.software()}"


def written(page: str, part: Part, measured: str) -> str:
    """Return ``page`` with the table of ``part``, in the order of the parts."""
    kept = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)*)", page, re.MULTILINE))
    kept[part.heading] = f"{part.text}\n\nMachine: {facts()}.\n\n{measured}\n"
    order = [one.heading for one in PARTS.values() if one.heading in kept]
    return _HEAD + "".join(f"\n## {heading}\n\n{kept[heading].rstrip()}\n" for heading in order)


def main(arguments: list[str]) -> None:
    """Print the table of a part; with `--write` also keep it on the page."""
    rest = [one for one in arguments if one != "--write"]
    part = PARTS[rest.pop(0) if rest else "passes"]
    measured = part.table(rest)
    print(measured)  # noqa: T201 - a command that prints
    if "--write" in arguments:
        _PAGE.write_text(written(_PAGE.read_text(encoding="utf-8"), part, measured), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
