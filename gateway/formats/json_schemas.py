"""JSON Schema files as they lie beside a format: which draft they state, where a reference leads.

Nothing is ever fetched: a schema and the ``*.json`` files in its directory are all there is.
References are resolved as RFC 3986 and the drafts say: ``$id`` (draft 4: ``id``) moves the base,
a fragment is a JSON pointer or the name of an ``$anchor``.
"""

from __future__ import annotations

import contextlib
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gateway.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

#: Base of files without an ``$id``; never fetched.
BASE = "gateway:///"

#: What ``$schema`` may say, without its empty fragment, and the draft that it is.
DRAFTS = {
    "http://json-schema.org/draft-04/schema": 4,
    "http://json-schema.org/draft-06/schema": 6,
    "http://json-schema.org/draft-07/schema": 7,
    "https://json-schema.org/draft/2019-09/schema": 2019,
    "https://json-schema.org/draft/2020-12/schema": 2020,
}
#: The draft of a schema that states none.
DEFAULT_DRAFT = 2020

#: Digits up to which a whole number with a point or an exponent is written out.
_MOST_DIGITS = 400
#: Bytes of one file of a JSON Schema.
_LARGEST = 16 * 1024 * 1024

Pointer = tuple[str, ...]
Place = tuple[str, Pointer]  #: URI of a document, and where in it


def exact(text: str | bytes) -> Any:
    """Return a JSON text as a value whose numbers are int and Decimal; ValueError if it is none."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_number)


def _bound(text: str) -> int | Decimal:
    """Return a number of a schema; a whole one is an int, which the library compares exactly."""
    number = Decimal(text)
    whole = number.adjusted() < _MOST_DIGITS and number == number.to_integral_value()
    return int(number) if whole else number


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def draft_of(contents: Any) -> int | None:
    """Return the draft that a schema states: 4, 6, 7, 2019 or 2020; None where it is unknown."""
    stated = contents.get("$schema") if isinstance(contents, dict) else None
    if stated is None:
        return DEFAULT_DRAFT
    return DRAFTS.get(stated.removesuffix("#")) if isinstance(stated, str) else None


@dataclass(slots=True)
class SchemaFiles:
    """A schema with the files beside it, by URI."""

    main: Path
    uri: str
    documents: Mapping[str, Any]
    draft: int
    _places: dict[str, Place] = field(default_factory=dict)
    _bases: dict[Place, str] = field(default_factory=dict)

    @property
    def contents(self) -> dict[str, Any]:
        """Return the main schema."""
        contents: dict[str, Any] = self.documents[self.uri]
        return contents

    def at(self, place: Place) -> Any:
        """Return the part of a document at ``place``; KeyError where there is none."""
        part: Any = self.documents[place[0]]
        for name in place[1]:
            if isinstance(part, list) and name.isdecimal() and int(name) < len(part):
                part = part[int(name)]
            elif isinstance(part, dict):
                part = part[name]
            else:
                raise KeyError(name)
        return part

    def target(self, reference: str, place: Place) -> Place:
        """Return where ``reference``, standing at ``place``, leads; KeyError where to nothing."""
        if not self._places:
            self._index()
        base, _, fragment = _joined(self._base(place), reference).partition("#")
        fragment = urllib.parse.unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return self._places[f"{base}#{fragment}"]
        uri, pointer = self._places[base]
        steps = fragment.split("/")[1:]
        found = (uri, (*pointer, *(step.replace("~1", "/").replace("~0", "~") for step in steps)))
        self.at(found)
        return found

    def _base(self, place: Place) -> str:
        uri, pointer = place
        for end in range(len(pointer), -1, -1):
            if (uri, pointer[:end]) in self._bases:
                return self._bases[uri, pointer[:end]]
        return uri

    def _index(self) -> None:
        """Note every ``$id`` and anchor of all documents."""
        for uri, contents in self.documents.items():
            self._places[uri] = (uri, ())
            for pointer, part in _objects(contents, ()):
                self._note(part, (uri, pointer))

    def _note(self, part: dict[str, Any], place: Place) -> None:
        base = self._base(place)
        own = part.get("id" if self.draft == 4 else "$id")
        if isinstance(own, str) and not ("$ref" in part and self.draft < 2019):
            whole = _joined(base, own)
            base, _, anchor = whole.partition("#")
            self._places.setdefault(whole if anchor else base, place)
            if not own.startswith("#"):
                self._bases[place] = base
        for name in ("$anchor", "$dynamicAnchor"):
            if isinstance(part.get(name), str):
                self._places.setdefault(f"{base}#{part[name]}", place)


def _objects(part: Any, pointer: Pointer) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Yield every object of a document with its pointer, the outer before the inner."""
    if isinstance(part, dict):
        yield pointer, part
        for name, inner in part.items():
            if name not in ("enum", "const", "default", "examples"):
                yield from _objects(inner, (*pointer, name))
    elif isinstance(part, list):
        for number, inner in enumerate(part):
            yield from _objects(inner, (*pointer, str(number)))


