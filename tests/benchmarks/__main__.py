"""`python -m tests.benchmarks [--write]`: run every benchmark, print the table, and keep it in docs.

`python -m tests.benchmarks sftp` prints the table of transfers side by side with OpenSSH's `sftp`.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import transfers
from tests.benchmarks.passes import Measured, measure

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
_RUNS = 3

#: What is measured: words for the table, the case, its size, and what `rate` counts.
CASES = (
    ("5,000 delimited files of 4 KB, one pass", "small", 5_000, "files"),
    ("one delimited file of 1,000,000 rows, 23 columns, all right", "rows", 1_000_000, "rows"),
    ("one delimited file of 1,000,000 rows, 23 columns, every row wrong", "broken", 1_000_000, "rows"),
)


def table() -> str:
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


def page(measured: str) -> str:
    """Return the page with the table and the machine it was made on."""
    libraries = f"polars {version('polars')}, pandera {version('pandera')}, SQLite {sqlite3.sqlite_version}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    facts = f"{machine}, Python {platform.python_version()}, {libraries}"
    return f"""\
# Benchmarks

Made by `python -m tests.benchmarks --write`: medians of {_RUNS} interleaved runs, each pass in a process of
its own. A pass is everything: look, claim, hash, validate with all rules and all findings, duplicates
down to the record, sequence, deliver, manifest, audit trail, archive, every step durable. Peak memory is
the largest resident size of any run, the libraries included.

Machine: {facts}.

{measured}

Seconds belong to this machine on that day; use them side by side, not as promises.
"""


def main() -> None:
    """Print the table; with `--write` also keep the page."""
    if "sftp" in sys.argv[1:]:
        print(transfers.table())  # noqa: T201 - a command that prints
        return
    measured = table()
    print(measured)  # noqa: T201 - a command that prints
    if "--write" in sys.argv[1:]:
        _PAGE.write_text(page(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
