"""From parsed JSON values to rows, and what is wrong with a value beside its grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.finding_codes import finding
from gateway.readers.base import RECORD as NUMBER
from gateway.readers.json_members import Member, members
from gateway.readers.json_plan import ABSENT, TypePlan, at, pointer_text, strangers, text_of
from gateway.readers.json_values import Notes, Pointer, is_safe_number
from gateway.readers.record_rows import RecordRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import polars as pl

    from gateway.findings import Findings
    from gateway.formats.definition import Format
    from gateway.model import Finding
    from gateway.readers.document_text import DocumentText

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value stood: its text, the line and the byte at which it begins."""

    text: str
    line: int
    offset: Callable[[], int]  #: asked only where something is wrong
    document: DocumentText  #: which knows how many bytes a text takes


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """A record's number, type and place, for findings that come later."""

    plan: TypePlan
    number: int
    line: int


class JsonRecords:
    """The rows of one file."""

    def __init__(self, definition: Format, findings: Findings) -> None:
        self.rows = RecordRows(definition.record_types)
        self._findings = findings
        self._closed = definition.closed and definition.dialect.json_schema is None
        self._latest: dict[str, int] = {}

    def begin(self, plan: TypePlan, line: int) -> RecordPlace:
        """Give the record that begins on ``line`` its number."""
        place = RecordPlace(plan, self.rows.next_number(), line)
        self._latest[plan.kind.name] = place.number
        return place

    def add(self, plan: TypePlan, frame: pl.DataFrame) -> None:
        """Add many sound records at once, with the columns of a chunk; they have got their numbers."""
        self.rows.add_frame(plan.kind.name, frame)
        last = int(frame[-1, NUMBER]) if frame.height else 0  # they stand in their order
        self._latest[plan.kind.name] = max(last, self._latest.get(plan.kind.name, 0))

    def record(self, place: RecordPlace, value: Any, source: Source | None = None) -> bool:
        """Add the row of a record and of those in it; return False where it is no object.

        ``source`` is its text, where nested records' lines have to be found.
        """
        if not isinstance(value, dict):
            self._structure(place, (), value, "an object")
            return False
        lines = _lines(source) if source and place.plan.nested else {}
        self._row(place, value, (), lines, self._latest.get(place.plan.kind.parent or ""))
        return True

    def sound(self, notes: Notes, source: Source, place: RecordPlace | None) -> bool:
        """Add findings for repeated members, unsafe numbers and half characters in one value."""
        if not (notes.repeated or notes.numbers or _HALF_CHARACTER.search(source.text)):
            return True
        wrong = [item for member in members(source.text) if (item := _unsound(member))]
        line, offset, counted = source.line, source.offset() if wrong else 0, 0
        for member, code, message in wrong:
            between = source.text[counted : member.position]  # not all before it: there may be many
            line += between.count("\n")
            offset += source.document.width(between)
            counted = member.position
            self._findings.add(
                finding(
                    code,
                    message,
                    record_type=place.plan.kind.name if place else None,
                    record=place.number if place else None,
                    line=line,
                    column=column_of(member.at) or None,
                    byte_offset=source.document.place(offset),
                    value=(member.raw or "")[:_SHOWN] or None,
                )
            )
        return not wrong

    def _row(
        self,
        place: RecordPlace,
        value: dict[str, Any],
        path: Pointer,
        lines: dict[Pointer, int],
        parent: int | None,
    ) -> None:
        plan = place.plan
        self._check_values(place, value)
        self.rows.add(plan.kind.name, place.number, place.line, parent, plan.row(value))
        for inside, below in plan.nested:
            found = at(value, inside)
            if found is ABSENT or found is None:
                continue
            if isinstance(found, dict):
                self._nested(below, found, (*path, *inside), lines, place)
                continue
            if not isinstance(found, list):
                self._structure(place, inside, found, "an array")
                continue
            for index, element in enumerate(found):
                self._nested(below, element, (*path, *inside, str(index)), lines, place)

    def _nested(
        self, plan: TypePlan, value: Any, path: Pointer, lines: dict[Pointer, int], around: RecordPlace
    ) -> None:
        place = self.begin(plan, lines.get(path, around.line))
        if isinstance(value, dict):
            self._row(place, value, path, lines, self._latest.get(plan.kind.parent or ""))
        else:
            self._structure(place, (), value, "an object")

    def _check_values(self, place: RecordPlace, value: dict[str, Any]) -> None:
        for pointer in place.plan.fields:
            found = at(value, pointer)
            if isinstance(found, (dict, list)):
                self._structure(place, pointer, found, "one value")
        if self._closed:
            for pointer, member in strangers(value, place.plan.known):
                message = f"The member {pointer[-1]} is not part of the format."
                self._findings.add(self._finding("F313", message, place, pointer, member))

    def _structure(self, place: RecordPlace, pointer: Pointer, value: Any, wanted: str) -> None:
        message = f"{_kind(value)} stands where the format has {wanted}."
        self._findings.add(self._finding("F606", message, place, pointer, value))

    def _finding(self, code: str, message: str, place: RecordPlace, pointer: Pointer, value: Any) -> Finding:
        text = text_of(value)
        return finding(
            code,
            message,
            record_type=place.plan.kind.name,
            record=place.number,
            line=place.line,
            column=column_of(pointer) or None,
            value=text[:_SHOWN] if text is not None else None,
        )


def column_of(pointer: Iterable[str | int]) -> str:
    """Return a pointer as a column name: places in arrays become ``*``, so that they count as one."""
    return pointer_text(tuple("*" if str(part).isdecimal() else part for part in pointer))


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "An object"
    if isinstance(value, list):
        return "An array"
    return "Null" if value is None else "A single value"


def _unsound(member: Member) -> tuple[Member, str, str] | None:
    """Return what is wrong with one member beside its grammar."""
    if member.repeated:
        return member, "F602", f"The member {member.at[-1]} occurs twice in one object."
    raw = member.raw
    if raw is None or raw[0] in "tfn":
        return None
    if raw[0] == '"':
        half = _HALF_CHARACTER.search(raw) and not _is_text(raw)
        return (member, "F601", "A \\u escape stands for half a character.") if half else None
    if is_safe_number(raw):
        return None
    if raw[-1] in "Ny":
        return member, "F603", f"{raw} is not a JSON number."
    return member, "F603", "The number has more than 64 characters or an exponent beyond 308."


def _is_text(raw: str) -> bool:
    """Whether the escapes in a JSON string make whole characters."""
    escapes = re.findall(r"\\u([0-9a-fA-F]{4})|(\\.|[^\\])", raw)
    units = b"".join(
        int(code, 16).to_bytes(2, "little") if code else other.encode("utf-16-le") for code, other in escapes
    )
    try:
        units.decode("utf-16-le")
    except UnicodeDecodeError:
        return False
    return True


def _lines(source: Source) -> dict[Pointer, int]:
    """Return the line of every object in a text of several lines."""
    if "\n" not in source.text:
        return {}
    lines, line, counted = {}, source.line, 0
    for member in members(source.text):
        if member.raw is None:
            line += source.text.count("\n", counted, member.position)
            counted = member.position
            lines[member.at] = line
    return lines
