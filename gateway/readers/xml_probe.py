"""What the first bytes of an XML document tell: its root, and the headers that are complete."""

from __future__ import annotations

import contextlib
import io
import re
from collections import deque

from lxml import etree

from gateway.findings import Findings
from gateway.formats.definition import Format, Role
from gateway.readers.document_text import DocumentText
from gateway.readers.xml_guard import DoctypeError, Guard, LimitError, check_prolog
from gateway.readers.xml_plan import DocumentPlan, TypePlan, document_plan
from gateway.readers.xml_records import RecordWalk

_ROOT = re.compile(rb"(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->))*<(?:[^\s<>/!?:]+:)?([^\s<>/!?:]+)", re.DOTALL)


def root_name(head: bytes) -> str | None:
    """Return the local name of the root element in ``head`` (UTF-8), None where there is no valid one."""
    match = _ROOT.match(head)
    name = match.group(1).decode("utf-8", "replace") if match else ""
    return name if re.fullmatch(r"[^\W0-9][\w.-]*", name) else None


def probe_head(definition: Format, head: bytes) -> dict[str, str]:
    """Return ``root`` and the fields of header types, as far as ``head`` shows them whole."""
    text = DocumentText(io.BytesIO(head), definition.encoding, Findings())
    data = "".join(iter(text.piece, "")).encode()
    try:
        check_prolog(data)
        ended, unfinished = _parse(Guard(()).release(data))
    except (DoctypeError, LimitError):
        return {}
    plan = document_plan(definition)
    found = _header_values(plan, ended, unfinished)
    root = next(iter([*unfinished, *ended[-1:]]), None)
    if root is not None:
        found["root"] = str(root.tag)  # which may be no name: a head of `<:` is an element to libxml2
    return found


def _parse(data: bytes) -> tuple[list[etree._Element], list[etree._Element]]:
    """Return the elements that have ended and those still open, outermost first."""
    parser = etree.XMLPullParser(
        events=("start", "end"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    ended: list[etree._Element] = []
    unfinished: deque[etree._Element] = deque()
    with contextlib.suppress(etree.XMLSyntaxError):  # the full read says what is wrong
        parser.feed(data)
    for event in parser.read_events():
        if event[0] == "start":
            unfinished.append(event[1])
        elif event[0] == "end":
            ended.append(unfinished.pop())
    return ended, list(unfinished)


def _header_values(
    plan: DocumentPlan, ended: list[etree._Element], unfinished: list[etree._Element]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in [*unfinished, *ended]:
        kind = plan.outer.get(_steps(element))
        if kind is None or kind.kind.role is not Role.HEADER:
            continue
        for name, value in _values(element, kind, unfinished).items():
            found.setdefault(f"{kind.kind.name}.{name}", value)
    return found


def _values(element: etree._Element, plan: TypePlan, unfinished: list[etree._Element]) -> dict[str, str]:
    """Return the values of one header; the text of elements that have not ended is left out."""
    values: list[str | None] = [None] * len(plan.kind.fields)
    RecordWalk(values, unfinished=unfinished).record(element, plan)
    return {
        field.name: value for field, value in zip(plan.kind.fields, values, strict=True) if value is not None
    }


def _steps(element: etree._Element) -> tuple[str, ...]:
    return (*(str(parent.tag) for parent in reversed([*element.iterancestors()])), str(element.tag))
