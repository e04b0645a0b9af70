"""`gateway formats import`: schemas and layouts of others become drafts that real files go through."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from gateway import documents
from gateway.bundle import bundled
from tests.cli.plant import call, sample
from tests.formats.test_import_idoc import material_layout

_SETS = {
    "V0401": ("B2MML-V0401", "http://www.wbf.org/xml/B2MML-V0401"),
    "V0500": ("B2MML-V05", "http://www.wbf.org/xml/B2MML-V05"),
}
_MESSAGES = {
    "MAT-20121210170256-CRBN0001.xml": ("Material", "SyncMaterialDefinition", 0),
    "PRO-20121210181416-27942.xml": ("ProductionSchedule", "SyncProductionSchedule", 0),
    "PES-20121229115825-53107.xml": ("ProductionPerformance", "SyncProductionPerformance", 1),
}


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """An empty catalogue."""
    directory = tmp_path / "formats"
    directory.mkdir()
    return directory


def _reference(*parts: str) -> Path:
    there = os.environ.get("GATEWAY_REFERENCE")
    home = Path(there) if there else Path(__file__).resolve().parents[3] / "shared" / "reference"
    found = home.joinpath(*parts)
    if not found.exists():
        pytest.skip("the reference data is not here")
    return found


@pytest.mark.parametrize("version", _SETS)
@pytest.mark.parametrize("message", _MESSAGES)
def test_real_messages_are_judged_by_imported_b2mml(
    tmp_path: Path, catalogue: Path, version: str, message: str
) -> None:
    """MAT and PRO shall be valid and PES refused for `releaseID`, by formats imported from B2MML sets.

    The Business To Manufacturing Markup Language (B2MML) is used courtesy of MESA International.
    """
    prefix, namespace = _SETS[version]
    schema, root, refused = _MESSAGES[message]
    xsd = _reference("b2mml", version, f"{prefix}-{schema}.xsd")
    made = call(
        "formats", "import", "b2mml@1.0.0", "--xsd", str(xsd), "--root", root, "--formats", str(catalogue)
    )
    assert made.exit_code == 0, made.output
    assert "is a draft now" in made.stdout
    check = call("formats", "check", "b2mml@1.0.0", "--formats", str(catalogue))
    assert check.exit_code == 0, check.output
    data = _reference("b2mml", "samples", message).read_bytes()
    file = tmp_path / message
    file.write_bytes(data.replace(_SETS["V0401"][1].encode(), namespace.encode()))
    result = call("validate", str(file), "--format", "b2mml@1.0.0", "--formats", str(catalogue))
    assert result.exit_code == refused, result.output
    assert ("releaseID" in result.stdout) == bool(refused)


def test_a_material_master_goes_through_an_imported_layout(tmp_path: Path, catalogue: Path) -> None:
    """The shipped IDoc sample shall be valid under a format imported from a table of its segments."""
    layout = tmp_path / "matmas.csv"
    layout.write_text(material_layout(), "utf-8")
    made = call("formats", "import", "matmas", "--idoc-layout", str(layout), "--formats", str(catalogue))
    assert made.exit_code == 0, made.output
    file = sample("material/1.0.0/good/MATMAS_ERPPRD_0000000004200117.idoc")
    result = call("validate", str(file), "--format", "matmas@1.0.0", "--formats", str(catalogue), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["records"] > 0


def test_a_json_schema_is_imported_and_says_what_to_do_next(catalogue: Path) -> None:
    """The draft, its record types and the next steps shall be told; a second import is the next version."""
    schema = str(bundled("formats") / "bom/1.0.0/schema.json")
    for version in ("1.0.0", "1.1.0"):
        made = call("formats", "import", "bom", "--json-schema", schema, "--formats", str(catalogue))
        assert made.exit_code == 0, made.output
        assert f"bom {version} is a draft now" in made.stdout
        assert f"gateway formats lock bom@{version}" in made.stdout
    again = call("formats", "import", "bom@1.1.0", "--json-schema", schema, "--formats", str(catalogue))
    assert again.exit_code == 16
    assert "never overwritten" in again.stderr


def test_a_dry_run_writes_nothing(catalogue: Path) -> None:
    """With --dry-run the format.yaml shall be printed, and the catalogue stay as it was."""
    schema = str(bundled("formats") / "bom/1.0.0/schema.json")
    shown = call(
        "formats", "import", "bom", "--json-schema", schema, "--dry-run", "--formats", str(catalogue)
    )
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("schema: 1\nmessage_type: bom\n")
    assert list(catalogue.iterdir()) == []


def test_the_json_output_has_all_notes(tmp_path: Path, catalogue: Path) -> None:
    """--json shall tell directory, files, record types and every note."""
    schema = tmp_path / "x.json"
    schema.write_text('{"type": "object", "properties": {"a": {"type": "string"}, "b": {}}}')
    made = call(
        "formats", "import", "thing", "--json-schema", str(schema), "--title", "T: #1", "--formats",
        str(catalogue), "--json",
    )  # fmt: skip
    data = json.loads(made.stdout)
    assert data["title"] == "T: #1"
    assert data["files"] == ["format.yaml", "x.json"]
    assert data["record_types"] == [{"name": "thing", "role": "record", "parent": None, "fields": 1}]
    assert any(note.startswith("/b: left out") for note in data["notes"])


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["x"], 2, "Name one source"),
        (["x", "--json-schema", "{file}", "--idoc-layout", "{file}"], 2, "Name one source"),
        (["x", "--json-schema", "{file}", "--root", "a"], 2, "--root belongs to --xsd"),
        (["x@1", "--json-schema", "{file}"], 2, "not a version"),
        (["../x", "--idoc-layout", "{file}", "--segment", "E1A"], 16, "no name of a message type"),
        (["X Y", "--idoc-layout", "{file}", "--segment", "E1A"], 16, "no name of a message type"),
        (["x", "--idoc-layout", "{file}"], 16, "no segment is named"),
        (["x", "--json-schema", "{file}"], 16, "cannot be used"),
        (["x", "--xsd", "{file}"], 16, "import-failed"),
    ],
)
def test_what_cannot_be_imported_is_said_in_words(
    tmp_path: Path, catalogue: Path, arguments: list[str], status: int, words: str
) -> None:
    """Wrong calls and wrong files shall be refused with what to do, and leave the catalogue as it was."""
    file = tmp_path / "layout.txt"
    file.write_text("A;0;1\n")
    called = [each.format(file=file) for each in arguments]
    result = call("formats", "import", *called, "--formats", str(catalogue))
    assert result.exit_code == status, result.output
    assert words in result.stderr
    assert list(catalogue.iterdir()) == []


def test_without_a_catalogue_of_ones_own_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of a site, --formats shall be asked for: the formats of the installation stay as they are."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "layout.txt"
    file.write_text("E1A\nA;0;1\n")
    result = call("formats", "import", "x", "--idoc-layout", str(file))
    assert result.exit_code == 2
    assert "--formats" in result.stderr


_TABLE = """schema: 1
message_type: property
version: 1.0.0
status: draft
title: Properties of materials as a table
kind: delimited
dialect: {delimiter: ";", line_end: lf, header_row: true}
records:
  property:
    fields: {sender: {}, material: {}, property: {}, value: {nullable: true}}
