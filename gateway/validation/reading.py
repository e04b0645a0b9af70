"""Files are read once: hashed while they are parsed, validated together, each with its own findings."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from gateway.finding_codes import finding
from gateway.findings import LISTED_PER_FILE, LISTED_PER_RULE, Findings
from gateway.formats.definition import Format, Kind
from gateway.validation.across import WholeFile, check_across
from gateway.validation.ahead import NotedFindings, ReadAhead, made_ahead
from gateway.validation.batch import Batch, FileState
from gateway.validation.envelope import IDENTIFIERS, business_records, check_envelope
from gateway.validation.keys import KeySpool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gateway.errors import CustodyError
    from gateway.readers.base import Chunk, Reader

_DRAIN_BYTES = 256 * 1024
#: From so many bytes on the rows of a file are made while others are validated.
_LARGE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Input:
    """One claimed file."""

    number: int  #: its number in the batch
    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True)
class ListingLimits:
    """How many findings are listed; the totals are exact whatever the limits."""

    per_rule: int = LISTED_PER_RULE
    per_file: int = LISTED_PER_FILE


@dataclass(slots=True)
class Reading:
    """What reading and validating one file found."""

    sha256: str  #: over every byte; of what could be read where there is an F115
    size: int
    findings: Findings
    keys: KeySpool
    envelope: dict[str, str] = field(default_factory=dict)  #: ``type.field`` -> text, headers and trailers
    message_id: str | None = None
    sender: str | None = None
    receiver: str | None = None
    control_number: str | None = None
    previous_number: str | None = None
    format_version: str | None = None
    created_at: str | None = None
    record_counts: dict[str, int] = field(default_factory=dict)
    records: int = 0  #: business records
    broken_off: OSError | CustodyError | None = None  #: why it was not read to its end

    @classmethod
    def unread(cls, why: OSError | CustodyError | None = None) -> Reading:
        """Return the reading of a file of which nothing is known."""
        return cls(sha256="", size=0, findings=Findings(), keys=KeySpool(), broken_off=why)


class HashedStream:
    """A stream that hashes and counts every byte it hands out."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._is_ended = False
        self.size = 0

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; empty at the end. Raises OSError as the file does."""
        data = self._stream.read(size)
        self._hash.update(data)
        self.size += len(data)
        self._is_ended = not data and size != 0
        return data

    def drain(self) -> None:
        """Read what is left, for the hash alone."""
        while not self._is_ended:
            self.read(_DRAIN_BYTES)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes so far, in hexadecimal digits."""
        return self._hash.hexdigest()


@dataclass(slots=True)
class _File:
    state: FileState
    sha256: str = hashlib.sha256().hexdigest()
    size: int = 0
    broken_off: OSError | None = None


def read_files(definition: Format, inputs: Sequence[Input], *, limits: ListingLimits) -> list[Reading]:
    """Read and validate files of one format version; one reading per input, in their order.

    A file that cannot be read to its end has an F115 and does not touch the others. Raises
    FormatError where the definition itself cannot be applied.
    """
    from gateway.readers import reader_for

    return read_with(reader_for(definition.kind), definition, inputs, limits=limits)


def read_with(
    reader: Reader, definition: Format, inputs: Sequence[Input], *, limits: ListingLimits
) -> list[Reading]:
    """Do what ``read_files`` does with a ``reader`` of one's own."""
    batch = Batch(definition)
    files = [_read(reader, definition, one, batch, limits) for one in inputs]
    batch.flush()
    return [_finished(definition, file) for file in files]


def _read(reader: Reader, definition: Format, one: Input, batch: Batch, limits: ListingLimits) -> _File:
    file = _File(FileState(Findings(per_rule=limits.per_rule, per_file=limits.per_file)))
    batch.begin(file.state)
    for chunk in _chunks(reader, definition, one, file):
        batch.add(chunk)
    return file


def _chunks(reader: Reader, definition: Format, one: Input, file: _File) -> Iterator[Chunk]:
    """Yield the chunks of one file and note its hash and size; an OSError of this file ends it.

    What goes wrong while a chunk is validated is not this file's: it passes through.
    """
    try:
        with one.open() as raw:
            stream = HashedStream(raw)
            ahead = ReadAhead(stream)
            try:
                yield from _read_ahead(reader, definition, ahead, stream, file.state.findings)
                ahead.settle()
                stream.drain()
            finally:
                ahead.close()
                file.sha256, file.size = stream.sha256, stream.size
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"Reading stopped after {file.size:,} bytes: {reason}."
        file.state.findings.add(finding("F115", message, byte_offset=file.size))
        file.broken_off = error


def _read_ahead(
    reader: Reader, definition: Format, ahead: ReadAhead, stream: HashedStream, findings: Findings
) -> Iterator[Chunk]:
    """Yield the chunks of one file; those of a large file of rows are made ahead, by a thread.

    The findings of a chunk are said before it is yielded, as if nothing were done ahead.
    """
    if definition.kind not in (Kind.DELIMITED, Kind.FIXED_WIDTH):
        yield from reader.read(definition, ahead, findings)
        return
    noted = NotedFindings(per_rule=findings.per_rule)
    parts = ((chunk, noted.take()) for chunk in reader.read(definition, ahead, noted))
    try:
        with closing(made_ahead(parts, lambda: stream.size >= _LARGE_BYTES)) as made:
            for chunk, news in made:
                for sample, total in news:
                    findings.extend(sample, total)
                yield chunk
    finally:
        for sample, total in noted.take():
            findings.extend(sample, total)


def _finished(definition: Format, file: _File) -> Reading:
    """Judge what can be judged only now that the whole file has been seen."""
    state = file.state
    found = state.surroundings
    check_envelope(definition, found, state.findings)
    check_across(WholeFile(definition, state.gathered, found.texts, state.findings))
    reading = Reading(
        sha256=file.sha256,
        size=file.size,
        findings=state.findings,
        keys=KeySpool(definition, state.gathered),
        envelope=found.texts,
        record_counts=found.counts,
        records=business_records(definition, found.counts),
        broken_off=file.broken_off,
    )
    for name in IDENTIFIERS:
        setattr(reading, name, found.identifier(getattr(definition.envelope, name)))
    return reading
