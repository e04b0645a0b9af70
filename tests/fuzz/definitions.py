"""What is controlled text and may still be wrong: configuration, formats, schemas, mappings, the lock.

Where such a text is accepted, it is used: a format that the check lets pass must be able to read files.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from gateway import documents
from gateway.config.loading import FILE, known_site, redacted
from gateway.errors import GatewayError
from gateway.findings import Findings
from gateway.formats import lock_file
from gateway.formats.check import check_format
from gateway.formats.definition import Version
from gateway.formats.loading import load_format
from gateway.mappings.check import check_mapping
from gateway.mappings.convert import convert
from gateway.mappings.definition import Bound
from gateway.mappings.loading import load_mapping
from gateway.model import Problem
from tests.fuzz.beside import scratch
from tests.fuzz.contents import catalogue, good, read_as
from tests.fuzz.target import FORMATS, ROOT, Target, demand

YAML_TOKENS = (
    b"schema: 1\n", b"routes:\n", b"  x: {y: z}\n", b"[a, b]", b"{a: b}", b"[[[[[[[[", b"&a [*a]", b"'", b'"',
    b"pattern: '(a+)+b'\n", b"pattern: '[a-z'\n", b"env: HOME", b"{file: /dev/zero}", b"1e400", b"0.1ms",
    b"99999999999999999999d", b"2026-12-24..2026-12-23", b"Europe/../x", b"* * * * *", b"0 0 30 2 *",
)  # fmt: skip
XSD_TOKENS = (
    b"maxOccurs='unbounded'", b"maxOccurs='10000'", b"minOccurs='0'", b"<xs:any/>", b"<xs:element ref='x'/>",
    b"<xs:pattern value='(a+)+b'/>", b"<xs:import namespace='u'/>",
    b"<xs:include schemaLocation='/dev/zero'/>",
    b"<xs:choice>", b"</xs:choice>", b"xs:string", b"xs:decimal", b"mixed='true'", b"<xs:unique name='u'>",
)  # fmt: skip
SCHEMA_TOKENS = (
    b'"$ref": "#"', b'"$ref": "#/$defs/x"', b'"$dynamicRef": "#a"', b'"uniqueItems": true',
    b'"pattern": "(a+)+$"', b'"allOf": [{"$ref": "#"}]', b'"multipleOf": 1e-400',
    b'"$ref": "file:///dev/zero"', b'"not": {}',
    b'"patternProperties": {"^(a|a)*$": {}}', b'"maxItems": 1e400', b'"$id": "x"',
    b'"$schema": "x"', b"false",
)  # fmt: skip


def problems_are_places(problems: list[Problem] | tuple[Problem, ...], data: bytes) -> None:
    """Demand of every problem that it says something, and names a line of the text."""
    lines = len(data.decode("utf-8", "replace").splitlines()) + 1
    for one in problems:
        demand(bool(one.message), "a problem says nothing")
        demand(1 <= (one.line or 1) <= lines, f"no such line: {one}")
        str(one)


def _document(data: bytes) -> None:
    try:
        document = documents.parse(data, "x.yaml")
    except GatewayError as error:
        problems_are_places(error.problems, data)
        return
    again = documents.parse(data, "x.yaml")
    demand(again == document, "the same text was understood in two ways")


def _configuration(data: bytes) -> None:
    home = scratch() / "configured"
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / FILE).write_bytes(data)
    try:
        known_site(home, catalogue().message_types(), {})
        json.dumps(redacted(home), default=str)
    except GatewayError as error:
        str(error)
        problems_are_places(error.problems, data)


def _fresh(message_type: str, version: str) -> Path:
    """Return a copy of a bundled format's directory that may be changed."""
    home = scratch() / "formats" / message_type / version
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(FORMATS / message_type / version, home)
    return home


def _use(home: Path, message_type: str, version: str, data: bytes) -> None:
    """Load and check what stands in ``home``; where nothing is wrong with it, read good files by it."""
    try:
        definition = load_format(home)
        problems = check_format(definition)
    except GatewayError as error:
        str(error)
        problems_are_places(error.problems, data)
        return
    if not problems:
        streams = [functools.partial(io.BytesIO, one) for one in good(message_type, version)[:2]]
        read_as(definition, streams)


