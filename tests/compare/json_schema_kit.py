"""Small schemas of every draft, made by hypothesis, and their comparison as files."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gateway.formats.compare.change import Change
from gateway.formats.compare.json_schema import compare_json_schema
from gateway.formats.json_schemas import read, validator

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"

_NAMES = st.sampled_from(["a", "b", "c"])
_SIZE = st.integers(0, 4)
_NUMBER = st.sampled_from([0, 1, 2, 3, 5, 10, -1, 0.5, 2.5])
_STRINGS = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={
        "minLength": _SIZE,
        "maxLength": _SIZE,
        "pattern": st.sampled_from(["^[a-c]*$", "^[a-z]+$", "[0-9]", "^a|b$", "^.{2}$", "^[A-Z0-9]{2,3}$"]),
        "format": st.sampled_from(["date", "uuid", "email"]),
    },
)
_NUMBERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number", ["integer", "null"]])},
    optional={
        "minimum": _NUMBER,
        "maximum": _NUMBER,
        "exclusiveMinimum": _NUMBER,
        "exclusiveMaximum": _NUMBER,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
    },
)
_ENUMS = st.one_of(
    st.lists(st.sampled_from(["a", "b", "ab", 1, 2, None, True]), min_size=1, max_size=3, unique_by=repr).map(
        lambda values: {"enum": values}
    ),
    st.sampled_from(["a", 1, None]).map(lambda value: {"const": value}),
)
_LEAVES = st.one_of(
    _STRINGS, _NUMBERS, _ENUMS, st.booleans(), st.just({}), st.just({"type": ["string", "null"]}),
    st.just({"$ref": "#/$defs/d"}), st.just({"type": "boolean", "title": "t", "default": True}),
)  # fmt: skip


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    branches = st.lists(inner, min_size=1, max_size=3)
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(_NAMES, inner, max_size=3)},
        optional={
            "required": st.lists(_NAMES, max_size=2, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "^x"]), inner, max_size=1),
            "minProperties": _SIZE,
            "maxProperties": _SIZE,
            "dependentRequired": st.just({"a": ["b"]}),
            "propertyNames": st.just({"maxLength": 1}),
            "unevaluatedProperties": st.just(False),
        },
    )
    arrays = st.fixed_dictionaries(
        {"type": st.just("array")},
        optional={
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minItems": _SIZE,
            "maxItems": _SIZE,
            "uniqueItems": st.booleans(),
            "contains": inner,
        },
    )
    choices = st.one_of(
        *(st.fixed_dictionaries({name: branches}) for name in ("anyOf", "oneOf", "allOf")),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner, "then": inner}, optional={"else": inner}),
    )
    return st.one_of(objects, objects, arrays, choices)


# each a copy of its own, for mutations change it
_SCHEMAS = st.recursive(_LEAVES, _compound, max_leaves=6).map(lambda each: json.loads(json.dumps(each)))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return two schemas, the second mostly the first with one part replaced."""
    first = {"$defs": {"d": draw(_SCHEMAS)}, "allOf": [draw(_SCHEMAS)]}
    if draw(st.integers(0, 4)) == 0:
        return first, {"$defs": {"d": draw(_SCHEMAS)}, "allOf": [draw(_SCHEMAS)]}
    second = json.loads(json.dumps(first))
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(second))
        holder, key = draw(st.sampled_from(places))
        if isinstance(holder[key], dict) and len(holder[key]) > 1 and draw(st.booleans()):
            keyword = draw(st.sampled_from(sorted(holder[key])))
            del holder[key][keyword]
        else:
            holder[key] = draw(_SCHEMAS)
    return first, second


def _places(schema: Any) -> Any:
    """Yield every schema inside ``schema`` as what holds it and its key."""
    if not isinstance(schema, dict):
        return
    for keyword in ("properties", "patternProperties", "$defs"):
        for name in schema.get(keyword, ()):
            yield schema[keyword], name
            yield from _places(schema[keyword][name])
    for keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
        for number, each in enumerate(schema.get(keyword, ())):
            yield schema[keyword], number
            yield from _places(each)
    for keyword in ("items", "additionalProperties", "not", "if", "then", "else", "contains"):
        if keyword in schema:
            yield schema, keyword
            yield from _places(schema[keyword])


#: Documents that have something of what the schemas speak of.
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(["", "a", "b", "ab", "aa", "AB1", "x", "2026-01-31", None, True, False]),
        st.integers(-2, 11),
        st.sampled_from([0.5, 2.5, 1.0]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "c", "x", "ax"]), inner, max_size=3),
    ),
    max_leaves=6,
)


class Pair:
    """Two schemas as files, each in its directory, with what compares and validates them."""

    def __init__(self, old: Any, new: Any) -> None:
        """Write both schemas."""
        self._directory = tempfile.TemporaryDirectory()
        self.files = []
        for name, schema in (("old", old), ("new", new)):
            file = Path(self._directory.name) / name / "schema.json"
            file.parent.mkdir()
            file.write_text(json.dumps(schema), "utf-8")
            self.files.append(file)
        self.validators = [validator(read(file)) for file in self.files]

    def changes(self, *, back: bool = False) -> list[Change]:
        """Return the comparison, or the one of new with old."""
        files = reversed(self.files) if back else self.files
        return compare_json_schema(*files)


def compare(old: Any, new: Any) -> dict[str, Change]:
    """Return the changes between two schemas by kind and path below the root."""
    found = Pair(old, new).changes()
    return {f"{change.kind} {change.path.partition('#')[2]}": change for change in found}
