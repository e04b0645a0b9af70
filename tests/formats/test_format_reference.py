"""The page about format definitions says what the code does."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from gateway.formats import definition as d
from gateway.formats.check import check_format
from gateway.formats.loading import load_format, schema
from gateway.formats.reference import reference_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_committed_page_is_the_generated_one() -> None:
    """The documentation shall be what `python -m gateway.formats.reference` prints."""
    assert PAGE.read_text(encoding="utf-8") == reference_markdown()


def test_the_example_on_the_page_is_a_sound_format(tmp_path: Path) -> None:
    """The documentation shall show an example that works."""
    example = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    directory = tmp_path / "confirmation" / "1.1.0"
    directory.mkdir(parents=True)
    (directory / "format.yaml").write_text(example, encoding="utf-8")
    assert check_format(load_format(directory)) == []


def test_the_schema_is_a_valid_json_schema() -> None:
    """The published schema shall be valid under JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema())


def _properties(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for name, entry in part.get("properties", {}).items():
            named = entry.get("description") or "$ref" not in entry
            yield f"{path}/{name}", entry if named else schema()["$defs"][entry["$ref"].split("/")[-1]]
        for key, inner in part.items():
            yield from _properties(inner, f"{path}/{key}")


def test_every_property_is_described_and_unknown_ones_are_refused() -> None:
    """The published schema shall describe every key and refuse all others."""
    assert [path for path, entry in _properties(schema()) if not entry.get("description")] == []
    closed = [schema(), *(part for part in schema()["$defs"].values() if "properties" in part)]
    assert all(part["additionalProperties"] is False for part in closed)


@pytest.mark.parametrize(
    ("part", "kind", "other"),
    [
        ("dialect", d.Dialect, set()),
        ("field", d.Field, {"name"}),
        ("condition", d.Condition, set()),
        ("record", d.RecordType, {"name"}),
        ("discriminator", d.Discriminator, set()),
        ("rule", d.Rule, {"record_type"}),
    ],
)
def test_the_schema_offers_exactly_what_the_model_knows(part: str, kind: Any, other: set[str]) -> None:
    """The published schema and the program's model shall not drift apart."""
    defs = schema()["$defs"]
    found = defs["record"]["properties"]["discriminator"] if part == "discriminator" else defs[part]
    names = {each.name for each in dataclasses.fields(kind)} - other
    assert set(found["properties"]) - {"record"} == names


@pytest.mark.parametrize(("part", "kind"), [("dialect", d.Dialect), ("field", d.Field), ("rule", d.Rule)])
def test_the_defaults_of_the_schema_are_those_of_the_model(part: str, kind: Any) -> None:
    """The published schema shall state the defaults that the program uses."""
    defaults = {each.name: each.default for each in dataclasses.fields(kind)}
    for name, entry in schema()["$defs"][part]["properties"].items():
        if "default" in entry:
            stated = tuple(entry["default"]) if isinstance(entry["default"], list) else entry["default"]
            known = defaults[name]
            assert stated == getattr(known, "value", known)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("properties", "kind"), d.Kind),
        (("properties", "status"), d.Status),
        (("$defs", "record", "properties", "role"), d.Role),
        (("$defs", "field", "properties", "type"), d.FieldType),
    ],
)
def test_the_choices_of_the_schema_are_those_of_the_model(path: tuple[str, ...], kind: Any) -> None:
    """The published schema shall offer the kinds, states, roles and types that the program knows."""
    part: Any = schema()
    for name in path:
        part = part[name]
    assert part["enum"] == [each.value for each in kind]