"""
_MAPPING = """schema: 1
from: {message_type: b2mml, version: 1.0.0}
to: {message_type: property, version: 1.0.0}
status: draft
title: Properties of B2MML materials as a table
records:
  property:
    from: value
    fields:
      sender: {from: header.logical_id}
      material: {from: material_definition.id}
      property: {from: material_definition_property.id}
      value: {from: value_string}
"""
_NEEDED = {
    "header": ("logical_id",),
    "material_definition": ("id",),
    "material_definition_property": ("id",),
    "value": ("value_string",),
}


def test_an_imported_format_is_cut_down_and_mapped(catalogue: Path) -> None:
    """What nobody needs shall be deletable from an import; the rest shall map from XML to delimited text.

    The Business To Manufacturing Markup Language (B2MML) is used courtesy of MESA International.
    """
    xsd = str(_reference("b2mml", "V0401", "B2MML-V0401-Material.xsd"))
    made = call(
        "formats", "import", "b2mml@1.0.0", "--xsd", xsd, "--root", "SyncMaterialDefinition", "--formats",
        str(catalogue),
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    definition = catalogue / "b2mml/1.0.0/format.yaml"
    data = documents.read(definition).data
    for part in ("message_id", "created_at"):
        del data["envelope"][part]
    data["envelope"]["key"] = ["sender"]
    data["records"] = {
        name: record | {"fields": {field: record["fields"][field] for field in _NEEDED[name]}}
        for name, record in data["records"].items()
        if name in _NEEDED
    }
    definition.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    sample = _reference("b2mml", "samples", "MAT-20121210170256-CRBN0001.xml").read_text("utf-8")
    expected = (
        "sender;material;property;value\n"
        "DEV130;CRBN0001;BaseUnitOfMeasure;KG\n"
        "DEV130;CRBN0001;HazardousMaterialWarning;C\n"
        "DEV130;CRBN0001;HazardousMaterialWarning;XN\n"
    )
    mapping = catalogue / "b2mml/mappings/1.0.0-to-property-1.0.0.yaml"
    case = mapping.with_suffix("") / "table"
    for place, text in (
        (catalogue / "property/1.0.0/format.yaml", _TABLE), (mapping, _MAPPING), (case / "input.xml", sample),
        (case / "expected.csv", expected),
    ):  # fmt: skip
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    check = call("formats", "check", "--formats", str(catalogue))
    assert check.exit_code == 0, check.output
    assert "1 mapping checked: no problem found" in check.output
