"""Whole passes over files of one kind, and their validation alone: the gateway's side of many benchmarks.

Functions that say "in a process of its own" are called there, see `measuring.apart`.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.generate import KINDS, write_confirmation, write_small_files
from tests.benchmarks.measuring import Measured, Side, apart, in_turns, peak, seconds
from tests.benchmarks.rating import Options, lines

ROUNDS = 3
HEADING = "Whole passes"
TEXT = f"""\
Made by `python -m tests.benchmarks passes --write`: medians of {ROUNDS} rounds in turns. A pass is
everything: look, claim, hash, validate with all rules and all findings, duplicates down to the record,
sequence, deliver, manifest, audit trail, archive, every step durable. Peak memory includes the libraries."""

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

_ONE_KIND = """\
schema: 1
site:
  name: Benchmark
  time_zone: Europe/Berlin
routes:
  files:
    partner: BENCH
    message_type: %s
    completeness: {require: [none]}
    destinations:
      erp: {path: outbox/erp}
"""

#: What is measured: words for the table, the case, its size, and what the rate counts.
CASES = (
    ("delimited files of 4 KB, one pass", "small", 5_000, "files"),
    ("rows of 23 columns in one delimited file, all right", "rows", 1_000_000, "rows"),
    ("rows of 23 columns in one delimited file, every one wrong", "broken", 1_000_000, "rows"),
)


def table(options: Options) -> str:
    """Run the cases in turns and return the table of medians."""
    sizes = {case: options.count(size) for _words, case, size, _unit in CASES}
    sides: dict[str, Side] = {case: partial(_case, options, case, size) for case, size in sizes.items()}
    results = in_turns(sides, options.turns(ROUNDS))
    rows = []
    for words, case, _size, unit in CASES:
        took, size = seconds(results[case]), sizes[case]
        rate = f"{size / took:,.0f} {unit}"
        rows.append((f"{size:,} {words}", f"{took:.1f}", rate, f"{peak(results[case]):,.0f} MB"))
    return lines(("work", "seconds", "per second", "peak memory"), rows)


def _case(options: Options, case: str, size: int) -> Measured:
    with own_site(options.directory, CONFIGURATION) as site:
        inbox = site / "inbox" / "confirmations"
        if case == "small":
            write_small_files(inbox, size)
        else:
            write_confirmation(inbox / "CONF_BENCH_0000001.csv", 1, size, 0, broken=case == "broken")
        return pass_over(site)


@contextlib.contextmanager
def own_site(directory: Path, configuration: str) -> Iterator[Path]:
    """Make a site with the benchmarks' own formats below ``directory``; it is removed at the end."""
    from gateway.operations.setup import init_site

    with tempfile.TemporaryDirectory(prefix="site-", dir=directory) as home:
        init_site(Path(home), configuration)
        add_formats(Path(home) / "formats")
        yield Path(home)


@contextlib.contextmanager
def site_with(options: Options, file: Path, kind: str) -> Iterator[Path]:
    """Make a site in whose inbox a copy of ``file`` of ``kind`` waits."""
    with own_site(options.directory, of_kind(KINDS[kind].message_type)) as site:
        shutil.copyfile(file, site / "inbox" / "files" / KINDS[kind].name)
        yield site


def of_kind(message_type: str) -> str:
    """Return the configuration of a site with one route, ``files``, for files of one message type."""
    return _ONE_KIND % message_type


def add_formats(home: Path) -> Path:
    """Put the benchmarks' own formats into a catalogue; return it."""
    shutil.copytree(Path(__file__).with_name("formats"), home, dirs_exist_ok=True)
    return home


def catalogue(options: Options) -> Path:
    """Return a catalogue of the bundled formats and the benchmarks' own."""
    from gateway.bundle import bundled

    home = options.directory / "formats"
    shutil.copytree(bundled("formats"), home, dirs_exist_ok=True)
    return add_formats(home)


def pass_over(site: Path) -> Measured:
    """Run one pass in a process of its own; what was written before is on the disk then."""
    os.sync()
    return apart("tests.benchmarks.passes:whole_pass", site=site)


def pass_of(options: Options, file: Path, kind: str) -> Measured:
    """Run one pass over a copy of ``file`` on a new site; every one of its files is settled then."""
    with site_with(options, file, kind) as site:
        return pass_over(site)


def validation_of(options: Options, file: Path, kind: str) -> Measured:
    """Validate ``file`` in a process of its own, as `gateway validate` does; nothing is moved."""
    side, home = "tests.benchmarks.passes:validation", catalogue(options)
    return apart(side, file=file, formats=home, message_type=KINDS[kind].message_type)


def whole_pass(site: str) -> dict[str, Any]:
    """Run one pass over the open site, as a service does; in a process of its own."""
    from gateway.operations.opening import working_on
    from gateway.pipeline import run_routes

    with working_on(Path(site)) as context:
        cpu, begun = _cpu(), time.perf_counter()
        reports = run_routes(context)
        took = {"seconds": time.perf_counter() - begun, "cpu": _cpu() - cpu}
    states: dict[str, int] = {}
    for state, count in (item for report in reports for item in report.counts.items()):
        states[state.value] = states.get(state.value, 0) + count
    problems = [str(one.error) for report in reports for one in report.problems]
    if problems:
        raise RuntimeError(problems)
    return {**took, "states": states, "waiting": sum(report.waiting for report in reports)}


def validation(file: str, formats: str, message_type: str) -> dict[str, Any]:
    """Validate one file; in a process of its own."""
    from gateway.formats.catalogue import Catalogue
    from gateway.operations.validating import validate_file

    found = validate_file(Path(file), message_type, Catalogue.load(Path(formats)))
    codes: dict[str, int] = {}
    for one in found.findings.summary()["totals"]:
        codes[one["code"]] = codes.get(one["code"], 0) + one["count"]
    return {"records": found.records, "findings": sum(codes.values()), "codes": codes}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
