"""How long commands take to start and answer, beyond what their library for commands takes to import."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

from gateway.operations.setup import init_site
from tests.benchmarks.generate import write_small_files
from tests.benchmarks.measuring import Side, in_turns, peak, program
from tests.benchmarks.passes import pass_over
from tests.benchmarks.rating import Options, lines

ROUNDS, FILES, WRONG = 15, 100, 20
#: Milliseconds that a command may take beyond the import of click.
_GOALS = {"gateway --help": 150, "gateway status": 300, "gateway failed list": 300}
_CLICK = 'python -c "import click"'
HEADING = "Starting"
TEXT = f"""\
Made by `python -m tests.benchmarks start --write`: medians of {ROUNDS} rounds in turns, whole processes
with their interpreters. The site is what `gateway init` makes, six routes, and has {FILES} settled
and {WRONG} failed files. All that Python loads is there as bytecode, as an installation leaves it."""


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    installed = Path(sys.executable).with_name("gateway")
    gateway = [str(installed)] if installed.exists() else [sys.executable, "-m", "gateway.cli.main"]
    with tempfile.TemporaryDirectory(prefix="site-", dir=options.directory) as home:
        site = Path(home)
        init_site(site)
        inbox = site / "inbox" / "confirmations"
        write_small_files(inbox, FILES)
        for number in range(WRONG):
            (inbox / f"CONF_WRONG_{number + 1:07d}.csv").write_bytes(b"H;no confirmation\r\n")
        for name in os.listdir(inbox):
            (inbox / f"{name}.done").touch()
        pass_over(site)
        settled = {area: len(list((site / area).rglob("CONF_*.csv"))) for area in ("processed", "failed")}
        if settled != {"processed": FILES, "failed": WRONG}:
            raise RuntimeError(f"the site is not what it should be: {settled}")
        run = partial(program, env=_with_bytecode(options.directory))
        sides: dict[str, Side] = {_CLICK: partial(run, [sys.executable, "-c", "import click"])}
        for words in _GOALS:
            command = [*gateway, "--site", str(site), *words.split()[1:]]
            sides[words] = partial(run, command)
        for side in sides.values():
            side()  # writes the bytecode
        found = in_turns(sides, options.turns(ROUNDS))
    rows = []
    for name, runs in found.items():
        took = statistics.median(one.seconds for one in runs) * 1000
        pairs = zip(runs, found[_CLICK], strict=True)
        more = statistics.median(one.seconds - other.seconds for one, other in pairs) * 1000
        goal = _GOALS.get(name)
        rated = (
            (f"{more:,.0f} ms", f"under {goal} ms more", "yes" if more < goal else "**no**")
            if goal
            else ("", "", "")
        )
        rows.append((f"`{name}`", f"{took:,.0f} ms, {peak(runs):,.0f} MB", *rated))
    return lines(("command", "takes", "more than click", "goal", "met"), rows)


def _with_bytecode(directory: Path) -> dict[str, str]:
    """Return the environment of processes that keep their bytecode below ``directory``, and nowhere else."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**known, "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}
