"""YAML documents with positions, and their validation against a JSON Schema.

Configuration and format definitions are controlled text, so reading must not change it:
only ``true``, ``false``, ``null`` (also ``~`` or nothing) and whole numbers in canonical form
are more than text. ``NO``, ``007``, ``1.10`` and ``2026-11-22`` stay what they are.
Keys are always text. Aliases are allowed, but what they expand to is bounded.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import yaml

from gateway.complaints import Path_, path_text
from gateway.errors import GatewayError
from gateway.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jsonschema.exceptions import ValidationError

#: Bytes of one document; a format of a thousand fields has about 200 kB.
MAX_BYTES = 4 * 1024 * 1024
#: Values of one document after aliases are expanded ("billion laughs" has 10^9).
MAX_VALUES = 200_000
#: Nested lists and mappings.
MAX_DEPTH = 64

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Longer numbers are identifiers, not quantities: they stay text.
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class DocumentError(GatewayError):
    """A YAML document cannot be read."""

    code = "document-invalid"
    exit_status = 3


@dataclass(frozen=True, slots=True)
class Document:
    """A document as plain data, with the place of every value."""

    file: str
    data: Any
    positions: Mapping[Path_, tuple[int, int]]

    def position(self, path: Path_) -> tuple[int | None, int | None]:
        """Return line and column (from 1) of ``path``, or of the nearest thing around it.

        An entry of a mapping stands where its key stands.
        """
        for end in range(len(path), -1, -1):
            if path[:end] in self.positions:
                return self.positions[path[:end]]
        return None, None

    def problem(
        self, path: Path_, message: str, found: str | None = None, allowed: str | None = None
    ) -> Problem:
        """Return a problem with the value at ``path``."""
        line, column = self.position(path)
        return Problem(self.file, message, line, column, path_text(path), found, allowed)


def read(path: Path) -> Document:
    """Return the document in the file ``path``.

    Raises DocumentError with its problems if the file cannot be read or is not acceptable.
    """
    return parse(content(path), str(path))


def content(path: Path) -> bytes:
    """Return the bytes of the file ``path`` for `parse`, one too many where it is too large.

    Raises DocumentError if it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(where=str(path), cause=error) from error


def parse(raw: bytes, file: str) -> Document:
    """Return the document in ``raw``; ``file`` is its name in problems.

    Raises DocumentError if it is too large, not UTF-8, not YAML, or has duplicate keys.
    """
    if len(raw) > MAX_BYTES:
        raise _invalid(Problem(file, f"the document is larger than {MAX_BYTES} bytes"))
    try:
        text = raw.decode("utf-8-sig")
        _inspect(text, file)
        node = yaml.compose(text, Loader=_LOADER)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _invalid(Problem(file, "the document is not UTF-8", line)) from error
    except yaml.YAMLError as error:
        raise _invalid(_syntax_problem(file, error)) from error
    builder = _Builder(file)
    data = builder.build(node, ()) if node is not None else None
    if builder.problems:
        raise _invalid(*builder.problems)
    return Document(file, data, builder.positions)


def _inspect(text: str, file: str) -> None:
    """Refuse tags and deep nesting before nodes are built: the C composer recurses until it crashes."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        tag = getattr(event, "tag", None)
        if tag is not None:
            message = f"the tag {tag} is not allowed"
            raise _invalid(_place(file, message, mark))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                message = f"nested more than {MAX_DEPTH} levels deep"
                raise _invalid(_place(file, message, mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _invalid(*problems: Problem) -> DocumentError:
    return DocumentError(where=problems[0].file, problems=problems)


def _syntax_problem(file: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed")
    said = said.replace("but found another document", "it holds more than one document")
    return _place(file, f"this is not YAML: {said}", mark)


def _place(file: str, message: str, mark: Any, path: Path_ = ()) -> Problem:
    """Return a problem at a mark of PyYAML, which counts from 0."""
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
    return Problem(file, message, line, column, path_text(path))


class _Builder:
    """Turns YAML nodes into plain data, counting as it goes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.positions: dict[Path_, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._values = 0

    def build(self, node: yaml.Node, path: Path_) -> Any:
        """Return the data of ``node``, which stands at ``path``."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise _invalid(self._at(node, path, f"aliases expand to more than {MAX_VALUES} values"))
        if len(path) > MAX_DEPTH:
            raise _invalid(self._at(node, path, f"nested more than {MAX_DEPTH} levels deep"))
        self.positions.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        return _scalar(cast("yaml.ScalarNode", node))

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(self._at(key, path, "a key must be text"))
            elif key.value in data:
                first = self.positions[(*path, key.value)][0]
                message = f"the key `{key.value}` stands here a second time (first in line {first})"
                self.problems.append(self._at(key, (*path, key.value), message))
            else:
                place = (*path, key.value)
                self.positions[place] = (key.start_mark.line + 1, key.start_mark.column + 1)
                data[key.value] = self.build(value, place)
        return data

    def _at(self, node: yaml.Node, path: Path_, message: str) -> Problem:
        return _place(self.file, message, node.start_mark, path)


def _scalar(node: yaml.ScalarNode) -> str | int | bool | None:
    text: str = node.value
    if node.style:  # quoted, or a block: text whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def validate(document: Document, schema: Mapping[str, Any]) -> list[Problem]:
    """Return every way in which ``document`` breaks the JSON Schema ``schema``, in file order.

    Nearly every document is right, and the fast library says so; the other one says best what is wrong.
    """
    if _is_valid(document.data, json.dumps(schema)):
        return []
    import jsonschema

    from gateway.schema_errors import explain

    extend: Any = jsonschema.validators.extend
    validator = extend(jsonschema.Draft202012Validator, {"pattern": _pattern})(schema)
    complaints = (found for error in validator.iter_errors(document.data) for found in explain(error))
    problems = [document.problem(*complaint) for complaint in dict.fromkeys(complaints)]
    return sorted(problems, key=lambda p: (p.line or 0, p.column or 0, p.path))


def _is_valid(data: Any, schema: str) -> bool:
    try:
        return bool(_validator(schema).is_valid(data))
    except ValueError:  # text that is no UTF-8: only a reader of YAML in Python lets it through
        return False


@functools.lru_cache(maxsize=16)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema)


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str):
        # A `$` of Python accepts a newline at the end, that of JSON Schema does not.
        exact = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
        if not re.search(exact, instance):
            yield ValidationError("the text does not have the right form")
