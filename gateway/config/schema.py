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
    schema = resolved(site_schema() if entry is None else entry)
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
    # what the schema describes only under conditions (a secret) has no defaults
    return full if known or isinstance(others, dict) else data
