"""Tables of what manifests and audit entries hold, for the page of the validation engineer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

#: What the members of an audit entry mean; a test holds them against the code.
AUDIT_MEMBERS = {
    "sequence": "Number of the entry, from 1, without a gap.",
    "at": "When, in UTC with microseconds.",
    "actor": "Who: the operator's account (also behind `sudo`), or what `--actor` said.",
    "role": "`gateway` for what passes do, `operator` for what commands do.",
    "host": "On which machine.",
    "action": "What was done, such as `claimed`, `judged-failed`, `reprocess-requested`.",
    "object_type": "To what kind of thing: `transfer` or `stream`.",
    "object_id": "To which one.",
    "old": "What it was before.",
    "new": "What it is now, with the facts of the action.",
    "reason": "Why; demanded for every operator's action.",
    "outcome": "`ok`, or what went wrong.",
    "versions": "Version of the gateway and digest of the configuration in force.",
    "previous": "Hash of the entry before.",
    "hash": "SHA-256 of the entry's canonical bytes: all members above.",
}


def audit_table() -> str:
    """Return the members of an audit entry as a Markdown table."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in AUDIT_MEMBERS.items()]
    return "\n".join(["| member | meaning |", "|---|---|", *rows]) + "\n"


def manifest_table() -> str:
    """Return the members of a manifest as a Markdown table, from its published schema."""
    text = resources.files("gateway.custody").joinpath("manifest.schema.json").read_text("utf-8")
    schema = json.loads(text)
    rows = [f"| `{place}` | {meaning} |" for place, meaning in _members(schema, schema, "")]
    return "\n".join(["| member | meaning |", "|---|---|", *rows]) + "\n"


def _members(schema: Mapping[str, Any], part: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """Yield each member with its description; a moment and a list are described as one."""
    for name, entry in part.get("properties", {}).items():
        here = f"{place}.{name}" if place else name
        meaning = entry.get("description", "").replace("|", "\\|")
        items = entry.get("items", {})
        yield here + ("[]" if items else ""), meaning
        yield from _members(schema, entry, here)
        yield from _members(schema, items, f"{here}[]")
