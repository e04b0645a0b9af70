"""Files that are nothing but large, and what must come of them; `tests.fuzz.throwing` tries them.

Contents are made as they are read, files are full of holes.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from gateway import documents
from gateway.formats.definition import (
    Dialect,
    Field,
    FieldType,
    Format,
    Kind,
    RecordType,
    Role,
    Status,
    Version,
)
from gateway.formats.loading import load_format
from tests.fuzz.target import ROOT

GIB = 1 << 30

_SITE = """\
schema: 1
site: {name: Bombs, time_zone: Europe/Berlin}
routes:
  bombs:
    partner: MES
    message_type: inventory-adjustment
    source: {pattern: "*.csv"}
    completeness: COMPLETENESS
    destinations: {erp: {path: outbox/erp}}
"""
_LISTED = '{require: [control-file], control_file: {delimiter: ",", header_row: false, name_column: "1", '
_LISTED += "checksum_column: null}}"
_ALIASES = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)


@dataclass(frozen=True, slots=True)
class Bomb:
    """One bomb: what it is, what goes off (told a directory of its own), and what must come of it."""

    words: str
    throw: Callable[[Path], object]
    comes: str
    most_mb: int = 400  #: of memory, the libraries included
    most_seconds: float = 120.0


class _Flow:
    """A stream that makes its bytes as they are asked for."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` of the next bytes."""
        data = self._rest or next(self._parts, b"")
        self._rest = data[size:]
        return data[:size]


def _long(head: bytes, tail: bytes = b"") -> Iterator[bytes]:
    """Yield ``head``, 1 GiB of a letter, and ``tail``."""
    yield head
    yield from itertools.repeat(b"x" * (1 << 20), 1024)
    yield tail


def _read(definition: Format, parts: Iterator[bytes]) -> str:
    """Return how many findings of which codes a file has, and of how many records."""
    from gateway.validation.reading import Input, ListingLimits, read_files

    def opened() -> contextlib.AbstractContextManager[BinaryIO]:
        return contextlib.nullcontext(cast(BinaryIO, _Flow(parts)))

    reading = read_files(definition, [Input(0, "X", opened)], limits=ListingLimits())[0]
    reading.keys.close()
    totals = {one["code"]: 0 for one in reading.findings.summary()["totals"]}
    for one in reading.findings.summary()["totals"]:
        totals[one["code"]] += one["count"]
    return f"{reading.records} records; " + ", ".join(f"{totals[code]} {code}" for code in sorted(totals))


def _sample(name: str, parts: Iterator[bytes]) -> str:
    return _read(load_format(ROOT / "formats" / name), parts)


def _ndjson() -> Format:
    return _made(Kind.JSON, (Field("id", path="/id"),), Dialect(lines=True), path="")


def _made(kind: Kind, fields: tuple[Field, ...], dialect: Dialect, path: str | None = None) -> Format:
    record = RecordType("row", Role.RECORD, fields, path=path)
    return Format("test", Version(1, 0, 0), Status.DRAFT, kind, "Test", (record,), dialect=dialect)


def _headings() -> Iterator[bytes]:
    """Yield a heading of a million names, and a row of as many values."""
    yield ",".join(f"c{number}" for number in range(1_000_000)).encode() + b"\n"
    yield b",".join([b"1"] * 1_000_000) + b"\n"


def _all_wrong() -> str:
    """Read 200,000 rows of 50 numbers that are none."""
    fields = tuple(Field(f"c{number}", FieldType.INTEGER, heading=f"c{number}") for number in range(50))
    row = b";".join([b"none"] * 50) + b"\n"
    head = ";".join(field.name for field in fields).encode() + b"\n"
    rows = itertools.repeat(row * 1000, 200)
    return _read(_made(Kind.DELIMITED, fields, Dialect(header_row=True)), itertools.chain([head], rows))


def _sparse(path: Path, size: int, head: bytes = b"") -> None:
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(size)


def _passed(home: Path, completeness: str, prepare: Callable[[Path, Path], None]) -> str:
    """Run a pass over a site that `prepare` was told the inbox and replay directory of; say what became."""
    from gateway.operations.opening import working_on
    from gateway.operations.setup import init_site
    from gateway.pipeline import run_routes

    init_site(home, _SITE.replace("COMPLETENESS", completeness))
    inbox, replay = home / "inbox" / "bombs", home / "replay" / "bombs"
    prepare(inbox, replay)
    with working_on(home) as context:
        report = run_routes(context)[0]
    left = sum(1 for place in (inbox, replay) for _ in place.iterdir())
    told = [f"{count} {state.value}" for state, count in report.counts.items() if count]
    told += [problem.error.code for problem in report.problems[:1]]
    return ", ".join([*told, f"{report.waiting} waiting, {left} left"])


def _named_by_many(inbox: Path, _replay: Path) -> None:
    (inbox / "a.csv").write_text("x\n")
    (inbox / "a.ctl").write_text("".join(f"{number:x}.csv\n" for number in range(1_000_000)))


