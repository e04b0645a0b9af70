"""Definitions and short cuts for the tests of the XML and JSON readers."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.findings import Findings
from gateway.formats.definition import (
    Dialect,
    Encoding,
    Field,
    Format,
    Kind,
    RecordType,
    Role,
    Status,
    Version,
)
from gateway.model import Finding
from gateway.readers import reader_for

Row = dict[str, object]

ORDER_TYPES = (
    RecordType(
        "header", Role.HEADER, (Field("id", path="Id"), Field("sender", path="Sender")), path="/Orders/Header"
    ),
    RecordType(
        "order",
        Role.RECORD,
        (
            Field("number", path="Number"),
            Field("quantity", path="Quantity"),
            Field("unit", path="Quantity/@unit"),
            Field("key", path="@key"),
        ),
        path="/Orders/Order",
    ),
    RecordType(
        "operation",
        Role.RECORD,
        (Field("step", path="Step"), Field("text", path=".")),
        path="/Orders/Order/Operation",
        parent="order",
    ),
)

BILL_TYPES = (
    RecordType(
        "header", Role.HEADER, (Field("id", path="/id"), Field("count", path="/count")), path="/header"
    ),
    RecordType(
        "bill",
        Role.RECORD,
        (
            Field("material", path="/material"),
            Field("quantity", path="/base/quantity"),
            Field("valid", path="valid"),
        ),
        path="/bills",
    ),
    RecordType(
        "item",
        Role.RECORD,
        (Field("position", path="/position"), Field("loose", path="/loose")),
        path="/bills/items",
        parent="bill",
    ),
)


def xml_format(types: tuple[RecordType, ...] = ORDER_TYPES, **changes: object) -> Format:
    """Return an XML format of ``types``; ``changes`` are settings of the dialect or the format."""
    return _format(Kind.XML, types, changes)


def json_format(types: tuple[RecordType, ...] = BILL_TYPES, **changes: object) -> Format:
    """Return a JSON format of ``types``; ``changes`` are settings of the dialect or the format."""
    return _format(Kind.JSON, types, changes)


def _format(kind: Kind, types: tuple[RecordType, ...], changes: dict[str, object]) -> Format:
    own = {"encoding", "closed", "directory", "digest"}
    dialect = Dialect(**{k: v for k, v in changes.items() if k not in own})  # type: ignore[arg-type] # test settings
    rest = {k: v for k, v in changes.items() if k in own}
    return Format("test", Version(1, 0, 0), Status.DRAFT, kind, "Test", types, dialect=dialect, **rest)  # type: ignore[arg-type] # test settings


def charset(name: str, bom: str = "optional") -> Encoding:
    """Return a declared encoding."""
    return Encoding(name, bom)


def read(definition: Format, data: bytes) -> tuple[dict[str, list[Row]], Findings]:
    """Return the rows by record type, chunks joined, and the findings."""
    findings = Findings()
    rows: dict[str, list[Row]] = {}
    for chunk in reader_for(definition.kind).read(definition, io.BytesIO(data), findings):
        rows.setdefault(chunk.record_type.name, []).extend(chunk.frame.to_dicts())
    return rows, findings


def wrong(definition: Format, data: bytes) -> list[Finding]:
    """Return the listed findings of a file."""
    return read(definition, data)[1].listed()


def codes(definition: Format, data: bytes) -> list[str]:
    """Return the codes of the listed findings of a file."""
    return [finding.code for finding in wrong(definition, data)]


def reference(*parts: str) -> Path:
    """Return a file of the reference data; skip the test where it is absent."""
    root = os.environ.get("GATEWAY_REFERENCE")
    home = Path(root) if root else Path(__file__).parents[2].parent / "shared" / "reference"
    path = home.joinpath(*parts)
    if not path.exists():
        pytest.skip("the reference data is not here")
    return path


class Endless:
    """A stream that makes its bytes as they are asked for: head, ``part`` many times, tail."""

    def __init__(self, head: bytes, part: bytes, times: int, tail: bytes) -> None:
        self._parts = itertools.chain([head], itertools.repeat(part * 100, times // 100), [tail])

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, whatever was asked for."""
        return next(self._parts, b"")


_PEAK = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from tests.readers.document_kit import *
from gateway.findings import Findings
findings, rows = Findings(), 0
definition, stream = {definition}, {stream}
for chunk in reader_for(definition.kind).read(definition, stream, findings):
    rows += chunk.frame.height
print(rows, findings.errors, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak(definition: str, stream: str) -> tuple[int, int, int]:
    """Return rows, errors and peak memory in MiB of a process that reads ``stream`` (both as code)."""
    code = _PEAK.format(definition=definition, stream=stream)
    here = os.path.dirname(__file__)
    done = subprocess.run([sys.executable, "-c", code, here], capture_output=True, text=True, check=True)
    rows, errors, memory = done.stdout.split()
    return int(rows), int(errors), int(memory)
