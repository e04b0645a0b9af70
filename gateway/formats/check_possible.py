"""Checks of what can never be: fields that no text fits, codes that their own field refuses, dead types.

Only what is proved is told: `compare.languages` holds too much rather than too little, so a set that
is empty there is empty.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from gateway.complaints import Complaint
from gateway.formats import check_values
from gateway.formats.definition import Kind
from gateway.formats.paths import each_field
from gateway.formats.patterns import pattern_problem
from gateway.model import Severity
from gateway.rules.file_names import GROUPS, compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.complaints import Path_
    from gateway.documents import Document
    from gateway.formats.compare.values import Side
    from gateway.formats.definition import Discriminator, Field, Format, RecordType

#: A file name is at most so long, and has no slash.
_NAME, _NAME_LENGTH = "[^/]*", (1, 255)


def side_of(definition: Format, field: Field) -> Side:
    """Return ``field`` with all that decides how its texts are understood, as if it were no mere warning."""
    from gateway.formats.compare.values import Side

    strict = dataclasses.replace(field, severity=Severity.ERROR)
    return Side(strict, definition.dialect, definition.kind, definition.encoding.charset)


def patterns(definition: Format) -> Iterator[Complaint]:
    """Every pattern matches something that can stand there; names of groups mean something."""
    for path, _record_type, field in each_field(definition):
        if field.pattern is None or pattern_problem(field.pattern) is not None:
            continue
        from gateway.formats.compare.languages import lengths

        least, most = lengths(side_of(definition, field))
        if matches_nothing(field.pattern, (0 if definition.kind is Kind.FIXED_WIDTH else least, most)):
            message = "it matches no text of the length that the field may have"
            yield Complaint((*path, "pattern"), message, field.pattern)
    if definition.file_name is not None and pattern_problem(definition.file_name) is None:
        yield from _file_name(definition.file_name)


def _file_name(pattern: str) -> Iterator[Complaint]:
    if matches_nothing(pattern, _NAME_LENGTH, _NAME):
        yield Complaint(("file_name",), "it matches no name that a file can have", pattern)
    unknown = [group for group in compiled(pattern).groupindex if group not in GROUPS]
    if unknown:
        message = "the group means nothing to the gateway"
        yield Complaint(("file_name",), message, ", ".join(unknown), ", ".join(GROUPS))


def matches_nothing(pattern: str, lengths: tuple[int, int | None], within: str | None = None) -> bool:
    """Return whether it is proved that no text of that length matches ``pattern`` (and ``within``)."""
    from gateway.formats.compare.expressions import UndecidedError
    from gateway.formats.compare.languages import Language, Part

    parts = tuple(Part("matches", one) for one in (pattern, within) if one is not None)
    try:
        return Language(parts, (), lengths).find() is None
    except UndecidedError:
        return False


def texts(definition: Format) -> Iterator[Complaint]:
    """Some text is valid for every field; its codes and its constant are among them."""
    simple = (*check_values.limits(definition), *check_values.values(definition), *patterns(definition))
    told = {complaint.path[:4] for complaint in simple}
    for path, _record_type, field in each_field(definition):
        if path in told:
            continue  # the simpler complaint says it better
        if field.pattern is not None and pattern_problem(field.pattern) is not None:
            continue  # told already, and nothing could be said about the field
        own = list(_own_texts(definition, path, field))
        yield from own
        if not own and takes_nothing(side_of(definition, field)):
            message = "no text fits all its settings together: type, length, pattern, range, codes ..."
            yield Complaint(path, message)


def takes_nothing(side: Side) -> bool:
    """Return whether it is proved that no text is a valid value of the field."""
    from gateway.formats.compare.expressions import UndecidedError
    from gateway.formats.compare.languages import finite, language
    from gateway.formats.compare.values import Refused, meaning

    try:
        if language(side).find() is None:
            return True
        listed = finite(side)
    except (UndecidedError, ValueError):
        return False
    return listed is not None and all(isinstance(meaning(side, text), Refused) for text in listed)


def _own_texts(definition: Format, path: Path_, field: Field) -> Iterator[Complaint]:
    """Complain about codes and a constant that the other settings of the field refuse, or mean nothing."""
    from gateway.formats.compare.values import Null, Refused, meaning

    loose = dataclasses.replace(field, codes={}, constant=None)
    side = side_of(definition, loose)
    named = [((*path, "codes", code), code) for code in field.codes]
    if field.constant is not None:
        named.append(((*path, "constant"), field.constant))
    for place, text in named:
        found = meaning(side, text)
        if side.text(text) != text:
            message = "blanks around it are taken off before it is compared, so it never fits"
            yield Complaint(place, message, text)
        elif text in side.tokens:
            yield Complaint(place, "it means: no value", text)
        elif isinstance(found, Refused):
            yield Complaint(place, f"the field's own settings refuse it: {found.why}", text)
        elif isinstance(found, Null):
            yield Complaint(place, "it means: no value", text)


def repeated_codes(definition: Format, document: Document) -> Iterator[Complaint]:
    """No code stands in a list twice, or again with other blanks around it."""
    data = document.data if isinstance(document.data, dict) else {}
    for path, record_type, field in each_field(definition):
        listed = data.get("records", {}).get(record_type.name, {}).get("fields", {}).get(field.name) or {}
        seen: dict[str, str] = {}
        for index, code in enumerate(listed.get("codes", ())):
            text = str(code)
            place = (*path, "codes", text if isinstance(listed["codes"], dict) else index)
            if text.strip() in seen:
                yield Complaint(place, f"`{seen[text.strip()]}` stands in the list already", text)
            seen.setdefault(text.strip(), text)


def keys(definition: Format) -> Iterator[Complaint]:
    """A record key has a value in every record, else records without one are never told apart."""
    for record_type in definition.record_types:
        for index, name in enumerate(record_type.key):
            field = next((one for one in record_type.fields if one.name == name), None)
            if field is not None and not is_certain(field):
                message = f"`{name}` may be empty, so it cannot be part of the key"
                yield Complaint(("records", record_type.name, "key", index), message)


def is_certain(field: Field) -> bool:
    """Return whether the field has a value in every valid row."""
    if field.severity is not Severity.ERROR:
        return False
    return field.default is not None or (field.required and not field.nullable)


def dead_types(definition: Format) -> Iterator[Complaint]:
    """Every row has one record type: none is hidden by another, or refused by its own fields."""
    for index, record_type in enumerate(definition.record_types):
        told = record_type.discriminator
        if told is None:
            continue
        path: Path_ = ("records", record_type.name, "discriminator")
        field = _told_by(definition, record_type, told)
        if field is not None and _refuses(definition, field, told.value):
            message = f"the field `{field.name}`, which stands there, never has this value"
            yield Complaint((*path, "value"), message, told.value)
        for other in itertools.islice(definition.record_types, index):
            if other.discriminator is not None and _hides(other.discriminator, told):
                message = f"such rows are taken for `{other.name}`, which is asked first"
                yield Complaint(path, message, told.value)


def _told_by(definition: Format, record_type: RecordType, told: Discriminator) -> Field | None:
    """Return the field that stands in the very place of the discriminator."""
    if definition.kind is Kind.DELIMITED:
        fields = record_type.fields
        return fields[told.column] if told.column is not None and told.column < len(fields) else None
    place = ("offset", "length") if definition.kind is Kind.FIXED_WIDTH else ("path",)
    wanted = [getattr(told, name) for name in place]
    same = (one for one in record_type.fields if [getattr(one, name) for name in place] == wanted)
    return next(same, None)


def _refuses(definition: Format, field: Field, value: str) -> bool:
    from gateway.formats.compare.values import Refused, meaning

    side = side_of(definition, field)
    if field.length is not None and side.trim == "none":
        value = value.ljust(field.length)
    return isinstance(meaning(side, value), Refused)


def _hides(first: Discriminator, later: Discriminator) -> bool:
    """Return whether every fixed-width row that ``later`` tells is told by ``first`` already."""
    if None in (first.offset, later.offset, first.length, later.length):
        return False
    begin, end = first.offset or 0, (first.offset or 0) + (first.length or 0)
    start, stop = later.offset or 0, (later.offset or 0) + (later.length or 0)
    if (begin, end) == (start, stop) or begin < start or end > stop:
        return False  # the same place is another check's matter; another place decides nothing
    shown = later.value.ljust(later.length or 0)[begin - start : end - start]
    return shown.rstrip() == first.value.rstrip()