def _format(message_type: str, version: str, data: bytes, file: str = "format.yaml") -> None:
    home = _fresh(message_type, version)
    (home / file).write_bytes(data)
    _use(home, message_type, version, data if file.endswith(".yaml") else (home / "format.yaml").read_bytes())


def _mapping(data: bytes) -> None:
    home = scratch() / "mapped" / "confirmation" / "mappings"
    home.mkdir(parents=True, exist_ok=True)
    path = home / "1.0.0-to-1.1.0.yaml"
    path.write_bytes(data)
    source, target = (catalogue().get("confirmation", Version.parse(text)) for text in ("1.0.0", "1.1.0"))
    try:
        mapping, document = load_mapping(path)
    except GatewayError as error:
        problems_are_places(error.problems, data)
        return
    problems = check_mapping(mapping, source, target, document)
    problems_are_places(problems, data)
    if not problems:
        content = good("confirmation", "1.0.0")[0]
        out, findings = io.BytesIO(), Findings()
        convert(
            Bound(mapping, source, target), lambda: contextlib.nullcontext(io.BytesIO(content)), out, findings
        )


def _lock(data: bytes) -> None:
    """A lock is tried as it is, and with hashes that are right, so that what is behind them is reached."""
    home = scratch() / "locked"
    home.mkdir(exist_ok=True)
    for content in (data, _rehashed(data)):
        (home / lock_file.FILE_NAME).write_bytes(content)
        with contextlib.suppress(GatewayError):
            lock = lock_file.read_lock(home)
            lock_file.demand_readable(lock_file.rendered(lock), home / lock_file.FILE_NAME)


def _rehashed(data: bytes) -> bytes:
    try:
        contents = documents.parse(data, "x").data
        before = "0" * 64
        for entry in contents["entries"]:
            entry.pop("hash", None)
            before = entry["hash"] = lock_file._hash(before, dict(entry))
        return json.dumps(contents).encode()
    except (GatewayError, KeyError, TypeError, ValueError, AttributeError):
        return data


def _text(path: Path) -> list[bytes]:
    return [path.read_bytes()]


def targets() -> Iterator[Target]:
    """Yield a target for everything that people write for the gateway."""
    configuration = functools.partial(_text, ROOT / "config" / "gateway.yaml")
    yield Target("yaml", "a YAML document is read", configuration, _document, YAML_TOKENS)
    yield Target("configuration", "a site is configured", configuration, _configuration, YAML_TOKENS)
    formats = (("confirmation", "1.1.0"), ("consumption", "1.1.0"), ("order", "1.1.0"), ("bom", "1.0.0"))
    for message_type, version in formats:
        seeds = functools.partial(_text, FORMATS / message_type / version / "format.yaml")
        attack = functools.partial(_format, message_type, version)
        does = f"format.yaml of {message_type} {version} is checked, and used where nothing is wrong"
        yield Target(f"format-{message_type}", does, seeds, attack, YAML_TOKENS)
    for message_type, version, file, tokens in (
        ("order", "1.1.0", "schema.xsd", XSD_TOKENS),
        ("bom", "1.0.0", "schema.json", SCHEMA_TOKENS),
    ):
        seeds = functools.partial(_text, FORMATS / message_type / version / file)
        attack = functools.partial(_format, message_type, version, file=file)
        kind = "XSD" if file.endswith("xsd") else "JSON Schema"
        does = f"the {kind} of {message_type} {version} is compiled, and used where nothing is wrong"
        yield Target(kind.lower().replace(" ", "-"), does, seeds, attack, tokens)
    mapping = FORMATS / "confirmation" / "mappings" / "1.0.0-to-1.1.0.yaml"
    yield Target("mapping", "a mapping is checked and applied", lambda: _text(mapping), _mapping, YAML_TOKENS)
    lock = functools.partial(_text, FORMATS / "formats.lock")
    yield Target("lock", "the lock of a catalogue is read and written", lock, _lock)
