"""What can be proved about normal schemas: that one takes all values of another, or none of them.

The containment is proved by the library that validates files. Recursive definitions are proved by
name, so equal definitions of both sides get the same name first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.formats.compare.json_schema.flat import flat, opaque
from gateway.formats.compare.json_schema.normal import ANNOTATIONS, OPAQUE, Schema
from gateway.formats.compare.json_schema.texts import text_of

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
#: Definitions beyond which a proof over them is not tried: it could take minutes.
_MOST_DEFINITIONS = 400


class Prover:
    """Proves and validates over the definitions of both sides."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        """Take the definitions of both sides, whose names differ."""
        self.definitions = definitions
        self.names = _names(definitions)
        self._plain = {self.names[name]: self.plain(each) for name, each in definitions.items()}
        self._canonical: dict[str, Any] = {}
        self._validators: dict[str, Any] = {}

    def plain(self, schema: Schema) -> Schema:
        """Return ``schema`` without words for people, its references as the library reads them."""
        return _plain(schema, {name: f"#/$defs/{short}" for name, short in self.names.items()})

    def same(self, first: Schema, second: Schema) -> bool:
        """Whether two schemas say the same but for words for people."""
        return text_of(self.plain(first)) == text_of(self.plain(second))

    def covers(self, reader: Schema, writer: Schema) -> bool:
        """Whether it is proved that ``reader`` takes every value that ``writer`` takes."""
        canonical = self._canonical_of(reader), self._canonical_of(writer)
        if None in canonical:
            return False
        try:
            return str(canonical[0].covers(canonical[1])) == "yes"
        except ValueError:
            return False

    def disjoint(self, first: Schema, second: Schema) -> bool:
        """Whether it is proved that no value satisfies both."""
        canonical = self._canonical_of({"allOf": [first, second]})
        return canonical is not None and str(canonical.satisfiability()) == "no"

    def left(self, writer: Schema, reader: Schema) -> Schema | None:
        """Return a schema of what ``writer`` takes and ``reader`` does not; None where there is none."""
        canonical = self._canonical_of(writer), self._canonical_of(reader)
        if None in canonical:
            return None
        try:
            found = canonical[0].subtract(canonical[1])
            return None if str(found.satisfiability()) == "no" else _own(found.to_json_schema())
        except ValueError:
            return None

    def valid(self, schema: Schema, value: Any) -> bool:
        """Whether ``value`` satisfies ``schema``."""
        import jsonschema_rs

        whole = self._whole(schema)
        key = text_of(whole)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.validator_for(whole, validate_formats=True, offline=True)
        return bool(self._validators[key].is_valid(value))

    def _canonical_of(self, schema: Schema) -> Any:
        """Return the canonical form; None where the library has none or it would not say all."""
        import jsonschema_rs

        whole = self._whole(schema)
        key = text_of(whole)
        if key not in self._canonical:
            self._canonical[key] = None
            if not opaque(whole) and len(whole.get("$defs", ())) <= _MOST_DEFINITIONS:
                with contextlib.suppress(ValueError):  # what it cannot say it cannot prove
                    self._canonical[key] = jsonschema_rs.canonicalize(
                        whole, validate_formats=True, offline=True
                    )
        return self._canonical[key]

    def _whole(self, schema: Schema) -> dict[str, Any]:
        """Return ``schema`` with the definitions that it reaches, as a document of its own."""
        plain = self.plain(schema)
        if not isinstance(plain, dict):
            plain = {} if plain else {"not": {}}
        used: dict[str, Schema] = {}
        waiting = list(_references(plain))
        while waiting:
            name = waiting.pop()
            if name not in used:
                used[name] = self._plain[name]
                waiting += _references(used[name])
        return {"$schema": _DRAFT, **plain, **({"$defs": used} if used else {})}

    def table(self, schema: Schema) -> dict[str, Any]:
        """Return ``schema`` as one table of keywords; references are those of both sides."""
        return flat(schema, self.definitions)


def _own(schema: Any) -> Schema:
    """Return a schema of the library, which carries its definitions along, with those in place of names.

    A definition that contains itself is taken for anything: the values made from it are validated.
    """
    definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    return _inlined(schema, definitions, ())


def _inlined(schema: Any, definitions: Mapping[str, Any], seen: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, definitions, seen) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        if name in seen or len(seen) > 3 or name not in definitions:
            return True
        return _inlined(definitions[name], definitions, (*seen, name))
    return {
        key: each if key in ("enum", "const") else _inlined(each, definitions, seen)
        for key, each in schema.items()
        if key not in ("$defs", "$schema")
    }


def _plain(schema: Schema, names: Mapping[str, str]) -> Schema:
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": names[schema["$ref"]]}
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ANNOTATIONS:
            continue
        if key in ("properties", "patternProperties", "dependentSchemas"):
            found[key] = {name: _plain(each, names) for name, each in value.items()}
        elif key in ("allOf", "anyOf", "oneOf", "prefixItems"):
            found[key] = [_plain(each, names) for each in value]
        else:
            found[key] = _plain(value, names)
    return found


def _references(schema: Schema) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix("#/$defs/")
        for key, each in schema.items():
            if key not in ("enum", OPAQUE):
                yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def _names(definitions: Mapping[str, Schema]) -> dict[str, str]:
    """Return a short name for each definition, the same for those that say the same.

    Names are refined until they tell apart no more: equal at first, then by what each
    definition says with the names found before.
    """
    names = dict.fromkeys(definitions, "")
    classes = 0
    while True:
        texts = {name: text_of(_plain(each, names)) for name, each in definitions.items()}
        numbers = {text: f"d{number}" for number, text in enumerate(sorted(set(texts.values())))}
        names = {name: numbers[text] for name, text in texts.items()}
        if len(numbers) == classes:
            return names
        classes = len(numbers)
