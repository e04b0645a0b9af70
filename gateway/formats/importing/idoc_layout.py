"""Layouts of IDoc segments as plants have them: a table, or the parser description that SAP exports.

A table has a line for each field: name, offset, length, in columns (``;``, tab, ``,`` or blanks) or as
``MATNR 3(18)``. A line with one name begins a segment. Offsets count from 0, from the beginning of
SDATA; a segment that describes SEGNAM itself counts from the beginning of the record. The parser
description (``BEGIN_SEGMENT`` ...) counts from 1, from the beginning of the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import ImportFailed
from gateway.model import Problem

#: Characters before SDATA in a data record, and of SDATA itself.
HEAD, SDATA = 63, 1000
MAX_BYTES = 4 * 1024 * 1024

_NAME = r"[A-Za-z0-9_/]{1,60}"
_INLINE = re.compile(rf"({_NAME})\s+([0-9]{{1,9}})\s*\(\s*([0-9]{{1,9}})\s*\)")
_SEGMENT = re.compile(rf"(?:(?:segment|\[)\s*)?({_NAME})\s*[]:]?", re.IGNORECASE)
_HEADINGS = frozenset(("field", "name", "fieldname", "field name", "feld", "feldname"))
#: What describes the records around the segments; it is built in.
_FRAME = frozenset(("EDI_DC40", "EDI_DC", "EDI_DD40", "EDI_DD", "EDI_DS40", "EDI_DS"))


@dataclass(frozen=True, slots=True)
class LayoutField:
    """One field of a segment; ``offset`` counts from 0, from the beginning of the record."""

    name: str
    offset: int
    length: int
    line: int
    description: str = ""


@dataclass(slots=True)
class Segment:
    """One segment with its fields in the order of the layout."""

    name: str
    line: int
    fields: list[LayoutField] = field(default_factory=list)


@dataclass(slots=True)
class Layout:
    """The segments of a layout, and the basic type where it says one."""

    segments: list[Segment]
    basic_type: str | None = None
    notes: list[str] = field(default_factory=list)


def read_layout(path: Path, segment: str | None = None) -> Layout:
    """Return the layout in the file ``path``; ``segment`` names fields that stand under no segment.

    Raises ImportFailed with every problem, each with its line.
    """
    text = _text(path)
    problems: list[Problem] = []
    lines = list(enumerate(text.splitlines(), 1))
    exported = any(line.split()[:1] == ["BEGIN_SEGMENT_SECTION"] for _number, line in lines)
    layout = _exported(lines, path, problems) if exported else _table(lines, path, problems, segment)
    for each in layout.segments:
        problems += _contradictions(each, path, layout)
    if not layout.segments and not problems:
        problems.append(Problem(str(path), "no field was found: name, offset and length are expected"))
    if problems:
        ordered = sorted(problems, key=lambda problem: problem.line or 0)
        raise ImportFailed("The layout has problems", where=str(path), problems=ordered)
    return layout


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ImportFailed("The layout cannot be read", where=str(path), cause=error) from error
    if len(raw) > MAX_BYTES:
        raise ImportFailed(f"The layout is larger than {MAX_BYTES} bytes", where=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _exported(lines: list[tuple[int, str]], path: Path, problems: list[Problem]) -> Layout:
    """Read SAP's parser description; each NAME begins a field."""
    layout = Layout([])
    inside = False
    said: dict[str, tuple[str, int]] = {}
    for number, line in lines:
        keyword, _, value = line.strip().partition(" ")
        value = value.strip()
        if keyword == "BEGIN_IDOC" and value:
            layout.basic_type = value.split()[0]
        elif keyword == "BEGIN_SEGMENT":
            inside = True
            layout.segments.append(Segment(value.split()[0] if value else "", number))
            if not value:
                problems.append(Problem(str(path), "the segment has no name", number))
        elif inside and keyword in ("NAME", "END_FIELDS", "END_SEGMENT"):
            _take(said, layout.segments[-1], path, problems)
            said = {"NAME": (value, number)} if keyword == "NAME" else {}
            inside = keyword != "END_SEGMENT"
        elif said and keyword not in said:
            said[keyword.removeprefix("BYTE_").removeprefix("CHARACTER_")] = (value, number)
    return layout


def _take(said: dict[str, tuple[str, int]], segment: Segment, path: Path, problems: list[Problem]) -> None:
    if not said:
        return
    name, line = said["NAME"]
    numbers = {}
    for key, what in (("FIRST", "first character"), ("LENGTH", "length")):
        text, place = said.get(key, ("", line))
        numbers[key] = _number(text, f"the {what} of {name}", path, place, problems)
    if None not in numbers.values():
        description = said.get("TEXT", ("", 0))[0]
        segment.fields.append(
            LayoutField(name, (numbers["FIRST"] or 0) - 1, numbers["LENGTH"] or 0, line, description)
        )


