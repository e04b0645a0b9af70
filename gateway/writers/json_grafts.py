"""One thing of a JSON document put into another: a valid file that has what the document shows.

The comparison of two schemas makes documents that the schemas alone judge. The definition asks for more:
shapes, counts, totals, rules. So what such a document shows is put into files that the whole format
accepts, one difference at a time; whoever asks tries them all.
"""

from __future__ import annotations

import copy
import io
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gateway.errors import UnwritableRow
from gateway.formats.compare.json_schema.texts import document
from gateway.formats.json_schemas import exact
from gateway.writers.output import Output

if TYPE_CHECKING:
    from gateway.formats.definition import Format

#: Levels that are looked into, and files that are made of one valid file.
_DEEPEST, _MOST = 12, 150


def dressed(definition: Format, data: bytes) -> bytes | None:
    """Return a document in UTF-8 in the encoding of the format; None where that cannot hold it."""
    return _bytes(definition, [exact(data)])


def _bytes(definition: Format, values: list[Any]) -> bytes | None:
    text = "".join(document(value).decode() for value in values)
    if definition.dialect.lines:
        text = "".join(" ".join(document(value).decode().split("\n")).strip() + "\n" for value in values)
    out = io.BytesIO()
    try:
        Output(definition.encoding, out).write(text)
    except (UnicodeEncodeError, UnwritableRow):
        return None
    return out.getvalue()


def grafts(definition: Format, valid: bytes, shown: bytes) -> Iterator[bytes | None]:
    """Yield copies of the file ``valid`` that have one difference more of those that ``shown`` has.

    Of JSON lines the first one is changed. None: the encoding lacks a character.
    """
    text = valid.decode(definition.encoding.charset).removeprefix("\ufeff")
    parts = [exact(line) for line in text.splitlines() if line] if definition.dialect.lines else [exact(text)]
    for other in itertools.islice(_nearer(parts[0], exact(shown)), _MOST) if parts else ():
        yield _bytes(definition, [other, *parts[1:]])


def _nearer(value: Any, pattern: Any, depth: int = 0) -> Iterator[Any]:
    """Yield values that differ from ``value`` in one thing, and are in that as ``pattern`` is."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict) and isinstance(pattern, dict):
        yield from _nearer_object(value, pattern, depth)
    elif isinstance(value, list) and isinstance(pattern, list):
        yield from _nearer_list(value, pattern, depth)
    elif value != pattern or type(value) is not type(pattern):
        yield pattern


def _nearer_object(value: dict[str, Any], pattern: dict[str, Any], depth: int) -> Iterator[Any]:
    for name, each in pattern.items():
        if name in value:
            yield from ({**value, name: other} for other in _nearer(value[name], each, depth + 1))
        else:
            yield {**value, name: each}
    for name in value:
        if name not in pattern:
            yield {other: each for other, each in value.items() if other != name}
    yield {name: value.get(name, each) for name, each in pattern.items()}


def _nearer_list(value: list[Any], pattern: list[Any], depth: int) -> Iterator[Any]:
    for index, (one, other) in enumerate(zip(value, pattern, strict=False)):
        yield from ([*value[:index], each, *value[index + 1 :]] for each in _nearer(one, other, depth + 1))
    if len(pattern) > len(value):
        twins = [copy.deepcopy(value[-1])] * (len(pattern) - len(value)) if value else pattern
        yield [*value, *twins]
        yield [*value, *pattern[len(value) :]]
    elif len(pattern) < len(value):
        yield value[: len(pattern)]
    if pattern != value:
        yield pattern
