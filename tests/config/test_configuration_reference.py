"""The published schema and the reference page agree with the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway import documents
from gateway.config import checks, reference, schema
from gateway.custody.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[2]


def entries(part: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of the schema with its place."""
    if isinstance(part, dict):
        for name, entry in part.get("properties", {}).items():
            yield f"{place}.{name}", entry
        for name, value in part.items():
            yield from entries(value, f"{place}.{name}")


def test_the_schema_is_a_valid_json_schema() -> None:
    """The published schema shall be valid under its own dialect."""
    jsonschema.Draft202012Validator.check_schema(schema.site_schema())


@pytest.mark.parametrize(("place", "entry"), list(entries(schema.site_schema())))
def test_every_property_is_described(place: str, entry: dict[str, Any]) -> None:
    """Every key shall have a description, and a default unless it is required."""
    full = schema.resolved(entry)
    assert full.get("description", "").endswith("."), place
    holder = schema.site_schema()
    for part in place.strip(".").split(".")[:-1]:
        holder = holder[part] if part in holder else holder["properties"]
    assert entry.keys() & {"default"} or place.rsplit(".", 1)[1] in {
        *holder.get("required", ()), "env", "file",
    }, place  # fmt: skip


@pytest.mark.parametrize(("place", "entry"), list(entries(schema.site_schema())))
def test_defaults_and_examples_are_valid(place: str, entry: dict[str, Any]) -> None:
    """Every default and example of the schema shall be valid under it."""
    rule = {**schema.site_schema(), "required": [], "$ref": "#/$defs/this"}
    rule["$defs"] = {**rule["$defs"], "this": entry}
    rule = {"$schema": rule["$schema"], "$defs": rule["$defs"], "$ref": "#/$defs/this"}
    values = [entry["default"]] if "default" in entry else []
    for value in [*values, *entry.get("examples", [])]:
        found = documents.validate(documents.Document("schema", value, {}), rule)
        assert not [each for each in found if "missing" not in each.message], place


def test_the_reference_page_is_up_to_date() -> None:
    """The committed page shall be what the schema generates now."""
    committed = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert committed == reference.reference_markdown()


def test_every_key_is_in_the_reference() -> None:
    """The page shall have a row for every key of the schema."""
    page = reference.reference_markdown()
    for place, _entry in entries(schema.site_schema()):
        assert f"| `{place.rsplit('.', 1)[1]}` |" in page


def test_own_directories_are_those_of_the_layout(tmp_path: Path) -> None:
    """The directories that the configuration protects shall be those that the gateway makes."""
    Layout(tmp_path).create(["confirmations"])
    made = {entry.name for entry in tmp_path.iterdir()} - {"inbox", "formats"}
    assert made <= set(checks.OWN_DIRECTORIES)


@pytest.mark.parametrize("kinds", ["source", "destination", "channel"])
def test_keys_of_another_kind_are_told_where_they_count(kinds: str) -> None:
    """Each kind shall know all keys that only other kinds have, to say so when they are given."""
    parts = schema.site_schema()["$defs"]
    variants = [schema.resolved(choice["then"]) for choice in parts[kinds]["allOf"]]
    for variant in variants:
        others = {key for other in variants for key in other["properties"]}
        assert set(variant["x-elsewhere"]) == others - set(variant["properties"])