def _number(text: str, what: str, path: Path, line: int, problems: list[Problem]) -> int | None:
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    problems.append(Problem(str(path), f"{what} is not a number", line, found=text or "(nothing)"))
    return None


def _table(lines: list[tuple[int, str]], path: Path, problems: list[Problem], segment: str | None) -> Layout:
    layout = Layout([])
    for number, line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        inline = _INLINE.findall(text)
        if inline and not _INLINE.sub("", text).strip(" ,;\t"):
            found = [LayoutField(name, int(offset), int(length), number) for name, offset, length in inline]
        elif (name := _SEGMENT.fullmatch(text.strip(";, \t"))) is not None:
            layout.segments.append(Segment(name[1], number))
            continue
        else:
            found = list(_row(text, number, path, problems, layout))
        if found and not layout.segments:
            if segment is None:
                message = "no segment is named for these fields: write its name before them, or use --segment"
                problems.append(Problem(str(path), message, number))
            layout.segments.append(Segment(segment or "?", number))
        if found:
            layout.segments[-1].fields += found
    layout.segments = [_from_record(each) for each in layout.segments if each.name.upper() not in _FRAME]
    return layout


def _row(text: str, line: int, path: Path, problems: list[Problem], layout: Layout) -> Iterator[LayoutField]:
    """Yield the field of one line of columns; a first column that repeats may name the segment."""
    mark = next((mark for mark in (";", "\t", ",") if mark in text), None)
    cells = [cell.strip().strip('"') for cell in (text.split(mark) if mark else text.split(maxsplit=3))]
    if cells[0].lower() in _HEADINGS or cells[0].lower() in ("segment", "segnam"):
        return
    named = len(cells) > 3 and not cells[1].isdecimal() and cells[2].isdecimal() and cells[3].isdecimal()
    if named:
        if not layout.segments or layout.segments[-1].name != cells[0]:
            layout.segments.append(Segment(cells[0], line))
        cells = cells[1:]
    if len(cells) < 3:
        message = "a field needs its name, its offset and its length"
        problems.append(Problem(str(path), message, line, found=text[:60]))
        return
    if not re.fullmatch(_NAME, cells[0]):
        problems.append(Problem(str(path), "this is no name of a field", line, found=cells[0][:60]))
        return
    offset = _number(cells[1], f"the offset of {cells[0]}", path, line, problems)
    length = _number(cells[2], f"the length of {cells[0]}", path, line, problems)
    if offset is not None and length is not None:
        yield LayoutField(cells[0], offset, length, line, ", ".join(filter(None, cells[3:])))


def _from_record(segment: Segment) -> Segment:
    """Return ``segment`` with offsets from the beginning of the record."""
    whole = any(each.name.upper() == "SEGNAM" and each.offset == 0 for each in segment.fields)
    shift = 0 if whole else HEAD
    fields = [
        LayoutField(each.name, each.offset + shift, each.length, each.line, each.description)
        for each in segment.fields
        if not (whole and each.offset + each.length <= HEAD)
    ]
    return Segment(segment.name, segment.line, fields)


def _contradictions(segment: Segment, path: Path, layout: Layout) -> Iterator[Problem]:
    """Yield what cannot be in a segment; note the stretches that no field describes."""
    names: dict[str, int] = {}
    end, last = HEAD, "the head of the record"
    for each in sorted(segment.fields, key=lambda one: (one.offset, one.line)):
        name = each.name.upper()
        if name in names:
            yield Problem(str(path), f"{each.name} stands in line {names[name]} too", each.line)
        names[name] = each.line
        if each.length == 0:
            yield Problem(str(path), f"{each.name} has the length 0", each.line)
        if each.offset < end:
            yield Problem(str(path), f"{each.name} overlaps {last}", each.line)
        elif each.offset > end:
            gap = f"{segment.name}: characters {end - HEAD} to {each.offset - HEAD - 1} of SDATA"
            layout.notes.append(f"{gap} are described by no field and not looked at.")
        end, last = max(end, each.offset + each.length), each.name
        if each.offset + each.length > HEAD + SDATA:
            message = f"{each.name} ends beyond the {SDATA} characters of SDATA"
            yield Problem(str(path), message, each.line, found=str(each.offset + each.length - HEAD))
    if not segment.fields:
        yield Problem(str(path), f"the segment {segment.name} has no field", segment.line)
