"""Files made to order: valid under the version, with everything that was asked for."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest

from gateway.findings import Findings
from gateway.formats.compare.change import Demand, DemandedRow
from gateway.formats.definition import Condition, Field, Format, RecordType, Role, Rule
from gateway.formats.loading import load_format
from gateway.formats.row import Row
from gateway.readers.rows import rows_of
from gateway.witness import build
from gateway.witness.checking import WitnessFile, checked, has_name
from tests.compare.cases import _build
from tests.readers.reader_kit import delimited

HOME = Path(__file__).resolve().parents[2]
SHIPPED = sorted(path.parent for path in (HOME / "formats").glob("*/*/format.yaml"))


def made(definition: Format, demand: Demand | None = None, variety: int = 0) -> WitnessFile:
    """Return the witness; it is there, and valid."""
    file = build(definition, demand or Demand(), variety=variety)
    assert file is not None
    assert checked(definition, [file])[0].accepted
    return file


def rows(definition: Format, file: WitnessFile) -> list[Row]:
    """Return the rows of ``file``."""
    return list(rows_of(definition, io.BytesIO(file.data), Findings()))


@pytest.fixture
def base() -> Format:
    """Return a delimited definition with header, trailer and a count."""
    return _build("delimited", "", "1.0.0")


@pytest.mark.parametrize("directory", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_valid_file_of_every_shipped_format(directory: Path) -> None:
    """The gateway shall make a valid file of each of its own formats, with a name that fits."""
    definition = load_format(directory)
    file = made(definition)
    assert has_name(definition, file.name)
    there = {row.record_type for row in rows(definition, file)}
    assert there == {kind.name for kind in definition.record_types}


@pytest.mark.parametrize("physical", ["delimited", "headed", "fixed-width", "xml", "json", "lines"])
def test_variety_makes_other_files(physical: str) -> None:
    """The gateway shall make different valid files, and the same one for the same number."""
    definition = _build(physical, "", "1.0.0")
    files = [made(definition, variety=number) for number in (0, 1, 2, 3)]
    assert len({file.data for file in files}) > 1
    assert made(definition, variety=3) == files[3]


def test_demanded_texts_stand_in_the_file(base: Format) -> None:
    """The gateway shall put the demanded texts into rows of their type, in their order."""
    demand = Demand(
        rows=(
            DemandedRow("item", {"material": "FIRST"}),
            DemandedRow("item", {"material": "SECOND", "note": ""}),
            DemandedRow("head", {"id": "M-7"}),
        )
    )
    found = rows(base, made(base, demand))
    assert [row.texts["material"] for row in found if row.record_type == "item"] == ["FIRST", "SECOND"]
    assert found[0].texts["id"] == "M-7"
    assert found[-1].texts["lines"] == "2"


def test_demanded_numbers_of_records(base: Format) -> None:
    """The gateway shall make exactly as many records as are demanded, and state their number."""
    found = rows(base, made(base, Demand(counts={"item": 4})))
    assert [row.record_type for row in found] == ["head", *["item"] * 4, "tail"]
    assert found[-1].texts["lines"] == "4"


def test_a_demand_that_the_version_refuses_has_no_file(base: Format) -> None:
    """The gateway shall make no file where the version itself refuses what is demanded."""
    assert build(base, Demand(rows=(DemandedRow("item", {"quantity": "much"}),))) is None
    assert build(base, Demand(counts={"item": 0})) is None
    assert build(base, Demand(counts={"item": 5000})) is None
    assert build(base, Demand(rows=(DemandedRow("item", {"note": "a\0b"}),))) is None


@pytest.mark.parametrize(
    ("demand", "change", "shows"),
    [
        (Demand(bom=True), {}, lambda data: data.startswith(b"\xef\xbb\xbf")),
        (Demand(line_end="crlf"), {}, lambda data: data.count(b"\r\n") == 3),
        (Demand(final_line_end=False), {}, lambda data: not data.endswith(b"\n")),
        (Demand(quoted=True), {}, lambda data: data.startswith(b'"H";"')),
        (Demand(trailing_delimiter=True), {"trailing_delimiter": "optional"}, lambda data: b";\n" in data),
        (Demand(blank_line=True), {"blank_lines": "skip"}, lambda data: b"\n\n" in data),
    ],
)
def test_demanded_forms(base: Format, demand: Demand, change: dict[str, str], shows: object) -> None:
    """The gateway shall give the file the physical form that is demanded."""
    settings: dict[str, Any] = {**change}
    definition = dataclasses.replace(base, dialect=dataclasses.replace(base.dialect, **settings))
    assert callable(shows)
    assert shows(made(definition, demand).data)


def test_stripped_lines() -> None:
    """The gateway shall take trailing blanks off where stripped lines are demanded."""
    definition = _build("fixed-width", "dialect: {stripped_blanks: true}", "1.0.0")
    lines = made(definition, Demand(stripped=True)).data.decode().splitlines()
    assert lines
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("physical", ["delimited", "headed", "xml", "json", "lines"])
def test_additions(physical: str) -> None:
    """The gateway shall add a column, element or member where the format allows it, and not where not."""
    opened = _build(physical, "closed: false", "1.0.0")
    assert made(opened, Demand(extra=True)).data != made(opened).data
    assert build(_build(physical, "", "1.0.0"), Demand(extra=True)) is None


def test_an_absent_column() -> None:
    """The gateway shall leave an optional column out of a file with headings where that is demanded."""
    definition = _build("headed", "", "1.0.0")
    file = made(definition, Demand(rows=(DemandedRow("item", {"note": None}),)))
    assert file.data.startswith(b"material;quantity\n")


def _there(name: str) -> Condition:
    return Condition(name, present=True)


def test_rules_are_fulfilled() -> None:
    """The gateway shall find texts that fulfil the rules between fields and over the file."""
    item = RecordType(
        "row",
        Role.RECORD,
        (
            Field("a", pattern="[0-9]{2}"),
            Field("b", nullable=True),
            Field("c", nullable=True),
            Field("n", pattern="[0-9]{3}"),
        ),
    )
    definition = dataclasses.replace(
        delimited(item),
        rules=(
            Rule("needed", "required", "row", "b goes with a.", fields=("b",), when=(_there("a"),)),
            Rule("either", "forbidden", "row", "c goes without b.", fields=("c",), when=(_there("b"),)),
            Rule("counted", "contiguous", "row", "n counts.", fields=("n",), start=7),
            Rule("once", "unique", "row", "a is unique.", fields=("a",)),
        ),
    )  # fmt: skip
    found = rows(definition, made(definition, Demand(counts={"row": 3})))
    assert [row.texts["n"] for row in found] == ["007", "008", "009"]
    assert len({row.texts["a"] for row in found}) == 3
    assert all(row.texts["b"] and not row.texts["c"] for row in found)


def test_a_file_without_records() -> None:
    """The gateway shall make a file without any record that is not the empty file."""
    definition = _build("headed", "zero_records: accept", "1.0.0")
    assert made(definition, Demand(counts={"item": 0})).data == b"material;quantity;note\n"
    lines = _build("lines", "zero_records: accept", "1.0.0")
    assert rows(lines, made(lines, Demand(counts={"item": 0}))) == []
