"""Schemas of all drafts in one form: the keywords of 2020-12, each said in one way only.

A normal schema is True, False or a dictionary; ``$ref`` stands alone and names a definition. What a draft
does not know says nothing in it and is left out, as the validator does. What cannot be said
in the one form (``$dynamicRef`` with several targets, ``contentEncoding`` of drafts 6 and 7)
stands under ``OPAQUE``, and nothing is proved across it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gateway.errors import FormatError
from gateway.formats.compare.json_schema.texts import text_of
from gateway.formats.json_schemas import Place, SchemaFiles

Schema = Any  #: True, False or a dictionary of keywords
_Inner = Callable[..., Schema]  #: the normal form of what stands at steps below

OPAQUE = "$opaque"
#: Words for people and programs, which refuse nothing.
ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")

_ONE = ("not", "if", "then", "else", "contains", "propertyNames", "unevaluatedProperties",
        "unevaluatedItems", "additionalProperties")  # fmt: skip
_LIST = ("allOf", "anyOf", "oneOf")
_MAP = ("properties", "patternProperties", "dependentSchemas")
_PLAIN = ("multipleOf", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "minItems",
          "maxItems", "minContains", "maxContains", "minProperties", "maxProperties")  # fmt: skip
#: The first draft that knows a keyword, where that is not draft 4.
_SINCE = {
    "const": 6, "contains": 6, "propertyNames": 6, "examples": 6, "if": 7, "then": 7, "else": 7,
    "readOnly": 7, "writeOnly": 7, "minContains": 2019, "maxContains": 2019, "dependentRequired": 2019,
    "dependentSchemas": 2019, "unevaluatedProperties": 2019, "unevaluatedItems": 2019, "prefixItems": 2020,
    "$recursiveRef": 2019, "$dynamicRef": 2020, "deprecated": 2019,
}  # fmt: skip
_FORMATS_SINCE = {
    "uri-reference": 6, "uri-template": 6, "json-pointer": 6, "iri": 7, "iri-reference": 7,
    "idn-hostname": 7, "relative-json-pointer": 7, "duration": 2019, "uuid": 2019,
}  # fmt: skip
#: Keywords that say nothing with these values.
_NOTHING = {"minLength": 0, "minItems": 0, "minProperties": 0}
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "$ref", OPAQUE)


@dataclass(slots=True)
class Normal:
    """A schema in normal form: the name of its root, and the definitions that it reaches."""

    root: str
    definitions: dict[str, Schema] = field(default_factory=dict)


def normal(files: SchemaFiles, side: str) -> Normal:
    """Return the normal form of ``files``; ``side`` begins the names of its definitions.

    Raises FormatError where a reference leads nowhere.
    """
    return _Normaliser(files, side).run()


class _Normaliser:
    """Converts what the root reaches, each definition once."""

    def __init__(self, files: SchemaFiles, side: str) -> None:
        self.files = files
        self.side = side
        self.waiting: dict[str, Place] = {}

    def run(self) -> Normal:
        found = Normal(self._named((self.files.uri, ())))
        while self.waiting:
            name, place = self.waiting.popitem()
            if name not in found.definitions:
                found.definitions[name] = self._schema(self.files.at(place), place)
        return found

    def _named(self, place: Place) -> str:
        name = f"{self.side} {place[0]}#{'/'.join(('', *place[1])) if place[1] else ''}"
        self.waiting[name] = place
        return name

    def _knows(self, keyword: str) -> bool:
        return self.files.draft >= _SINCE.get(keyword, 4)

    def _reference(self, reference: str, place: Place) -> Schema:
        try:
            return {"$ref": self._named(self.files.target(reference, place))}
        except KeyError as error:
            message = f"The reference {reference} of the JSON Schema leads nowhere"
            raise FormatError(message, where=str(self.files.main)) from error

    def _schema(self, raw: Any, place: Place) -> Schema:
        if not isinstance(raw, dict):
            return raw is not False
        if "$ref" in raw and self.files.draft < 2019:
            return self._reference(raw["$ref"], place)
        known = {keyword: value for keyword, value in raw.items() if self._knows(keyword)}
        found = self._keywords(known, place)
        references = [known[name] for name in ("$ref", "$recursiveRef") if name in known]
        if "$dynamicRef" in known:
            references.append(known["$dynamicRef"])
        if not references:
            return found
        parts = [self._reference(each, place) for each in references]
        if found:
            parts.append(found)
        if self._moves(known):
            found = {OPAQUE: text_of([raw.get("$dynamicRef"), raw.get("$recursiveRef"), place[0]])}
            return {"allOf": parts, **found}
        return parts[0] if len(parts) == 1 else {"allOf": parts}

    def _moves(self, raw: Mapping[str, Any]) -> bool:
        """Whether a reference may lead elsewhere, as the schema around it says."""
        if "$dynamicRef" not in raw and "$recursiveRef" not in raw:
            return False
        everything = text_of(list(self.files.documents.values()))
        return everything.count('"$dynamicAnchor":') > 1 or '"$recursiveAnchor":true' in everything

    def _keywords(self, raw: Mapping[str, Any], place: Place) -> dict[str, Any]:
        def inner(*steps: str) -> Schema:
            below = (place[0], (*place[1], *steps))
            return self._schema(self.files.at(below), below)

        found: dict[str, Any] = {name: raw[name] for name in ANNOTATIONS if name in raw}
        found |= {name: raw[name] for name in _PLAIN if name in raw and raw[name] != _NOTHING.get(name)}
        found |= {name: inner(name) for name in _ONE if name in raw}
        found |= {n: [inner(n, str(i)) for i in range(len(raw[n]))] for n in _LIST if raw.get(n)}
        found |= {n: {key: inner(n, key) for key in raw[n]} for n in _MAP if raw.get(n)}
        found |= _types(raw) | _values(raw)
        for name, limit in _limits(raw, self.files.draft).items():
            found.pop(name, None)
            if limit is not None:
                found[name] = limit
        found |= {name: sorted(raw[name]) for name in ("required",) if raw.get(name)}
        if raw.get("uniqueItems") is True:
            found["uniqueItems"] = True
        self._items(raw, found, inner)
        self._dependencies(raw, found, inner)
        return self._tidy(raw, found)

    def _items(self, raw: Mapping[str, Any], found: dict[str, Any], inner: _Inner) -> None:
        prefix = "prefixItems" if "prefixItems" in raw else "items"
        if isinstance(raw.get(prefix), list):
            found["prefixItems"] = [inner(prefix, str(i)) for i in range(len(raw[prefix]))]
            rest = "items" if prefix == "prefixItems" else "additionalItems"
            if rest in raw:
                found["items"] = inner(rest)
        elif "items" in raw:
            found["items"] = inner("items")
        if found.get("items") in (True, {}):
            del found["items"]

    def _dependencies(self, raw: Mapping[str, Any], found: dict[str, Any], inner: _Inner) -> None:
        demanded = {key: sorted(each) for key, each in raw.get("dependentRequired", {}).items()}
        for key, each in raw.get("dependencies", {}).items():
            if isinstance(each, list):
                demanded[key] = sorted({*each, *demanded.get(key, ())})
            else:
                found.setdefault("dependentSchemas", {})[key] = inner("dependencies", key)
        if any(demanded.values()):
            found["dependentRequired"] = {key: each for key, each in demanded.items() if each}

    def _tidy(self, raw: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        """Take out what says nothing; say what is left in one way."""
        if _FORMATS_SINCE.get(str(found.get("format")), 4) > self.files.draft:
            del found["format"]
        contents = {name: raw[name] for name in ("contentEncoding", "contentMediaType") if name in raw}
        if contents and self.files.draft in (6, 7):
            found[OPAQUE] = text_of(contents)
        if "if" not in found or not {"then", "else"} & found.keys():
            for name in ("if", "then", "else"):
                found.pop(name, None)
        if found.get("minContains") == 0 and "maxContains" not in found:
            found.pop("contains", None)
        if "contains" not in found:
            found.pop("minContains", None)
            found.pop("maxContains", None)
        if not any(name in found or name in raw for name in _IN_PLACE):
            _settle_unevaluated(found)
        for name in ("additionalProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems"):
            if found.get(name) in (True, {}):
                del found[name]
        return found


def _settle_unevaluated(found: dict[str, Any]) -> None:
    """Without a schema in the same place, what is not evaluated is what is not named."""
    rest = found.pop("unevaluatedProperties", True)
    found.setdefault("additionalProperties", rest)
    rest = found.pop("unevaluatedItems", True)
    if "contains" not in found:
        found.setdefault("items", rest)
        if found["items"] in (True, {}):
            del found["items"]
    elif rest not in (True, {}):
        found["unevaluatedItems"] = rest


def _types(raw: Mapping[str, Any]) -> dict[str, Any]:
    stated = raw.get("type")
    if stated is None:
        return {}
    names = {stated} if isinstance(stated, str) else set(stated)
    if "number" in names:
        names.discard("integer")
    return {"type": sorted(names)}


def _values(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``enum`` and ``const`` allow together, in the order of their texts."""
    lists = [raw["enum"]] if "enum" in raw else []
    lists += [[raw["const"]]] if "const" in raw else []
    if not lists:
        return {}
    texts = set.intersection(*({text_of(value) for value in each} for each in lists))
    by_text = {text_of(value): value for value in lists[0]}
    return {"enum": [by_text[text] for text in sorted(texts)]}


def _limits(raw: Mapping[str, Any], draft: int) -> dict[str, Any]:
    """Return the bounds with one keyword for each end, the stricter where there were two."""
    found: dict[str, Any] = {}
    for name, exclusive, stricter in (
        ("minimum", "exclusiveMinimum", max),
        ("maximum", "exclusiveMaximum", min),
    ):
        if draft == 4:
            if name in raw and raw.get(exclusive) is True:
                found |= {exclusive: raw[name], name: None}
        elif exclusive in raw:
            both = [Decimal(raw[key]) for key in (name, exclusive) if key in raw]
            closer = stricter(both) == Decimal(raw[exclusive])
            found |= {exclusive: raw[exclusive] if closer else None, name: None if closer else raw[name]}
    return found
