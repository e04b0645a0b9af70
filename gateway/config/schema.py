"""The published schema of the site configuration, and the defaults that it declares."""

from __future__ import annotations

import copy
import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@functools.cache
def site_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of ``config/gateway.yaml``."""
    text = resources.files("gateway.config").joinpath("site.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def resolved(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return one entry of the schema with what it refers to; its own words win."""
    if "$ref" not in entry:
        return entry
    name = entry["$ref"].removeprefix("#/$defs/")
    return {**resolved(site_schema()["$defs"][name]), **entry}


def with_defaults(data: Any, entry: Mapping[str, Any] | None = None) -> Any:
    """Return a valid document with every default that the schema declares filled in."""
    schema = _chosen(resolved(site_schema() if entry is None else entry), data)
    if isinstance(data, list) and "items" in schema:
        return [with_defaults(value, schema["items"]) for value in data]
    if not isinstance(data, dict):
        return data
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    full = {}
    for name, raw in known.items():
        part = resolved(raw)
        if name in data:
            full[name] = with_defaults(data[name], part)
        elif "default" in part:
            full[name] = with_defaults(copy.deepcopy(part["default"]), part)
    if isinstance(others, dict):
        full.update({name: with_defaults(value, others) for name, value in data.items()})
    return full if known or isinstance(others, dict) else data


def _chosen(entry: Mapping[str, Any], data: Any) -> Mapping[str, Any]:
    """Return the entry that holds for ``data``: that of its kind, where there are several."""
    if not isinstance(data, dict):
        return entry
    kind = data.get("type", entry.get("properties", {}).get("type", {}).get("default"))
    for choice in entry.get("allOf", ()):
        if choice["if"]["properties"]["type"]["const"] == kind:
            return resolved(choice["then"])
    # a secret has no defaults, other mappings that may be null have
    return resolved(entry["then"]) if "then" in entry else entry
