"""Files of every kind, read as the pipeline reads them: alone, in a batch, and in other pieces."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, cast

from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Field, Format, RecordType, Role, Version
from gateway.readers import reader_for
from gateway.validation.reading import Input, ListingLimits, Reading, read_files
from tests.fuzz.target import FORMATS, SAMPLES, Target, demand
from tests.readers.document_kit import json_format

#: Sizes in which a slow stream hands out its bytes.
PIECES = (1, 61, 4093, 3, 127)

XML_TOKENS = (
    b"<Order>",
    b"</Order>",
    b"<Operation",
    b"xsi:nil='true'",
    b"xmlns:a='u'",
    b"<?xml encoding='x'?>",
)
JSON_TOKENS = (b"1E400", b'{"a":1,"a":2}', b"[1,", b'"\\uD834"', b"-", b"1" * 4400)


class Dribble:
    """A stream that hands out its bytes in pieces of odd sizes."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)
        self._sizes = itertools.cycle(PIECES)

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` of the next bytes, usually far fewer."""
        return self._stream.read(min(size, next(self._sizes)))


@functools.cache
def catalogue() -> Catalogue:
    """Return the catalogue of the bundled formats."""
    return Catalogue.load(FORMATS)


def good(message_type: str, version: str) -> list[bytes]:
    """Return the good sample files of a format version."""
    places = sorted((SAMPLES / message_type / version / "good").iterdir())
    return [path.read_bytes() for path in places if not path.name.endswith(".yaml")]


def samples(message_type: str, version: str) -> list[bytes]:
    """Return all sample files of a format version, the good ones first."""
    bad = sorted((SAMPLES / message_type / version / "bad").rglob("*"))
    return good(message_type, version) + [
        path.read_bytes() for path in bad if path.is_file() and path.suffix != ".yaml"
    ]


def told(reading: Reading) -> dict[str, Any]:
    """Return what a reading says, as JSON-ready data."""
    facts = ("sha256", "size", "envelope", "message_id", "sender", "receiver", "control_number")
    more = ("previous_number", "format_version", "created_at", "record_counts", "records")
    found = {name: getattr(reading, name) for name in (*facts, *more)}
    found["keys"] = [repr(key) for key in itertools.islice(reading.keys, 100)]
    return {**found, "findings": reading.findings.summary()}


def read_as(definition: Format, streams: Sequence[Callable[[], Any]]) -> list[dict[str, Any]]:
    """Return what is said of each stream, read as one batch."""

    def opened(stream: Callable[[], Any]) -> contextlib.AbstractContextManager[BinaryIO]:
        return contextlib.nullcontext(cast(BinaryIO, stream()))

    inputs = [Input(number, "X", functools.partial(opened, one)) for number, one in enumerate(streams)]
    readings = read_files(definition, inputs, limits=ListingLimits())
    try:
        return [told(one) for one in readings]
    finally:
        for one in readings:
            one.keys.close()


def attack(definition: Format, neighbour: bytes, data: bytes) -> None:
    """Read ``data`` in every way; what is said of it must be true, and the same each time."""
    plain = functools.partial(io.BytesIO, data)
    beside = functools.partial(io.BytesIO, neighbour)
    (alone,) = read_as(definition, [plain])
    _first, between, dribbled, last = read_as(
        definition, [beside, plain, functools.partial(Dribble, data), beside]
    )
    demand_same("alone and in a batch differ", alone, between)
    demand_same("whole and in pieces differ", alone, dribbled)
    demand(last["findings"]["errors"] == 0, "a good neighbour was refused")
    demand(alone["sha256"] == hashlib.sha256(data).hexdigest(), "the digest is not that of the bytes")
    demand(alone["size"] == len(data), "the size is not that of the bytes")
    json.dumps(alone, allow_nan=False).encode()
    places_are_true(alone["findings"], data)
    reader = reader_for(definition.kind)
    reader.probe(definition, data[:65536])
    reader.ending(definition, data[-4096:])


def places_are_true(findings: dict[str, Any], data: bytes) -> None:
    """Demand of every finding that its place is one of the file."""
    lines = max(data.count(b"\n"), data.count(b"\r")) + 2
    for one in findings["listed"]:
        demand(1 <= one.get("line", 1) <= lines, f"no such line: {one}")
        demand(0 <= one.get("byte_offset", 0) <= len(data), f"no such byte: {one}")
        demand(one.get("record", 1) >= 1, f"no such record: {one}")
        demand(bool(one["message"]), f"nothing is said: {one}")
    counted = sum(one["count"] for one in findings["totals"])
    demand(counted == findings["errors"] + findings["warnings"], "the totals do not add up")
    demand(len(findings["listed"]) <= counted, "more is listed than there is")


def demand_same(what: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Demand that two readings say the same; else tell the first thing in which they differ."""
    name = next((name for name in one if one[name] != other[name]), None)
    if name == "findings":
        pairs = itertools.zip_longest(one[name]["listed"], other[name]["listed"])
        shown = next((f"{a} != {b}" for a, b in pairs if a != b), "totals")
        demand(False, f"{what}: {shown}")
    demand(name is None, f"{what}: {name}")


@functools.cache
def lines_format() -> Format:
    """Return a format of JSON lines with a header, records and a nested array."""
    fields = (Field("id", path="/id"), Field("quantity", path="/quantity"))
    types = (RecordType("row", Role.RECORD, fields, path=""),)
    return json_format(types, lines=True)


LINES = (
    b'{"id":"1","quantity":1.10}\n{"id":"2","quantity":1E5}\n',
    b'{"id":"\xc3\xa4","quantity":null,"more":{"a":[1,2,{"b":true}]}}\r\n',
)


def _bundled(message_type: str, version: str) -> Format:
    return catalogue().get(message_type, Version.parse(version))


def _target(kind: str, message_type: str, version: str, tokens: tuple[bytes, ...]) -> Target:
    def run(data: bytes) -> None:
        attack(_bundled(message_type, version), good(message_type, version)[0], data)

    does = f"a {kind} file ({message_type} {version}) is read and validated"
    return Target(f"read-{kind}", does, functools.partial(samples, message_type, version), run, tokens)


def targets() -> Iterator[Target]:
    """Yield a target for each kind of file."""
    yield _target("delimited", "confirmation", "1.1.0", (b"CONF", b"T;", b";;", b'""', b'";"'))
    yield _target("delimited-heading", "inventory-adjustment", "1.0.0", (b"Document", b",,", b'"",'))
    yield _target("fixed-width", "consumption", "1.1.0", (b"H", b"T", b" " * 40))
    yield _target("idoc", "material", "1.0.0", (b"E1MARAM", b"EDI_DC40", b" " * 40))
    yield _target("xml", "order", "1.1.0", XML_TOKENS)
    yield _target("json", "bom", "1.0.0", JSON_TOKENS)
    yield Target(
        "read-json-lines",
        "a file of JSON lines is read and validated",
        lambda: LINES,
        lambda data: attack(lines_format(), LINES[0], data),
        JSON_TOKENS,
    )
