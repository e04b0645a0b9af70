"""`gateway verify` over a large archive, against the SHA-256 of the same bytes."""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from pathlib import Path

from tests.benchmarks.generate import write_documents
from tests.benchmarks.measuring import Side, in_turns, program
from tests.benchmarks.passes import of_kind, own_site, pass_over
from tests.benchmarks.rating import Goal, Options, Row, against, skipped
from tests.benchmarks.rating import table as rated

ROUNDS, SIZE, FILES = 3, 10_000 << 20, 160
_TIMES = 1.2
HEADING = "Verifying an archive"
TEXT = f"""\
Made by `python -m tests.benchmarks verify --write`: medians of {ROUNDS} rounds in turns, whole processes.
Both read the same {FILES} files; `gateway verify` also compares them with day lists, manifests, ledger
and audit trail. The goal is {_TIMES} times for each core, so by the clock as much less as there are cores
(openssl uses one)."""
_CONFIGURATION = of_kind("document").partition("    destinations:")[0]


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    if shutil.which("openssl") is None:
        return skipped("openssl, `apt-get install openssl`").strip()
    with own_site(options.directory, _CONFIGURATION) as site:
        for number in range(1, FILES + 1):
            file = site / "inbox" / "files" / f"DOCS_BENCH_{number:06d}.csv"
            write_documents(file, options.count(SIZE) // FILES, number)
        states = pass_over(site).told["states"]
        if states != {"processed": FILES}:
            raise RuntimeError(states)
        archived: list[str | Path] = sorted((site / "processed").rglob("*.csv"))
        size = sum(Path(one).stat().st_size for one in archived) / 1e6
        command: list[str | Path] = [sys.executable, "-m", "gateway.cli.main", "--site", site, "verify"]
        sides: dict[str, Side] = {
            "gateway": partial(program, command),
            "openssl": partial(program, ["openssl", "dgst", "-sha256", *archived]),
        }
        found = in_turns(sides, options.turns(ROUNDS))
    ours, theirs, peer = found["gateway"], found["openssl"], "`openssl dgst -sha256`"
    cores = os.cpu_count() or 1
    work = f"`gateway verify` over {size:,.0f} MB: "
    rows = (
        Row(f"{work}processor time", ours, peer, theirs, Goal(_TIMES), of=lambda one: one.cpu),
        Row(f"{work}by the clock, {cores} cores", ours, peer, theirs, Goal(_TIMES / cores)),
    )
    return rated(rows) + against(options, programs=[("openssl", "version")])
