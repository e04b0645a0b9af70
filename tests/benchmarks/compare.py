"""Comparing two releases of B2MML against loading both with lxml."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from tests.benchmarks.measuring import Side, apart, in_turns
from tests.benchmarks.rating import Goal, Options, Row, skipped
from tests.benchmarks.rating import table as rated

ROUNDS = 5
RELEASES = ("V0401", "V0500")
HEADING = "Two releases of a vendor's schemas"
TEXT = f"""\
Made by `python -m tests.benchmarks compare --write`: medians of {ROUNDS} rounds in turns, libraries
included, as bytecode as an installation leaves it. To load a release is to make one `lxml.etree.XMLSchema`
of all its files, to parse it is to read the files and no more. B2MML is used courtesy of MESA
International."""


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    releases = [options.reference / "b2mml" / one for one in RELEASES]
    if not all(one.is_dir() for one in releases):
        return skipped(f"there is no {releases[0]}, see `--reference`").strip()
    releases = [_whole(one, options.directory / one.name) for one in releases]
    side = "tests.benchmarks.compare:"
    sides: dict[str, Side] = {
        name: partial(apart, side + name, releases=[str(one) for one in releases])
        for name in ("gateway", "loading", "parsing")
    }
    with _bytecode_in(options.directory):
        sides["gateway"]()  # writes it
        found = in_turns(sides, options.turns(ROUNDS))
    work = (
        f"B2MML {' and '.join(RELEASES)}, {found['gateway'][0].told['changes']:,} changes with their verdicts"
    )
    return rated(
        (
            Row(work, found["gateway"], "loading both with lxml", found["loading"], Goal(5)),
            Row("the same", found["gateway"], "parsing both with lxml", found["parsing"]),
        )
    )


@contextlib.contextmanager
def _bytecode_in(directory: Path) -> Iterator[None]:
    """Let all processes that are started keep their bytecode below ``directory``."""
    with mock.patch.dict(os.environ, PYTHONPYCACHEPREFIX=str(directory / "bytecode")):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        yield


def _whole(release: Path, home: Path) -> Path:
    """Copy a release, with empty schemas for what it includes and does not have (parts of BatchML)."""
    shutil.copytree(release, home, dirs_exist_ok=True)
    for text in [file.read_text(encoding="utf-8") for file in home.glob("*.xsd")]:
        for name in re.findall(r'include\s+schemaLocation\s*=\s*"([^"]+)"', text):
            if not (home / name).exists():
                empty = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>'
                (home / name).write_text(empty, encoding="utf-8")
    return home


def gateway(releases: list[str]) -> dict[str, Any]:
    """Compare the releases as `gateway formats diff` does; in a process of its own."""
    from gateway.formats.compare.xsd import compare_sets

    return {"changes": len(compare_sets(Path(releases[0]), Path(releases[1])).changes)}


def loading(releases: list[str]) -> None:
    """Make one schema of each release; in a process of its own."""
    from lxml import etree

    def _namespace(file: Path) -> str | None:
        return etree.parse(file).getroot().get("targetNamespace")

    for release in releases:
        documents = [(file, _namespace(file)) for file in _files(release)]
        main = max((name for _file, name in documents), key=[name for _file, name in documents].count)
        parts = "".join(
            f'<xs:include schemaLocation="{file.name}"/>'
            if name == main
            else f'<xs:import namespace="{name}" schemaLocation="{file.name}"/>'
            for file, name in documents
        )
        space = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        text = f'<xs:schema {space} targetNamespace="{main}">{parts}</xs:schema>'
        etree.XMLSchema(etree.fromstring(text, base_url=f"{release}/all.xsd"))


def parsing(releases: list[str]) -> None:
    """Read the files of each release; in a process of its own."""
    from lxml import etree

    for file in (file for release in releases for file in _files(release)):
        etree.parse(file)


def _files(release: str) -> Iterable[Path]:
    return sorted(Path(release).glob("*.xsd"))
