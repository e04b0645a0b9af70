"""`python -m tests.benchmarks PART... [--write]`: measure, print the tables, keep them in docs/benchmarks.md.

Without a part, or with `all`, every part is measured. What stands behind a single part's name goes
to it: `history 1000000`, `nodes 250`, `memory passes xml`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import platform
import re
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, cast

import pytest

from tests.benchmarks.measuring import progress
from tests.benchmarks.rating import Options

_ROOT = Path(__file__).resolve().parents[2]
_PAGE = _ROOT / "docs" / "benchmarks.md"
#: In the order of the page: the part's name, and the module that measures it.
PARTS = {
    "passes": "passes",
    "small": "small",
    "stages": "stages",
    "rows": "rows",
    "xml": "xml",
    "json": "json_files",
    "fixed": "fixed",
    "memory": "memory",
    "waiting": "waiting",
    "idle": "idle",
    "start": "start",
    "compare": "compare",
    "verify": "verify",
    "history": "history",
    "sftp": "transfers",
    "nodes": "nodes",
}
_HEAD = f"""\
# Benchmarks

Seconds belong to this machine on that day; use them side by side, not as promises.
`python -m tests.benchmarks` measures all parts, `python -m tests.benchmarks PART` one of them; `--write`
keeps the tables here, `--help` tells the rest. Parts are
{", ".join(f"`{name}`" for name in PARTS)}.

Both sides of a row are measured in turns in one run, each in a process of its own. A ratio is the median of
pairs that were measured one after the other, and memory the largest resident size of any run. Work that can
be counted instead is bounded in the default suite: `tests/benchmarks/test_work_of_a_pass.py`.

What people would use instead is not among the gateway's libraries, and the gateway must not see it (pandera
imports pandas where it finds it): `python -m pip install --target PEERS frictionless pandas orjson`, and say
`--peers PEERS`. Sides whose library or program is not there are left out.
"""
_LIBRARIES = ("polars", "pandera", "lxml", "jsonschema-rs", "SQLAlchemy", "paramiko")


class Part(Protocol):
    """A module that measures: the heading of its part, how it is made, and the measuring."""

    HEADING: str
    TEXT: str

    def table(self, options: Options) -> str:
        """Measure, and return the table."""
        ...


def part(name: str) -> Part:
    """Return the part; only now are its libraries imported."""
    return cast("Part", importlib.import_module(f"tests.benchmarks.{PARTS[name]}"))


def facts(options: Options) -> str:
    """Return the machine and the versions that count."""
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) / 2**20
    release = ".".join(platform.release().split(".")[:2])  # what follows is whose build it is
    system = f"{platform.machine()}, {platform.system()} {release}"
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    machine = f"{os.cpu_count()} cores, {memory:.0f} GB, {system}, Python {platform.python_version()}"
    text = f"{machine}, SQLite {sqlite3.sqlite_version}, {libraries}"
    text += f". Only {options.rounds} rounds" if options.rounds else ""
    return text if options.scale == 1 else f"{text}. **Only {options.scale:g} of the data's size**"


def written(page: str, name: str, measured: str, options: Options) -> str:
    """Return ``page`` with the table of a part, in the order of the parts."""
    kept = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)*)", page, re.MULTILINE))
    mine = part(name)
    kept[mine.HEADING] = f"{mine.TEXT}\n\nMachine: {facts(options)}.\n\n{measured}\n"
    order = [heading for heading in (part(one).HEADING for one in PARTS) if heading in kept]
    return _HEAD + "".join(f"\n## {heading}\n\n{kept[heading].rstrip()}\n" for heading in order)


def _asked(arguments: list[str]) -> argparse.Namespace:
    usage = "python -m tests.benchmarks [PART... | PART ARGUMENT... | all] [OPTION...]"
    parser = argparse.ArgumentParser(usage=usage, epilog=f"Parts: {', '.join(PARTS)}.")
    parser.add_argument("parts", nargs="*", default=["all"], help="what to measure; default all")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/benchmarks.md")
    parser.add_argument("--scale", type=float, default=1.0, help="of the data's size; 0.01 for a try")
    parser.add_argument("--rounds", type=int, help="instead of the usual 3 to 15 of each part")
    parser.add_argument("--directory", type=Path, help="keep generated data there; default a temporary one")
    parser.add_argument("--peers", type=Path, help="directory with frictionless, pandas and orjson")
    reference = _ROOT.parent / "shared" / "reference"
    parser.add_argument("--reference", type=Path, default=reference, help="directory with b2mml/")
    return parser.parse_intermixed_args(arguments)


@contextlib.contextmanager
def _place(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="gateway-benchmarks-") as directory:
        yield Path(directory).resolve()


def main(arguments: list[str]) -> None:
    """Measure what is asked for, print it, and with `--write` keep it on the page."""
    asked = _asked(arguments)
    names = [one for one in asked.parts if one in PARTS] or list(PARTS)
    rest = tuple(one for one in asked.parts if one not in PARTS and one != "all")
    if rest and len(names) != 1:
        raise SystemExit(f"There is no part {rest[0]}; there are {', '.join(PARTS)}")
    with _place(asked.directory) as directory:
        peers = asked.peers.resolve() if asked.peers else None
        options = Options(directory, asked.scale, asked.rounds, peers, asked.reference.resolve(), rest)
        broken = [name for name in names if not _measured(name, options, asked.write)]
    if broken:
        raise SystemExit(f"Not measured: {', '.join(broken)}")


def _measured(name: str, options: Options, is_kept: bool) -> bool:
    """Measure one part, print it, and keep it if asked to; what stops it stops no other part."""
    progress(name)
    try:
        measured = part(name).table(options)
    except (Exception, pytest.skip.Exception):  # noqa: BLE001 - the other parts take hours
        traceback.print_exc()
        return False
    print(f"## {part(name).HEADING}\n\n{measured}\n", flush=True)  # noqa: T201 - a command that prints
    if is_kept:
        page = written(_PAGE.read_text(encoding="utf-8"), name, measured, options)
        _PAGE.write_text(page, encoding="utf-8")
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
