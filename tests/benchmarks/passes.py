"""One pass over many small files, and one over a large file: time, rate, and peak memory.

Each pass runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from gateway.operations.opening import working_on
from gateway.operations.setup import init_site
from gateway.pipeline import run_routes
from tests.benchmarks.generate import write_confirmation, write_small_files

CONFIGURATION = """\
schema: 1
site:
  name: Benchmark
  time_zone: Europe/Berlin
routes:
  confirmations:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [none]}
    sequence: {model: counter, order: strict, start: 1}
    destinations:
      erp: {path: outbox/erp}
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one pass took: seconds, peak resident memory in MB, and where the files went."""

    seconds: float
    peak_mb: float
    states: dict[str, int]


def measure(case: str, size: int) -> Measured:
    """Generate data for ``case`` (``small`` files or ``rows`` or ``broken`` rows) and run one pass."""
    with tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as directory:
        site = Path(directory)
        init_site(site, CONFIGURATION)
        inbox = site / "inbox" / "confirmations"
        if case == "small":
            write_small_files(inbox, size)
        else:
            write_confirmation(inbox / "CONF_BENCH_0000001.csv", 1, size, 0, broken=case == "broken")
        command = [sys.executable, "-m", "tests.benchmarks.passes", directory]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(result.stdout))


def _run(directory: Path) -> Measured:
    with working_on(directory) as context:
        begun = time.perf_counter()
        reports = run_routes(context)
        seconds = time.perf_counter() - begun
    states: dict[str, int] = {}
    for state, count in (item for report in reports for item in report.counts.items()):
        states[state.value] = states.get(state.value, 0) + count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(round(seconds, 2), round(peak, 1), states)


if __name__ == "__main__":
    measured = _run(Path(sys.argv[1]))
    print(json.dumps({"seconds": measured.seconds, "peak_mb": measured.peak_mb, "states": measured.states}))  # noqa: T201
