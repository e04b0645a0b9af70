"""The service with nothing to do: its share of a core, and how soon it notices a new file."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.generate import write_confirmation
from tests.benchmarks.measuring import progress
from tests.benchmarks.passes import CONFIGURATION
from tests.benchmarks.rating import Options, lines
from tests.pipeline.plant import Plant
from tests.service.conftest import Running, running

ROUNDS, SECONDS, FILES = 3, 30, 15
#: Seconds until a file is noticed, and the share of one core.
_SOON, _LITTLE = 1.0, 0.005
HEADING = "The idle service"
TEXT = f"""\
Made by `python -m tests.benchmarks idle --write`: `gateway run` in {ROUNDS} rounds, first left alone for
{SECONDS} s, then given {FILES} files one after the other. A file is noticed when it stands no longer in
the inbox, and through when it stands at its destination. The interval between passes is the usual one of
30 s, so that only the events of the file system (inotify) can be that quick."""


def table(options: Options) -> str:
    """Measure and return the table."""
    shares, noticed, through = [], [], []
    for number in range(options.turns(ROUNDS)):
        progress(f"{number + 1} of {options.turns(ROUNDS)}: {SECONDS} s of nothing, then {FILES} files")
        with tempfile.TemporaryDirectory(prefix="idle-", dir=options.directory) as home:
            plant = Plant.build(Path(home) / "site", CONFIGURATION.partition("routes:\n")[2])
            with running(plant) as service:
                service.event("running")
                time.sleep(3)  # for the first passes, which look at everything
                shares.append(_share(service, max(3.0, SECONDS * min(1.0, options.scale))))
                for control in range(1, FILES + 1):
                    seen, done = _drop(plant, Path(home), control)
                    noticed.append(seen)
                    through.append(done)
    share, longest = statistics.median(shares), max(noticed)
    is_little, is_soon = _met(share < _LITTLE), _met(longest < _SOON)
    noticed_in = (_milliseconds(statistics.median(noticed)), _milliseconds(longest))
    through_in = (_milliseconds(statistics.median(through)), _milliseconds(max(through)))
    rows = (
        (
            "processor time of the idle service",
            f"{share:.2%} of a core",
            "",
            f"under {_LITTLE:.1%}",
            is_little,
        ),
        ("until a new file is noticed", *noticed_in, f"under {_SOON:g} s", is_soon),
        ("until it is delivered", *through_in, "", ""),
    )
    return lines(("what", "median", "longest", "goal", "met"), rows)


def _met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _share(service: Running, seconds: float) -> float:
    """Return the share of one core that the service takes while nothing comes."""
    before = _cpu(service.process.pid)
    time.sleep(seconds)
    return (_cpu(service.process.pid) - before) / seconds


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _drop(plant: Plant, home: Path, control: int) -> tuple[float, float]:
    """Put a file into the inbox; return after how long it was noticed, and delivered."""
    name = f"CONF_BENCH_{control:07d}.csv"
    write_confirmation(home / name, control, 25, control * 25)
    inbox, delivered = plant.inbox() / name, plant.directory / "outbox" / "erp" / name
    begun = time.perf_counter()
    (home / name).rename(inbox)
    seen = _until(lambda: not inbox.exists(), begun)
    return seen, _until(delivered.exists, begun)


def _until(is_so: Callable[[], bool], begun: float) -> float:
    while not is_so():
        time.sleep(0.002)
        if time.perf_counter() - begun > 60:
            raise RuntimeError("The service does not take the file")
    return time.perf_counter() - begun
