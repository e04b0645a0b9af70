"""What the first bytes of a JSON or NDJSON file tell of the envelope."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from gateway.findings import Findings
from gateway.formats.definition import Format, Role
from gateway.readers.document_text import DocumentText
from gateway.readers.json_lines import lines_of
from gateway.readers.json_plan import TypePlan, document_plan, is_number
from gateway.readers.json_scan import Walk
from gateway.readers.json_values import JsonError, Pointer, Value, scan_text
from gateway.readers.json_window import Window


def probe_document(definition: Format, head: bytes) -> dict[str, str]:
    """Return the fields of headers whose members are whole in ``head``."""
    plan = document_plan(definition)
    window = Window(DocumentText(io.BytesIO(head), definition.encoding, Findings()), keep=True)
    seen: dict[Pointer, Any] = {}
    with contextlib.suppress(JsonError):
        for item in Walk(window, plan.arrays, plan.inner).items():
            if isinstance(item, Value) and item.index is None and not _may_go_on(item, window):
                seen[item.at] = item.value
    members: dict[str, Any] = {}
    for pointer, value in seen.items():
        _put(members, pointer, value)
    found: dict[str, str] = {}
    for pointer, kinds in plan.outer.items():
        for kind in kinds:
            found.update(_values(kind, _get(members, pointer)))
    return found


def probe_lines(definition: Format, head: bytes) -> dict[str, str]:
    """Return the fields of header lines that are whole in ``head``."""
    plan = document_plan(definition)
    text = DocumentText(io.BytesIO(head), definition.encoding, Findings())
    found: dict[str, str] = {}
    for line in lines_of(text):
        try:
            value = scan_text(line.text.rstrip("\r")).value
        except JsonError:
            break
        kind = plan.choose((), value)
        if kind is None or kind.kind.role is not Role.HEADER:
            break
        found.update(_values(kind, value))
    return found


def _may_go_on(item: Value, window: Window) -> bool:
    """Whether a number ends only because ``head`` does."""
    return is_number(item.value) and item.start + len(item.text) == len(window.text)


def _put(members: dict[str, Any], pointer: Pointer, value: Any) -> None:
    for name in pointer[:-1]:
        members = members.setdefault(name, {})
    if pointer:
        members[pointer[-1]] = value


def _get(members: Any, pointer: Pointer) -> Any:
    for name in pointer:
        members = members.get(name) if isinstance(members, dict) else None
    return members


def _values(plan: TypePlan, value: Any) -> dict[str, str]:
    if plan.kind.role is not Role.HEADER or not isinstance(value, dict):
        return {}
    texts = zip(plan.kind.fields, plan.row(value), strict=True)
    return {f"{plan.kind.name}.{field.name}": text for field, text in texts if text is not None}
