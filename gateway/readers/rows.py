"""Chunks -> rows in the order of the file, each with its raw texts.

Readers hand out a stretch of the file as one chunk for each record type. The chunks of a stretch
are merged by record number; what is in memory is a few stretches, whatever the size of the file.
A header that encloses the records (the root element itself) is whole only at the end of the
file: then the chunks wait on disk until it is there.
"""

from __future__ import annotations

import io
import tempfile
from typing import TYPE_CHECKING

import polars as pl

from gateway.formats.definition import Format, Kind, Role
from gateway.formats.row import Row
from gateway.readers import reader_for
from gateway.readers.base import LINE, RECORD, ByteStream, Chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from gateway.findings import Findings


def rows_of(definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Row]:
    """Yield the rows of ``stream`` in file order, parents before their children.

    What is wrong with the file's form is added to ``findings``, as the reader does it; rows whose
    form is wrong are left out. Raises FormatError where the definition cannot be applied, and
    OSError as the stream does.
    """
    chunks = reader_for(definition.kind).read(definition, stream, findings)
    late = _late(definition)
    if not late:
        for stretch in _stretches(definition, chunks):
            yield from _merged(stretch)
        return
    with tempfile.TemporaryFile() as waiting:
        early, kept = _put_aside(chunks, late, waiting)
        yield from _merged(early)
        for stretch in _stretches(definition, _kept(definition, kept, waiting)):
            yield from _merged(stretch)


def _late(definition: Format) -> frozenset[str]:
    """Return the headers and trailers within whose element or object other records stand."""
    if definition.kind not in (Kind.XML, Kind.JSON) or definition.dialect.lines:
        return frozenset()
    paths = {kind.name: (kind.path or "").strip("/") for kind in definition.record_types}
    return frozenset(
        kind.name
        for kind in definition.record_types
        if kind.role is not Role.RECORD
        and any(_below(path, paths[kind.name]) for name, path in paths.items() if name != kind.name)
    )


def _below(path: str, above: str) -> bool:
    return path != above and (not above or path.startswith(above + "/"))


def _stretches(definition: Format, chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Yield the chunks that have to be merged with each other.

    Within a stretch the record types come in the definition's order, so a type that does not come
    after the one before it begins another stretch.
    """
    order = {kind.name: index for index, kind in enumerate(definition.record_types)}
    stretch: list[Chunk] = []
    for chunk in chunks:
        if stretch and order[chunk.record_type.name] <= order[stretch[-1].record_type.name]:
            yield stretch
            stretch = []
        stretch.append(chunk)
    if stretch:
        yield stretch


def _merged(chunks: list[Chunk]) -> Iterator[Row]:
    """Yield the rows of ``chunks`` by record number."""
    if len(chunks) == 1:
        yield from _rows(chunks[0])
        return
    numbers = [
        chunk.frame.select(pl.col(RECORD), pl.lit(index).alias("chunk")) for index, chunk in enumerate(chunks)
    ]
    sources = [_rows(chunk) for chunk in chunks]
    if chunks:
        for index in pl.concat(numbers).sort(RECORD)["chunk"]:
            yield next(sources[index])


def _rows(chunk: Chunk) -> Iterator[Row]:
    name = chunk.record_type.name
    fields = [field.name for field in chunk.record_type.fields]
    for record, line, *texts in chunk.frame.select(RECORD, LINE, *fields).iter_rows():
        present = {field: text for field, text in zip(fields, texts, strict=True) if text is not None}
        yield Row(name, present, record, line)


def _put_aside(
    chunks: Iterable[Chunk], late: frozenset[str], waiting: BinaryIO
) -> tuple[list[Chunk], list[tuple[str, int, int]]]:
    """Return the chunks of the types ``late``; write the others to ``waiting``: type, offset, length."""
    early: list[Chunk] = []
    kept: list[tuple[str, int, int]] = []
    for chunk in chunks:
        if chunk.record_type.name in late:
            early.append(chunk)
            continue
        start = waiting.tell()
        waiting.write(chunk.frame.serialize())
        kept.append((chunk.record_type.name, start, waiting.tell() - start))
    return early, kept


def _kept(definition: Format, kept: list[tuple[str, int, int]], waiting: BinaryIO) -> Iterator[Chunk]:
    for name, start, length in kept:
        waiting.seek(start)
        yield Chunk(definition.record_type(name), _frame(waiting.read(length)))


def _frame(data: bytes) -> pl.DataFrame:
    return pl.DataFrame.deserialize(io.BytesIO(data))
