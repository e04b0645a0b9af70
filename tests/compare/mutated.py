"""Changed copies of a definition: one function for each thing that can change between two versions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from gateway.formats.check import check_format
from gateway.formats.definition import Field, FieldType, Format, Kind, RecordType, Rule, Version
from gateway.model import Severity
from tests.compare.generated import CODES, DATES, DATETIMES, PATTERNS, UNITS, fields, placed

Draw = Callable[[st.SearchStrategy[Any]], Any]
_STRINGS = (FieldType.STRING,)
_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)


@st.composite
def mutations(draw: st.DrawFn, definition: Format, most: int = 1) -> Format:
    """Draw a copy of ``definition`` with up to ``most`` changes, as the next version."""
    changed = definition
    for _ in range(draw(st.integers(1, most))):
        changed = draw(st.sampled_from(_MUTATIONS))(draw, changed)
    changed = dataclasses.replace(changed, version=Version(1, 1, 0))
    assume(dataclasses.replace(changed, version=definition.version) != definition)
    assume(not check_format(changed))
    return changed


def _dialect(draw: Draw, definition: Format) -> Format:
    """Change one setting of the dialect."""
    options: dict[str, tuple[Any, ...]] = {
        "decimal_mark": (".", ","),
        "thousands_mark": (None, "'"),
        "date_format": DATES,
        "datetime_format": DATETIMES,
        "null_tokens": (("",), ("", "-"), ("", "NULL"), ("0", "")),
        "true_tokens": (("true",), ("1", "J"), ("J",)),
        "false_tokens": (("false",), ("0", "N")),
        "trim": ("none", "both", "right"),
        "time_zone": (None, "Europe/Berlin"),
    }
    if definition.kind in (Kind.DELIMITED, Kind.FIXED_WIDTH):
        options |= {"line_end": ("any", "lf", "crlf"), "final_line_end": ("optional", "required")}
        options |= {"blank_lines": ("refuse", "skip")}
    if definition.kind is Kind.DELIMITED:
        options |= {"delimiter": (";", "|", ","), "quote": ('"', "'", None), "header_row": (True, False)}
        options |= {"trailing_delimiter": ("forbidden", "optional", "required"), "escape": (None, "\\")}
    elif definition.kind is Kind.FIXED_WIDTH:
        options["stripped_blanks"] = (True, False)
    elif definition.kind is Kind.XML:
        options["namespace"] = (None, "urn:a", "urn:b")
    name = draw(st.sampled_from(sorted(options)))
    value = draw(st.sampled_from(options[name]))
    return dataclasses.replace(definition, dialect=dataclasses.replace(definition.dialect, **{name: value}))


def _file(draw: Draw, definition: Format) -> Format:
    """Change the encoding or a setting of the whole file."""
    options: dict[str, tuple[Any, ...]] = {"zero_records": ("refuse", "accept"), "closed": (True, False)}
    options["encoding"] = tuple(
        dataclasses.replace(definition.encoding, charset=charset, bom=bom)
        for charset in ("utf-8", "cp1252")
        for bom in ("optional", "required", "forbidden")
    )
    name = draw(st.sampled_from(sorted(options)))
    return dataclasses.replace(definition, **{name: draw(st.sampled_from(options[name]))})


def _field(draw: Draw, definition: Format) -> Format:
    """Change one setting of one field."""
    kind = draw(st.sampled_from(definition.record_types))
    field = draw(st.sampled_from(kind.fields))
    options: dict[str, tuple[Any, ...]] = {
        "nullable": (True, False),
        "required": (True, False),
        "null_tokens": (None, ("",), ("", "X")),
        "trim": (None, "both", "none"),
        "severity": tuple(Severity),
        "type": tuple(FieldType),
    }
    if field.type in _STRINGS:
        options |= {"max_length": (None, 3, 6, 20), "min_length": (None, 2, 5), "pattern": (None, *PATTERNS)}
        options |= {"codes": ({}, dict.fromkeys(CODES[:2], ""), dict.fromkeys(CODES[1:], ""))}
        options |= {"constant": (None, "K", "A")}
    elif field.type in _NUMBERS:
        options |= {"minimum": (None, "0", "10"), "maximum": (None, "100", "500"), "unit": UNITS}
        options |= {"sign": ("leading", "trailing", "none")}
        if field.type is FieldType.DECIMAL:
            options |= {"digits": (None, 5, 9), "decimals": (None, 1, 3), "implied_decimals": (None, 2, 3)}
    elif field.type is FieldType.DATE:
        options |= {"date_format": (None, *DATES), "minimum": (None, "2026-01-01")}
    name = draw(st.sampled_from(sorted(options)))
    return _with_field(definition, kind, field, {name: draw(st.sampled_from(options[name]))})


def _with_field(definition: Format, kind: RecordType, field: Field, change: dict[str, Any]) -> Format:
    own = tuple(dataclasses.replace(one, **change) if one is field else one for one in kind.fields)
    return _with_type(definition, kind, dataclasses.replace(kind, fields=own))


def _with_type(definition: Format, kind: RecordType, other: RecordType) -> Format:
    kinds = tuple(other if one is kind else one for one in definition.record_types)
    return dataclasses.replace(definition, record_types=kinds)


def _structure(draw: Draw, definition: Format) -> Format:
    """Add, remove, move or rename a field."""
    kind = definition.record_type("item")
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


def _record_type(draw: Draw, definition: Format) -> Format:
    """Change how often a record type occurs, how it is told, or whether it is there."""
    kind = draw(st.sampled_from(definition.record_types))
    what = draw(st.sampled_from(("min", "max", "tag", "drop")))
    if what == "min":
        return _with_type(definition, kind, dataclasses.replace(kind, min_occurs=draw(st.integers(0, 2))))
    if what == "max":
        most = draw(st.sampled_from((None, 1, 2, 5)))
        return _with_type(definition, kind, dataclasses.replace(kind, max_occurs=most))
    if what == "tag" and kind.discriminator is not None:
        told = dataclasses.replace(kind.discriminator, value="Q")
        tag = dataclasses.replace(kind.fields[0], constant="Q")
        other = dataclasses.replace(kind, discriminator=told, fields=(tag, *kind.fields[1:]))
        return _with_type(definition, kind, other)
    kept = tuple(one for one in definition.record_types if one.name != "part")
    return dataclasses.replace(definition, record_types=kept)


def _rule(draw: Draw, definition: Format) -> Format:
    """Add, change or remove a rule, a count or a total."""
    what = draw(st.sampled_from(("drop", "unique", "forbidden", "severity", "counts", "totals")))
    kind = definition.record_type("item")
    name = kind.fields[-1].name
    if what == "drop":
        return dataclasses.replace(definition, rules=definition.rules[1:])
    if what in ("counts", "totals"):
        gone: dict[str, Any] = {what: ()}
        envelope = dataclasses.replace(definition.envelope, **gone)
        return dataclasses.replace(definition, envelope=envelope)
    if what == "severity":
        eased = tuple(dataclasses.replace(one, severity=Severity.WARNING) for one in definition.rules)
        return dataclasses.replace(definition, rules=eased)
    rule = Rule("added", what, "item", "Added.", fields=(name,))
    return dataclasses.replace(definition, rules=(*definition.rules, rule))


_MUTATIONS = (_field, _field, _field, _dialect, _file, _structure, _record_type, _rule)