def _with_checksum(inbox: Path, _replay: Path) -> None:
    (inbox / "a.csv").write_text("x\n")
    _sparse(inbox / "a.csv.sha256", GIB)


def _with_request(_inbox: Path, replay: Path) -> None:
    (replay / "a.csv").write_text("x\n")
    _sparse(replay / "a.csv.request.json", GIB, b'{"actor": "a", "reason": "b"}')


def _crowd(inbox: Path, _replay: Path) -> None:
    for number in range(20_000):
        (inbox / f"{number:0251}.csv").touch()


def _aliases_of_a_site(home: Path) -> object:
    from gateway.config.loading import FILE, known_site

    (home / FILE).parent.mkdir()
    (home / FILE).write_text(_ALIASES)
    return known_site(home, None, {})


def _aliases_of_a_format(home: Path) -> object:
    (home / "format.yaml").write_text(_ALIASES)
    return load_format(home)


def _hosts(home: Path) -> object:
    from gateway.sftp.trust import read_known_hosts

    line = b"h%07d ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2vbnrHfkC8zRYzSQsqxNMEhgAhiGgSRNfGPiTqjQEJ\n"
    with open(home / "known_hosts", "wb") as file:
        file.writelines(line % number for number in range(1_130_000))
    return read_known_hosts(home / "known_hosts")


def _document(home: Path) -> object:
    _sparse(home / "big.yaml", GIB)
    return documents.read(home / "big.yaml")


BOMBS: dict[str, Bomb] = {
    "delimited": Bomb(
        "delimited, one line of 1 GiB",
        lambda _: _sample("confirmation/1.1.0", _long(b"H;")),
        "0 records; 1 F113, 1 F201, 1 F202",
    ),
    "quoted": Bomb(
        "delimited, one quoted value of 1 GiB",
        lambda _: _sample("confirmation/1.1.0", _long(b'H;"')),
        "0 records; 1 F106, 1 F201, 1 F202",
    ),
    "fixed-width": Bomb(
        "fixed width, one line of 1 GiB",
        lambda _: _sample("consumption/1.1.0", _long(b"H")),
        "0 records; 1 F113, 1 F201, 1 F202",
    ),
    "ndjson": Bomb(
        "NDJSON, one line of 1 GiB",
        lambda _: _read(_ndjson(), _long(b'{"id":"', b'"}\n')),
        "0 records; 1 F604",
    ),
    "json-string": Bomb(
        "JSON, one string of 1 GiB",
        lambda _: _sample("bom/1.0.0", _long(b'{"header":{"id":"', b'"}}')),
        "0 records; 1 F201, 1 F604",
    ),
    "xml-text": Bomb(
        "XML, one text of 1 GiB",
        lambda _: _sample("order/1.1.0", _long(b"<Orders><Header>")),
        "0 records; 1 F201, 1 F505",
    ),
    "columns": Bomb(
        "delimited, a heading of 1,000,000 columns",
        lambda _: _sample("inventory-adjustment/1.0.0", _headings()),
        "0 records; 2 F113",
    ),
    "attributes": Bomb(
        "XML, an element with 100,000 attributes",
        lambda _: _sample(
            "order/1.1.0",
            iter([b"<Orders " + b" ".join(b'a%d="x"' % number for number in range(100_000)) + b"/>"]),
        ),
        "0 records; 1 F201, 1 F504",
    ),
    "all-wrong": Bomb(
        "200,000 rows of 50 wrong values", lambda _: _all_wrong(), "200000 records; 10000000 F302", 700
    ),
    "control-file": Bomb(
        "a control file that lists 1,000,000 names",
        lambda home: _passed(home, _LISTED, _named_by_many),
        "2 waiting, 2 left",
    ),
    "checksum": Bomb(
        "a checksum file of 1 GiB",
        lambda home: _passed(home, "{require: [checksum]}", _with_checksum),
        "2 waiting, 2 left",
    ),
    "request": Bomb(
        "a replay request of 1 GiB",
        lambda home: _passed(home, "{require: [none]}", _with_request),
        "source-unavailable, 1 waiting, 2 left",
    ),
    "crowd": Bomb(
        "an inbox of 20,000 names of 255 bytes",
        lambda home: _passed(home, "{require: [none]}", _crowd),
        "20000 failed, 0 waiting, 0 left",
        most_seconds=300,
    ),
    "site-aliases": Bomb(
        "a site configuration of aliases",
        _aliases_of_a_site,
        "config-invalid; aliases expand to more than 200000 values",
    ),
    "format-aliases": Bomb(
        "a format.yaml of aliases",
        _aliases_of_a_format,
        "format-invalid; aliases expand to more than 200000 values",
    ),
    "configuration": Bomb(
        "a YAML file of 1 GiB", _document, "document-invalid; the document is larger than 4194304 bytes"
    ),
    "known-hosts": Bomb(
        "known_hosts of 1,130,000 lines, 100 MB",
        _hosts,
        "host-key-unknown",
    ),
}
