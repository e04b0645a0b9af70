"""What a pass does, counted: calls to the system, statements, commits, syncs, and the data libraries' work.

Counts are the same on a slow and a busy machine. `python -m tests.benchmarks.work DIRECTORY CONTROL` runs
passes under the library of `tests.faults.shim` and prints the counts of each; `work_of` makes of them what
one file, one batch and one pass cost.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.shim import Control, Fault, Kind, environment

if TYPE_CHECKING:
    from gateway.formats.catalogue import Catalogue

#: Passes by name: files, and how many of them make a batch.
PASSES = {"warm": (1, 1), "one batch": (10, 20), "larger batch": (20, 20), "two batches": (20, 10)}


def counts(directory: Path) -> dict[str, Counter[str]]:
    """Run the passes in a process of its own on sites below ``directory``; return the counts of each."""
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.work",
        str(directory.resolve()),
        str(directory / "control"),
    ]
    env = environment(directory / "control")
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return {name: Counter(found) for name, found in json.loads(done.stdout).items()}


def work_of(found: Mapping[str, Counter[str]]) -> dict[str, tuple[float, float, float]]:
    """Return of each thing counted what one more file costs, one more batch, and a pass besides these."""
    small, large, two = (found[name] for name in list(PASSES)[1:])
    files = PASSES["larger batch"][0] - PASSES["one batch"][0]
    work: dict[str, tuple[float, float, float]] = {}
    for name in sorted(large.keys() | small.keys()):
        each, batch = (large[name] - small[name]) / files, two[name] - large[name]
        work[name] = (each, batch, large[name] - batch - each * PASSES["larger batch"][0])
    return work


def main(directory: str, control: str) -> None:
    """Run the passes and print their counts."""
    from gateway.bundle import bundled
    from gateway.formats.catalogue import Catalogue

    seen: Counter[str] = Counter()
    _listen(seen)
    catalogue = Catalogue.load(bundled("formats"))  # to load it anew takes longer than a pass
    with Control(Path(control)) as told:
        found = {
            name: _pass(Path(directory) / name, *sizes, catalogue, seen, told)
            for name, sizes in PASSES.items()
        }
    print(json.dumps(found))  # noqa: T201 - the answer


def _pass(
    home: Path, files: int, batch: int, catalogue: Catalogue, seen: Counter[str], told: Control
) -> Counter[str]:
    from gateway.operations.opening import working_on
    from gateway.operations.setup import init_site
    from gateway.pipeline import run_routes
    from tests.benchmarks.generate import write_small_files
    from tests.benchmarks.passes import CONFIGURATION

    init_site(home, CONFIGURATION.replace("site:\n", f"site:\n  limits: {{batch_files: {batch}}}\n"))
    write_small_files(home / "inbox" / "confirmations", files)
    with working_on(home) as context:
        context.catalogue = catalogue
        seen.clear()
        told.arm(Fault(), below=home, kinds=list(Kind))
        reports = run_routes(context)
        told.disarm()
    settled = sum(report.settled_total for report in reports)
    if settled != files or any(report.is_troubled for report in reports):
        raise RuntimeError(reports)
    return Counter(seen) + Counter({kind.name.lower(): count for kind, count in told.counts().items()})


def _listen(seen: Counter[str]) -> None:
    """Count from now on what is asked of the ledger and of the data libraries."""
    import pandera.polars as pa
    import polars as pl
    from sqlalchemy import Engine, event

    from gateway.custody import syncs

    # the same calls on every file system: on some of them the gateway syncs file by file
    syncs.syncfs_serves = lambda _device: True  # type: ignore[assignment]

    @event.listens_for(Engine, "before_cursor_execute")
    def _statement(_c: Any, _cursor: Any, _text: str, parameters: Any, _context: Any, many: bool) -> None:
        seen["statements"] += 1
        seen["rows of statements"] += len(parameters) if many else 1

    @event.listens_for(Engine, "commit")
    def _commit(_connection: Any) -> None:
        seen["transactions"] += 1

    for owner, method, name in (
        (pl.LazyFrame, "collect", "polars collects"),
        (pa.DataFrameSchema, "validate", "pandera validations"),
    ):
        _count(owner, method, name, seen)


def _count(owner: Any, method: str, name: str, seen: Counter[str]) -> None:
    original = getattr(owner, method)

    def counted(*args: Any, **kwargs: Any) -> Any:
        seen[name] += 1
        return original(*args, **kwargs)

    setattr(owner, method, counted)


if __name__ == "__main__":
    main(*sys.argv[1:])
