"""`python -m tests.benchmarks [sftp] [--write]`: measure, print the table, and keep it in docs.

Without `sftp` whole passes are measured; with it, transfers side by side with OpenSSH's `sftp`.
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
_PASSES, _TRANSFERS = "## Whole passes", "## Transfers over SFTP"

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

Seconds belong to this machine on that day; use them side by side, not as promises.

{_PASSES}

Made by `python -m tests.benchmarks --write`: medians of {_RUNS} interleaved runs, each pass in a process of
its own. A pass is everything: look, claim, hash, validate with all rules and all findings, duplicates
down to the record, sequence, deliver, manifest, audit trail, archive, every step durable. Peak memory is
the largest resident size of any run, the libraries included.

Machine: {facts}.

{measured}
"""


def transfers_part(measured: str) -> str:
    """Return the part about transfers, with the machine it was made on."""
    return f"""\
{_TRANSFERS}

Made by `python -m tests.benchmarks sftp --write`: {transfers.RUNS} rounds in turns against a real sshd on
loopback, the same cipher (AES-128-GCM) on both sides, log-in included; the ratio is the median of pairs. What
is pushed is made durable on both sides (`put -f`). The gateway proves more: sizes and times before and after,
that a fetch ends where the server says, and the SHA-256 of what it sends. Aims: at most 1.3 for the large
file, at most 0.67 for the small ones.

Machine: {os.cpu_count()} cores, {platform.machine()}, {transfers.software()}, paramiko {version("paramiko")}.

{measured}
"""


def main() -> None:
    """Print the table; with `--write` also keep its part of the page."""
    of_transfers = "sftp" in sys.argv[1:]
    measured = transfers.table() if of_transfers else table()
    print(measured)  # noqa: T201 - a command that prints
    if "--write" not in sys.argv[1:]:
        return
    passes, _mark, kept = _PAGE.read_text(encoding="utf-8").partition(f"\n{_TRANSFERS}")
    if of_transfers:
        _PAGE.write_text(f"{passes}\n{transfers_part(measured)}", encoding="utf-8")
    else:
        _PAGE.write_text(f"{page(measured)}\n{_TRANSFERS}{kept}", encoding="utf-8")


if __name__ == "__main__":
    main()
