"""Changed copies of a definition: one function for each thing that can change between two versions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from gateway.formats.check import check_format
from gateway.formats.definition import Field, Format, Kind, RecordType, Role, Status, Version
from gateway.model import Severity
from tests.compare.generated import (
    DATES,
    DATETIMES,
    TIMES,
    fields,
    placed,
    record_type,
)
from tests.compare.mutated_fields import settings_of
from tests.compare.mutated_rules import drawn_rule, envelope

Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def mutations(draw: st.DrawFn, definition: Format, most: int = 1) -> Format:
    """Draw a copy of ``definition`` with up to ``most`` changes, as the next version."""
    changed = definition
    for _ in range(draw(st.integers(1, most))):
        changed = draw(st.sampled_from(_MUTATIONS))(draw, changed)
    changed = dataclasses.replace(changed, version=Version(1, 1, 0))
    assume(dataclasses.replace(changed, version=definition.version) != definition)
    assume(_named_once(changed))
    assume(not check_format(changed))
    return changed


def _named_once(definition: Format) -> bool:
    """Return whether no two record types, or fields of one type, have one name: a file could not say it."""
    every: list[Sequence[RecordType | Field]] = [
        definition.record_types,
        *(kind.fields for kind in definition.record_types),
    ]
    return all(len({one.name for one in group}) == len(group) for group in every)


def _dialect(draw: Draw, definition: Format) -> Format:
    """Change how values are written."""
    options: dict[str, tuple[Any, ...]] = {
        "decimal_mark": (".", ","),
        "thousands_mark": (None, "'", ".", ","),
        "date_format": DATES,
        "datetime_format": DATETIMES,
        "time_format": TIMES,
        "null_tokens": (("",), ("", "-"), ("", "NULL"), ("0", "")),
        "true_tokens": (("true",), ("1", "J"), ("J",), ("0", "J")),
        "false_tokens": (("false",), ("0", "N"), ("1", "N")),
        "trim": ("none", "both", "right", "left"),
        "time_zone": (None, "Europe/Berlin", "UTC"),
    }
    return _with_dialect(draw, definition, options)


def _lines(draw: Draw, definition: Format) -> Format:
    """Change how the file is cut into records and fields."""
    ends = ("any", "lf", "crlf", "cr")
    options: dict[str, tuple[Any, ...]] = {}
    if definition.kind in (Kind.DELIMITED, Kind.FIXED_WIDTH):
        options |= {"final_line_end": ("optional", "required"), "blank_lines": ("refuse", "skip")}
    if definition.kind is Kind.DELIMITED:
        options |= {"delimiter": (";", "|", ","), "quote": ('"', "'", None), "header_row": (True, False)}
        options |= {"trailing_delimiter": ("forbidden", "optional", "required"), "escape": (None, "\\")}
        options["line_end"] = ends
    elif definition.kind is Kind.FIXED_WIDTH:
        options |= {"stripped_blanks": (True, False), "line_end": (*ends, "none", "optional")}
    elif definition.kind is Kind.XML:
        options["namespace"] = (None, "urn:a", "urn:b")
    return _with_dialect(draw, definition, options) if options else definition


def _with_dialect(draw: Draw, definition: Format, options: dict[str, tuple[Any, ...]]) -> Format:
    name = draw(st.sampled_from(sorted(options)))
    value = draw(st.sampled_from(options[name]))
    return dataclasses.replace(definition, dialect=dataclasses.replace(definition.dialect, **{name: value}))


def _file(draw: Draw, definition: Format) -> Format:
    """Change the encoding or a setting of the whole file."""
    options: dict[str, tuple[Any, ...]] = {
        "zero_records": ("refuse", "accept"),
        "closed": (True, False),
        "title": ("Sample", "Another title"),
        "message_type": ("sample", "another"),
        "status": tuple(Status),
        "effective_from": (None, "2026-01-01", "2027-01-01"),
        "file_name": (None, "[a-z]+[.]txt", "[a-z]{1,8}[.]txt", "(?P<message_id>[A-Z0-9]{3,9})[.]txt"),
    }
    options["encoding"] = tuple(
        dataclasses.replace(definition.encoding, charset=charset, bom=bom)
        for charset in ("utf-8", "cp1252", "iso-8859-1", "utf-16")
        for bom in ("optional", "required", "forbidden")
    )
    name = draw(st.sampled_from(sorted(options)))
    return dataclasses.replace(definition, **{name: draw(st.sampled_from(options[name]))})


def _field(draw: Draw, definition: Format) -> Format:
    """Change one setting of one field."""
    kind = draw(st.sampled_from(definition.record_types))
    field = draw(st.sampled_from(kind.fields))
    options = settings_of(field, kind)
    change: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(sorted(options)))
        change |= {name: draw(st.sampled_from(options[name]))}
    if change.get("unit_field"):
        change["unit"] = None
    return _with_field(definition, kind, field, change)


def _with_field(definition: Format, kind: RecordType, field: Field, change: dict[str, Any]) -> Format:
    own = tuple(dataclasses.replace(one, **change) if one is field else one for one in kind.fields)
    return _with_type(definition, kind, dataclasses.replace(kind, fields=own))


def _with_type(definition: Format, kind: RecordType, other: RecordType) -> Format:
    kinds = tuple(other if one is kind else one for one in definition.record_types)
    return dataclasses.replace(definition, record_types=kinds)


def _structure(draw: Draw, definition: Format) -> Format:
    """Add, remove, move or rename a field."""
    kind = draw(st.sampled_from(definition.record_types))
    own = list(kind.fields)
    first = 1 if kind.discriminator else 0
    place = draw(st.integers(first, len(own) - 1)) if len(own) > first else first
    what = draw(st.sampled_from(("add", "remove", "move", "rename")))
    if what == "add":
        added = draw(fields(definition.kind, "added"))
        own.insert(
            draw(st.integers(first, len(own))), dataclasses.replace(added, required=draw(st.booleans()))
        )
    elif place < len(own) and what == "remove" and len(own) > 1:
        own.pop(place)
    elif place < len(own) and what == "move":
        own.insert(draw(st.integers(first, len(own) - 1)), own.pop(place))
    elif place < len(own):
        own[place] = dataclasses.replace(own[place], name="renamed", aliases=(own[place].name,))
    changed = placed(dataclasses.replace(kind, fields=tuple(own)), definition.kind, definition.dialect)
    return _with_type(definition, kind, changed)


def _place(draw: Draw, definition: Format) -> Format:
    """Change by what one field is found: its heading, path, offset or length."""
    kind = draw(st.sampled_from(definition.record_types))
    field = draw(st.sampled_from(kind.fields))
    if definition.kind is Kind.DELIMITED:
        headings = (None, "Heading", field.name, kind.fields[0].name)
        return _with_field(definition, kind, field, {"heading": draw(st.sampled_from(headings))})
    if definition.kind is not Kind.FIXED_WIDTH:
        paths = {Kind.XML: ("Elsewhere", "@elsewhere"), Kind.JSON: ("/elsewhere", "/some/where")}
        return _with_field(definition, kind, field, {"path": draw(st.sampled_from(paths[definition.kind]))})
    if draw(st.booleans()):
        longer = (kind.length or 0) + draw(st.sampled_from((-1, 1, 4)))
        return _with_type(definition, kind, dataclasses.replace(kind, length=longer))
    shift, growth = draw(st.sampled_from(((0, 1), (0, -1), (1, -1), (1, 0), (0, 2))))
    own = {"offset": (field.offset or 0) + shift, "length": (field.length or 0) + growth}
    return _with_field(definition, kind, field, own)


def _record_type(draw: Draw, definition: Format) -> Format:
    """Change how often a record type occurs, how it is told, what it is called, or whether it is there."""
    kind = draw(st.sampled_from(definition.record_types))
    what = draw(st.sampled_from(("min", "max", "tag", "column", "drop", "add", "reorder", *_ABOUT)))
    if what == "tag" and kind.discriminator is not None:
        told = dataclasses.replace(kind.discriminator, value="Q")
        tag = dataclasses.replace(kind.fields[0], constant="Q")
        other = dataclasses.replace(kind, discriminator=told, fields=(tag, *kind.fields[1:]))
        return _with_type(definition, kind, other)
    if what == "column" and definition.kind is Kind.DELIMITED and len(kind.fields) > 1:
        return _with_type(definition, kind, _told_behind(kind))
    if what == "drop":
        kept = tuple(one for one in definition.record_types if one.name != "part")
        return dataclasses.replace(definition, record_types=kept)
    if what == "reorder":
        order = draw(st.permutations(definition.record_types))
        return dataclasses.replace(definition, record_types=tuple(order))
    if what == "add":
        added = record_type(draw, definition.kind, "extra", Role.RECORD, 1)
        added = placed(
            dataclasses.replace(added, min_occurs=draw(st.integers(0, 1))),
            definition.kind,
            definition.dialect,
        )
        return dataclasses.replace(definition, record_types=(*definition.record_types, added))
    if what == "min":
        return _with_type(definition, kind, dataclasses.replace(kind, min_occurs=draw(st.integers(0, 2))))
    if what == "max":
        most = draw(st.sampled_from((None, 1, 2, 5)))
        return _with_type(definition, kind, dataclasses.replace(kind, max_occurs=most))
    return _told_of(draw, definition, kind, what)


def _told_behind(kind: RecordType) -> RecordType:
    """Return ``kind`` told by its last column instead of its first."""
    fields_ = (*kind.fields[1:], kind.fields[0])
    told = kind.discriminator and dataclasses.replace(kind.discriminator, column=len(fields_) - 1)
    return dataclasses.replace(kind, fields=fields_, discriminator=told)


#: What is said about a record type beside its fields.
_ABOUT = ("name", "role", "parent", "key", "references", "words")


def _told_of(draw: Draw, definition: Format, kind: RecordType, what: str) -> Format:
    """Change what is said about a record type; renaming takes those along that name it."""
    name = draw(st.sampled_from(kind.fields)).name
    changes: dict[str, dict[str, Any]] = {
        "role": {"role": draw(st.sampled_from(Role))},
        "parent": {"parent": draw(st.sampled_from((None, definition.record_types[0].name)))},
        "key": {"key": (name,)},
        "references": {"references": {"order": name}},
        "words": {"description": "In other words."},
        "name": {"name": f"{kind.name}_row"},
    }
    if what in changes:
        return _with_type(definition, kind, dataclasses.replace(kind, **changes[what]))
    return definition


def _rule(draw: Draw, definition: Format) -> Format:
    """Add, change or remove a rule."""
    rules = list(definition.rules)
    what = draw(st.sampled_from(("add", "add", "add", "drop", "severity", "words", "change")))
    if what == "add":
        rules = [one for one in rules if one.id != "added"] + [drawn_rule(draw, definition, "added")]
    elif rules:
        at = draw(st.integers(0, len(rules) - 1))
        if what == "drop":
            rules.pop(at)
        elif what == "severity":
            rules[at] = dataclasses.replace(rules[at], severity=draw(st.sampled_from(Severity)))
        elif what == "words":
            rules[at] = dataclasses.replace(rules[at], message="In other words.")
        else:
            rules[at] = drawn_rule(draw, definition, rules[at].id)
    return dataclasses.replace(definition, rules=tuple(rules))


_MUTATIONS = (
    _field,
    _field,
    _field,
    _dialect,
    _lines,
    _file,
    _structure,
    _place,
    _record_type,
    _rule,
    envelope,
)
