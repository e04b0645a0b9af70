"""Layouts of IDoc segments as plants have them: a table, or the parser description that SAP exports.

A table has a line for each field: name, offset, length, in columns (``;``, tab, ``,`` or blanks) or as
``MATNR 3(18)``. A line with one name begins a segment. Offsets count from 0, from the beginning of
SDATA; a segment that describes SEGNAM itself counts from the beginning of the record. The parser
description (``BEGIN_SEGMENT`` ...) counts from 1, from the beginning of the record.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import ImportFailed
from gateway.model import Problem

#: Characters before SDATA in a data record, and of SDATA itself.
HEAD, SDATA = 63, 1000
MAX_BYTES = 4 * 1024 * 1024
MAX_LINE = 100_000  #: characters; a whole segment in one line has a tenth of it
MAX_SEGMENT_NAME = 30  #: characters, as SEGNAM has them

_MOST_PROBLEMS = 50  #: more of them say that this is no layout
_NAME = r"[A-Za-z0-9_/]{1,60}"
_INLINE = re.compile(rf"({_NAME})\s+([0-9]{{1,9}})\s*\(\s*([0-9]{{1,9}})\s*\)")
_SEGMENT = re.compile(rf"(?:(?:segment|\[)\s*)?({_NAME})\s*[]:]?", re.IGNORECASE)
#: Words of which one stands in the first two columns of a line of headings.
_HEADINGS = frozenset(
    ("field", "name", "fieldname", "field name", "feld", "feldname", "segment", "segnam", "offset", "start",
     "position", "pos", "from")
)  # fmt: skip
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
    problems: list[Problem] = []
    lines = _lines(_text(path), path, problems)
    exported = any(line.upper().split(None, 1)[:1] == ["BEGIN_SEGMENT_SECTION"] for _number, line in lines)
    layout = _exported(lines, path, problems) if exported else _table(lines, path, problems, segment)
    if not problems:
        _settle(layout, path, problems)
    if problems:
        ordered = sorted(problems, key=lambda problem: problem.line or 0)
        more = len(ordered) - _MOST_PROBLEMS
        hint = f"There are {more} problems more: is this a layout?" if more > 0 else None
        told = ordered[:_MOST_PROBLEMS]
        raise ImportFailed("The layout has problems", where=str(path), hint=hint, problems=told)
    return layout


def _lines(text: str, path: Path, problems: list[Problem]) -> list[tuple[int, str]]:
    """Return the lines with their numbers; one of a length that no layout has is a problem."""
    lines = list(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if len(line) > MAX_LINE:
            problems.append(Problem(str(path), f"the line is longer than {MAX_LINE} characters", number))
    return [(number, line) for number, line in lines if len(line) <= MAX_LINE]


def _settle(layout: Layout, path: Path, problems: list[Problem]) -> None:
    """Let each segment be there once, and look for what cannot be in it."""
    once: dict[str, Segment] = {}
    for each in layout.segments:
        first = once.setdefault(each.name, each)
        if first is not each and _places(first) != _places(each):
            message = f"the segment {each.name} stands in line {first.line} too, with other fields"
            problems.append(Problem(str(path), message, each.line))
    layout.segments = list(once.values())
    for each in layout.segments:
        problems += _contradictions(each, path, layout)
    if not layout.segments and not problems:
        problems.append(Problem(str(path), "no field was found: name, offset and length are expected"))


def _places(segment: Segment) -> set[tuple[str, int, int]]:
    return {(each.name, each.offset, each.length) for each in segment.fields}


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ImportFailed("The layout cannot be read", where=str(path), cause=error) from error
    if len(raw) > MAX_BYTES:
        raise ImportFailed(f"The layout is larger than {MAX_BYTES} bytes", where=str(path))
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _exported(lines: list[tuple[int, str]], path: Path, problems: list[Problem]) -> Layout:
    """Read SAP's parser description; each NAME begins a field."""
    layout = Layout([])
    inside = ended = False
    said: dict[str, tuple[str, int]] = {}
    for number, line in lines:
        keyword, value = (*line.split(None, 1), "", "")[:2]
        keyword, value = keyword.upper(), value.strip()
        ended = ended or keyword == "END_SEGMENT_SECTION"
        if keyword == "BEGIN_IDOC" and value:
            layout.basic_type = value.split()[0].upper()
        elif keyword == "BEGIN_SEGMENT":
            inside = True
            layout.segments.append(_segment(value.partition(" ")[0], number, path, problems))
        elif inside and keyword in ("NAME", "END_FIELDS", "END_SEGMENT"):
            _take(said, layout.segments[-1], path, problems)
            said = {"NAME": (value, number)} if keyword == "NAME" else {}
            inside = keyword != "END_SEGMENT"
        elif said and keyword not in said:
            said[keyword.removeprefix("BYTE_").removeprefix("CHARACTER_")] = (value, number)
    if not ended:
        message = "the description ends without END_SEGMENT_SECTION: it was cut off"
        problems.append(Problem(str(path), message, lines[-1][0]))
    return layout


