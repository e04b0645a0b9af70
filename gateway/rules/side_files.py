"""The small files beside the data: checksum files and control files, parsed without trust."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.rules.completeness_policy import ControlFilePolicy

#: Bytes of a checksum or control file; more than this is something else.
LARGEST = 16 * 1024 * 1024
#: Lines of one: it is read anew with every look.
MOST_LINES = 100_000

_HEX = re.compile(r"[0-9A-Fa-f]+")
_COUNT = re.compile(r"[0-9]{1,18}")
#: ``digest  name`` or ``digest *name`` as sha256sum writes it; a backslash marks an escaped name.
_LINE = re.compile(r"(\\?)([0-9A-Fa-f]+)[ \t]+\*?(.+)")
#: ``SHA256 (name) = digest`` as BSD and OpenSSL write it.
_TAGGED = re.compile(r"[A-Za-z0-9/-]+ ?\((.+)\) ?= ?([0-9A-Fa-f]+)")
_DIGITS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class ControlLine:
    """What a control file states about one file; ``None`` where it states nothing."""

    name: str
    checksum: str | None = None
    size: int | None = None
    records: int | None = None


@dataclass(frozen=True, slots=True)
class ControlFile:
    """A control file as read: its lines, or the problem that kept it from being read."""

    lines: tuple[ControlLine, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a checksum file states about one file: a digest in lower case, or a problem."""

    digest: str | None = None
    problem: str | None = None


def parse_checksum_file(text: str, name: str, algorithm: str = "sha256") -> Checksum:
    """Return the digest that ``text`` states for the file ``name``.

    Understands a bare digest, the lines of ``sha256sum`` (escaped names included) and the tagged
    lines of BSD and OpenSSL. Lines about other files are passed over.
    """
    if problem := _excess(text):
        return Checksum(problem=problem)
    lines = [line.strip("\r") for line in text.removeprefix("\ufeff").split("\n") if line.strip()]
    if not lines:
        return Checksum(problem="the checksum file is empty")
    if len(lines) == 1 and _HEX.fullmatch(lines[0].strip()):
        return _sized(lines[0].strip(), algorithm)
    for line in lines:
        digest, named = _named_digest(line)
        if digest is not None and named.rpartition("/")[2] == name:
            return _sized(digest, algorithm)
    return Checksum(problem="the checksum file does not name this file")


def _named_digest(line: str) -> tuple[str | None, str]:
    tagged = _TAGGED.fullmatch(line)
    if tagged is not None:
        return tagged[2], tagged[1]
    plain = _LINE.fullmatch(line)
    if plain is None:
        return None, ""
    return plain[2], _unescaped(plain[3]) if plain[1] else plain[3]


def _unescaped(name: str) -> str:
    """Undo sha256sum's escapes of newline, carriage return and backslash."""
    known = {"n": "\n", "r": "\r", "\\": "\\"}
    return re.sub(r"\\(.)", lambda found: known.get(found[1], found[0]), name)


def _sized(digest: str, algorithm: str) -> Checksum:
    """Accept a digest of the length its algorithm has; a shorter one is cut off."""
    length = _DIGITS.get(algorithm, len(digest))
    if len(digest) != length:
        return Checksum(problem=f"the checksum has {len(digest)} digits where {algorithm} has {length}")
    return Checksum(digest.lower())


def parse_control_file(text: str, policy: ControlFilePolicy) -> ControlFile:
    """Return what the control file ``text`` states, read as ``policy`` describes it.

    Without a header row the columns are numbered: the policy then names them ``1``, ``2`` ...
    """
    if problem := _excess(text):
        return ControlFile(problem=problem)
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    try:
        rows = [row for row in csv.reader(lines, delimiter=policy.delimiter, strict=True) if any(row)]
    except csv.Error as error:
        return ControlFile(problem=f"it cannot be read: {error}")
    if not rows:
        return ControlFile(problem="it is empty")
    heading = [cell.strip() for cell in rows[0]] if policy.header_row else _numbered(rows)
    missing = [column for column in _columns(policy) if column not in heading]
    if missing:
        return ControlFile(problem=f"it has no column {', '.join(missing)}")
    return _read_rows(rows[1:] if policy.header_row else rows, heading, policy)


def _excess(text: str) -> str | None:
    """Return what is too much of ``text``; it was cut at one byte more than ``LARGEST``."""
    if 4 * len(text) > LARGEST and len(text.encode("utf-8", "surrogateescape")) > LARGEST:
        return "it is larger than 16 MiB"
    if max(text.count("\n"), text.count("\r")) > MOST_LINES:
        return f"it has more than {MOST_LINES:,} lines"
    return None


def _numbered(rows: list[list[str]]) -> list[str]:
    return [str(number) for number in range(1, max(len(row) for row in rows) + 1)]


def _columns(policy: ControlFilePolicy) -> list[str]:
    named = (policy.name_column, policy.checksum_column, policy.size_column, policy.records_column)
    return [column for column in named if column is not None]


def _read_rows(rows: list[list[str]], heading: list[str], policy: ControlFilePolicy) -> ControlFile:
    found: dict[str, ControlLine] = {}
    for number, row in enumerate(rows, start=1):
        cells = dict(zip(heading, (cell.strip() for cell in row), strict=False))
        line = _control_line(cells, policy)
        if isinstance(line, str):
            return ControlFile(problem=f"row {number}: {line}")
        if found.setdefault(line.name, line) != line:
            return ControlFile(problem=f"row {number}: it states something else about a file listed before")
    if not found:
        return ControlFile(problem="it lists no file")
    return ControlFile(tuple(found.values()))


def _control_line(cells: dict[str, str], policy: ControlFilePolicy) -> ControlLine | str:
    """Return one row as a value, or what is wrong with it."""
    short = [column for column in _columns(policy) if not cells.get(column)]
    if short:
        return f"{', '.join(short)} is empty"
    counts: list[int | None] = []
    for column in (policy.size_column, policy.records_column):
        text = cells[column] if column else None
        if text is not None and not _COUNT.fullmatch(text):
            return f"{column} is not a count: {text!r}"
        counts.append(None if text is None else int(text))
    digest = Checksum()
    if policy.checksum_column:
        digest = _sized(cells[policy.checksum_column].lower(), policy.algorithm)
    if digest.problem or not _HEX.fullmatch(digest.digest or "0"):
        return digest.problem or "the checksum is not hexadecimal"
    return ControlLine(cells[policy.name_column], digest.digest, counts[0], counts[1])
