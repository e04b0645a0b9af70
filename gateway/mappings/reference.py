"""The keys of a mapping as Markdown tables, generated from the schema so that they cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.mappings.loading import schema

_SECTIONS = (
    ("The file", None),
    ("A record", "record"),
    ("A field", "feed"),
    ("A condition", "condition"),
)
#: Keys whose own keys stand in a table of their own.
_OWN_TABLE = {"records", "fields"}


def settings_markdown() -> str:
    """Return tables for the file, a record, a field and a condition, ending in a newline."""
    lines: list[str] = []
    for title, name in _SECTIONS:
        part = schema() if name is None else schema()["$defs"][name]
        lines += [f"### {title}", "", "| key | meaning |", "|---|---|"]
        required = part.get("required", ())
        lines += [f"| `{key}` | {text} |" for key, text in _rows(part, required)]
        lines.append("")
    return "\n".join(lines)


def _rows(part: Mapping[str, Any], required: object, above: str = "") -> Iterator[tuple[str, str]]:
    assert isinstance(required, list | tuple)  # noqa: S101 - of a JSON Schema
    for key, raw in part.get("properties", {}).items():
        entry = {**_referred(raw), **raw}
        need = " Required." if key in required else ""
        text = str(entry["description"]).replace("|", "\\|")
        yield f"{above}{key}", f"{text}{need}"
        if key not in _OWN_TABLE:
            yield from _rows(entry, entry.get("required", ()), f"{above}{key}.")


def _referred(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(raw.get("$ref", "")).removeprefix("#/$defs/")
    found: Mapping[str, Any] = schema()["$defs"].get(name, {})
    return found