def _segment(name: str, line: int, path: Path, problems: list[Problem]) -> Segment:
    """Return a segment without fields; SAP's names are in capital letters whatever a list has."""
    if not name:
        problems.append(Problem(str(path), "the segment has no name", line))
    elif not re.fullmatch(_NAME, name) or len(name) > MAX_SEGMENT_NAME:
        message = f"this is no name of a segment: up to {MAX_SEGMENT_NAME} letters, digits, _ and /"
        problems.append(Problem(str(path), message, line, found=name[:60]))
    return Segment(name.upper(), line)


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

    def below(name: str, line: int) -> None:
        """Let the next fields stand under the segment ``name``, which may go on after others."""
        if not any(each.name == name.upper() for each in layout.segments):
            layout.segments.append(_segment(name, line, path, problems))
        here.append(next(each for each in layout.segments if each.name == name.upper()))

    here: list[Segment] = []
    for number, line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        inline = _INLINE.findall(text)
        if inline and not _INLINE.sub("", text).strip(" ,;\t"):
            found = [LayoutField(name, int(offset), int(length), number) for name, offset, length in inline]
        elif (name := _SEGMENT.fullmatch(text.strip(";, \t"))) is not None:
            below(name[1], number)
            continue
        else:
            cells = _cells(text)
            if _names_segment(cells):
                below(cells.pop(0), number)
            found = list(_row(cells, text, number, path, problems))
        if found and not here:
            if segment is None:
                message = "no segment is named for these fields: write its name before them, or use --segment"
                problems.append(Problem(str(path), message, number))
            below("X" if segment is None else segment, number)
        if found:
            here[-1].fields += found
    layout.segments = [_from_record(each) for each in layout.segments if each.name not in _FRAME]
    return layout


def _cells(text: str) -> list[str]:
    mark = next((mark for mark in (";", "\t", ",") if mark in text), None)
    return [cell.strip().strip('"') for cell in (text.split(mark) if mark else text.split(maxsplit=3))]


def _names_segment(cells: list[str]) -> bool:
    """Whether the first column names the segment: the numbers stand one column later."""
    return len(cells) > 3 and not cells[1].isdecimal() and cells[2].isdecimal() and cells[3].isdecimal()


def _row(
    cells: list[str], text: str, line: int, path: Path, problems: list[Problem]
) -> Iterator[LayoutField]:
    """Yield the field of one line of columns; nothing for a line of headings."""
    headed = {cell.lower() for cell in cells[:2]} & _HEADINGS
    if headed and not any(cell.isdecimal() for cell in cells):
        return
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
        if not (whole and (each.offset + each.length <= HEAD or _is_whole(each)))
    ]
    return Segment(segment.name, segment.line, fields)


def _is_whole(field: LayoutField) -> bool:
    """Whether this is SDATA itself, around the fields of the segment."""
    return field.name.upper() == "SDATA" and (field.offset, field.length) == (HEAD, SDATA)


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