def _joined(base: str, reference: str) -> str:
    """Return ``reference`` seen from ``base``; the library joins only schemes that it knows."""
    if reference.startswith("#"):
        return base.partition("#")[0] + reference
    stand_in = "http://gateway.invalid/"
    joined = urllib.parse.urljoin(base.replace(BASE, stand_in, 1), reference)
    return joined.replace(stand_in, BASE, 1).removesuffix("#")


def read(main: Path) -> SchemaFiles:
    """Return the schema in the file ``main`` and the ``*.json`` files beside it.

    Raises FormatError where one cannot be read, or states a draft that is not known.
    """
    return _files(main, {name: _contents(path) for name, path in _others(main).items()})


def read_for_import(main: Path) -> SchemaFiles:
    """Return the schema in ``main`` with the schemas among the ``*.json`` files beside it.

    A vendor's directory has other files too: those that are none are left out. Raises FormatError where
    ``main`` cannot be read, or states a draft that is not known.
    """
    found = {}
    for name, path in _others(main).items():
        with contextlib.suppress(FormatError):
            found[name] = _contents(path)
    return _files(main, found)


def _others(main: Path) -> dict[str, Path]:
    return {BASE + path.name: path for path in sorted(main.parent.glob("*.json")) if path.name != main.name}


def _files(main: Path, others: dict[str, dict[str, Any]]) -> SchemaFiles:
    contents = _contents(main)
    draft = draft_of(contents)
    if draft is None:
        hint = f"Known are {', '.join(DRAFTS)}"
        raise FormatError(f"{contents['$schema']!r} is no known draft", where=str(main), hint=hint)
    own = contents.get("$id", contents.get("id") if draft == 4 else None)
    uri = own.removesuffix("#") if isinstance(own, str) and not own.startswith("#") else BASE + main.name
    return SchemaFiles(main, uri, {uri: contents, **others}, draft)


def leading_nowhere(files: SchemaFiles) -> Iterator[tuple[str, str]]:
    """Yield the references of the main schema that lead nowhere: where they stand, and what they say."""
    for pointer, part in _objects(files.contents, ()):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.partition("#")[0] not in DRAFTS:
            try:
                files.target(reference, (files.uri, pointer))
            except (KeyError, ValueError):
                yield "/".join(("", *pointer, "$ref")), reference


def _contents(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise FormatError("The JSON Schema is larger than 16 MiB.", where=str(path))
        text = path.read_text("utf-8-sig")
        contents = json.loads(text, parse_float=_bound, parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError("The JSON Schema cannot be read.", where=str(path), cause=error) from error
    if not isinstance(contents, dict):
        raise FormatError("The JSON Schema is not an object.", where=str(path))
    return contents


def validator(files: SchemaFiles) -> Any:
    """Return the validator of ``files`` as files are read by it: by its draft, formats checked.

    Raises FormatError where the schema is not valid or a reference leads nowhere.
    """
    import jsonschema_rs

    try:
        registry = jsonschema_rs.Registry(list(files.documents.items()))
        return jsonschema_rs.validator_for(
            files.contents, registry=registry, base_uri=files.uri, validate_formats=True, offline=True
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = ValueError(str(error).partition("\n")[0])
        raise FormatError("The JSON Schema is not valid.", where=str(files.main), cause=reason) from error
