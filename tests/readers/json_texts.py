"""Texts of JSON documents and lines as partners write them: most records alike, some odd, some damaged."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateway.formats.definition import Field, RecordType, Role

DEEP_TYPES = (
    RecordType("order", Role.RECORD, (Field("a"),), path="/orders"),
    RecordType("step", Role.RECORD, (Field("b"),), path="/orders/steps", parent="order"),
    RecordType("part", Role.RECORD, (Field("c"), Field("times")), path="/orders/steps/parts", parent="step"),
)
ITEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["position"],
    "properties": {"position": {"type": "string", "maxLength": 4}, "loose": {"type": ["boolean", "null"]}},
}
BILL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["material"],
    "properties": {
        "material": {"$ref": "#/$defs/material"},
        "base": {"type": "object", "properties": {"quantity": {"type": "number", "multipleOf": 0.01}}},
        "valid": {"type": ["string", "null"], "format": "date"},
        "items": {"type": "array", "maxItems": 3, "items": ITEM_SCHEMA},
    },
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:test:at-once:1",
    "type": "object",
    "properties": {"bills": {"type": "array", "minItems": 1, "items": BILL_SCHEMA}},
    "$defs": {"material": {"type": "string", "pattern": "^[0-9A-Zä]+$"}},
}
#: The same in an older draft, and with what is asked of numbers; of headers and items something that does
#: not fall apart into single values.
OLDER_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "id": "urn:test:at-once:2",
    "properties": {"header": {"not": {"required": ["sender"]}}, "bills": {"$ref": "#/definitions/bills"}},
    "definitions": {
        "bills": {"maxItems": 9, "items": {"$ref": "#/definitions/bill"}},
        "bill": {
            "properties": {"base": {"$ref": "#/definitions/base"}, "items": {"type": "array", "minItems": 1}}
        },
        "base": {
            "type": "object",
            "minProperties": 1,
            "properties": {
                "quantity": {"type": ["integer", "string"], "minimum": 0, "exclusiveMinimum": True},
                "unit": {"enum": ["B", "00A", 12, None, True]},
            },
        },
    },
}
#: Texts of values: those that records mostly have, and others.
_PLAIN = ('"00A"', '"B"', '"0010"', "1.10", "12", "true", "null", '"2026-11-23"', r'"\u00e4\/"')
_OTHER = (
    *('"a}b"', '"[x]"', '"{"', '"a,b"', '"ä"', '""', '"null"', '"a\tb"'),
    *(
        r'"\""',
        r'"\\"',
        r'"\"x\""',
        r'"\b\f\n\r\t"',
        r'"\u0000"',
        r'"\u007D"',
        r'"\u00C4\\u00c4"',
        r'"\ud7FF"',
    ),
    *(
        r'"\ud800"',
        r'"\uD83D\uDE00"',
        r'"\uDE00\uD83D"',
        r'"\x"',
        r'"\u12"',
        r'"\u 123"',
        r'"\"',
        r'"\\u00e4"',
    ),
    *("1E5", "1e400", "-0", "1" * 70, "0.5e-3", "NaN", "01", "1.", "false", "nul"),
    *("{}", "[]", "[1]", '{"x": 1}', '[{"x": 1}]', '{"x": {"y": [{"z": 2}]}}'),
)
_VALUES = st.sampled_from(_PLAIN) | st.sampled_from(_PLAIN + _OTHER)
_SPACES = st.sampled_from([("", ""), ("", " "), ("\n  ", " "), ("\r\n\t", "  "), (" ", "\n")])


def _object(members: list[tuple[str, str]], space: tuple[str, str]) -> str:
    before, after = space
    colon = f"{after}:{after}" if after == "\n" else f":{after}"
    inside = ("," + before).join(f'"{name}"{colon}{value}' for name, value in members)
    return "{" + before + inside + before + "}"


@st.composite
def _items(draw: st.DrawFn, space: tuple[str, str]) -> str:
    rows = draw(st.lists(st.tuples(_VALUES, _VALUES), max_size=3))
    texts = [_object([("position", one), ("loose", other)], space) for one, other in rows]
    return "[" + space[0] + ("," + space[0]).join(texts) + space[0] + "]"


@st.composite
def _bill(draw: st.DrawFn, space: tuple[str, str]) -> str:
    """Return the text of one record, most of them alike."""
    base = _object([("quantity", draw(_VALUES)), ("unit", draw(_VALUES))], space)
    members = [("material", draw(_VALUES)), ("base", base), ("items", draw(_items(space)))]
    changes = ["", "", "", "", "valid", "gone", "order", "twice", "torn", "odd", "space"]
    change = draw(st.sampled_from(changes))
    if change == "valid":
        members.insert(2, ("valid", draw(_VALUES)))
    elif change == "gone":
        members.pop(draw(st.integers(0, 2)))
    elif change == "order":
        members.reverse()
    elif change == "twice":
        members.append(("material", '"X"'))
    elif change == "torn":  # elements that begin as the records do
        alike = _object([("material", "1")], space)
        members.append(("more", f"[{space[0]}{alike},{space[0]}{alike}{space[0]}]"))
    elif change == "odd":
        return draw(st.sampled_from(["5", "null", "[]", "{}", '{"material": }', '{"x": 1', "{} {}", '"a"']))
    return _object(members, ("\n", "") if change == "space" else space)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    space = draw(_SPACES)
    bills = draw(st.lists(_bill(space), max_size=14))
    bills = bills * draw(st.sampled_from([1, 3, 8]))
    text = '{"header": {"id": "M1"},\n"bills": [' + space[0] + ("," + space[0]).join(bills) + space[0]
    return _damaged(draw, (text + '], "count": 5}\n').encode())


@st.composite
def files_of_lines(draw: st.DrawFn) -> bytes:
    values = st.tuples(st.sampled_from(["B", "B", "B", "H", "T", "X"]), _VALUES, _VALUES)
    lines = [marked(*one) for one in draw(st.lists(values, max_size=14))]
    lines += draw(st.lists(st.sampled_from(["", " ", "{", "[]", ',{"kind": "B"}', '{"kind": "B"}'])))
    lines = draw(st.permutations(lines)) * draw(st.sampled_from([1, 1, 3]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return _damaged(draw, end.join([*lines, ""] if draw(st.booleans()) else lines).encode())


def marked(kind: str, one: str, other: str) -> str:
    """Return the text of a record that has its type in it."""
    return _object([("kind", f'"{kind}"'), ("material", one), ("quantity", other)], ("", " "))


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    """Return a document that is an array of records of several types."""
    values = st.tuples(st.sampled_from(["B", "B", "B", "H", "X"]), _VALUES, _VALUES)
    records = [marked(*one) for one in draw(st.lists(values, max_size=14))]
    records *= draw(st.sampled_from([1, 1, 3]))
    between = draw(st.sampled_from([",", ",\n", " ,\r\n  "]))
    return _damaged(draw, f"[{between.join(records)}]".encode())


@st.composite
def deep_documents(draw: st.DrawFn) -> bytes:
    """Return a document with records in records in records."""
    space = draw(_SPACES)

    def rows(names: str, inside: list[str]) -> str:
        texts = [_object([(names[0], draw(_VALUES)), (names[1:], one)], space) for one in inside]
        return "[" + space[0] + ("," + space[0]).join(texts) + space[0] + "]"

    def counted(most: int) -> range:
        return range(draw(st.integers(0, most)))

    orders = [rows("bparts", [rows("ctimes", [draw(_VALUES) for _ in counted(2)]) for _ in counted(2)])]
    orders = [orders[0] if draw(st.booleans()) else rows("bparts", ["[]"]) for _ in counted(9)]
    return _damaged(draw, f'{{"orders": {rows("asteps", orders)}, "more": [1, 2]}}'.encode())


def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    if draw(st.integers(0, 3)):
        return data
    start = draw(st.integers(0, len(data)))
    return data[:start] + draw(st.sampled_from([b"", b"\xff", b"}", b'"', b",", b"\n"])) + data[start + 1 :]
