"""What every reader offers, and the shape of what it yields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import polars as pl

from gateway.findings import Findings
from gateway.formats.definition import Format, RecordType

#: Columns that every chunk has beside one text column per field of its record type.
RECORD = "_record"  #: Int64: number of the record in the file, over all record types, from 1
LINE = "_line"  #: Int64: physical line on which the record starts, from 1 (null: unknown)
PARENT = "_parent"  #: Int64: ``_record`` of the record it stands under (null: none)

#: Input taken at a time: the memory a file needs does not grow with its size.
CHUNK_BYTES = 4 * 1024 * 1024
#: Characters of one row or record; a longer one is a finding, and is not kept in memory.
LONGEST_RECORD = 1024 * 1024
#: How much of a file's end ``ending`` needs to see.
ENDING_BYTES = 64 * 1024


class ByteStream(Protocol):
    """The one thing a reader needs of a file: to be read once, front to back."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; empty at the end."""
        ...


class Chunk:
    """Rows of one record type in file order.

    ``frame`` has ``_record``, ``_line``, ``_parent`` and one String column per field, in the
    definition's order: the raw text before trimming and null tokens, and null where the
    field is not there at all. Of a few rows it is made when it is asked for: a frame costs as
    much for one row as for thousands, and small files are put together before they are checked.
    """

    __slots__ = ("_frame", "few", "record_type")

    def __init__(
        self,
        record_type: RecordType,
        frame: pl.DataFrame | None = None,
        few: FewRows | UncutRows | None = None,
    ) -> None:
        """Take the rows as a frame, or as ``few`` of them."""
        self.record_type = record_type
        self.few = few
        self._frame = frame

    @property
    def frame(self) -> pl.DataFrame:
        """The rows as a frame."""
        if self._frame is None:
            assert self.few is not None, "a chunk has rows"  # noqa: S101 - one of both is given
            self._frame = frame_of(self.record_type, [self.few])
        return self._frame

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.frame.height if self.few is None else len(self.few.records)

    @property
    def place(self) -> tuple[int, int | None]:
        """Record number and line of the first row."""
        if self.few is None:
            return self.frame.item(0, RECORD), self.frame.item(0, LINE)
        return self.few.records[0], self.few.lines[0]


class FewRows(NamedTuple):
    """A few rows of one record type, column by column."""

    records: Sequence[int]
    lines: Sequence[int | None]
    columns: Sequence[Sequence[str | None]]  #: of each field, in the definition's order


class Cut(NamedTuple):
    """How rows are cut into cells: all have the same number of them."""

    delimiter: str
    cells: int
    positions: tuple[int | None, ...]  #: of each field, in the definition's order; None: it is not there


class UncutRows(NamedTuple):
    """A few rows of one record type as they stand: many of them together are cut faster than one by one."""

    records: Sequence[int]
    lines: Sequence[int | None]
    texts: Sequence[str]  #: without quotes: every delimiter separates two cells
    cut: Cut

    @property
    def columns(self) -> list[Sequence[str | None]]:
        """The text of each field, in the definition's order."""
        cells = list(zip(*(text.split(self.cut.delimiter) for text in self.texts), strict=True))
        absent = (None,) * len(self.texts)
        return [absent if position is None else cells[position] for position in self.cut.positions]


def frame_of(kind: RecordType, parts: Sequence[FewRows | UncutRows]) -> pl.DataFrame:
    """Return the rows of ``parts``, one part after the other, as one frame."""
    import polars as pl

    records = list(chain.from_iterable(part.records for part in parts))
    lines = list(chain.from_iterable(part.lines for part in parts))
    return pl.DataFrame(
        [
            pl.Series(RECORD, records, dtype=pl.Int64),
            pl.Series(LINE, lines, dtype=pl.Int64),
            pl.Series(PARENT, [None], dtype=pl.Int64).new_from_index(0, len(records)),
            *(
                column.alias(field.name)
                for field, column in zip(kind.fields, _columns_of(parts), strict=True)
            ),
        ]
    )


def _columns_of(parts: Sequence[FewRows | UncutRows]) -> Iterator[pl.Series]:
    """Yield the text of each field in all rows of ``parts``."""
    import polars as pl

    uncut = [part for part in parts if isinstance(part, UncutRows)]
    if len(uncut) == len(parts) and all(part.cut == uncut[0].cut for part in uncut):
        cut = uncut[0].cut
        texts = pl.Series(list(chain.from_iterable(part.texts for part in uncut)), dtype=pl.String)
        cells = texts.str.split_exact(cut.delimiter, cut.cells - 1).struct.unnest().get_columns()
        absent = pl.Series([None], dtype=pl.String).new_from_index(0, len(texts))
        yield from (absent if position is None else cells[position] for position in cut.positions)
    else:
        for column in zip(*(part.columns for part in parts), strict=True):
            yield pl.Series(list(chain.from_iterable(column)), dtype=pl.String)


class Reader(Protocol):
    """One physical kind. Wrong content never raises: it becomes findings."""

    def probe(self, definition: Format, head: bytes) -> dict[str, str]:
        """Return what the first bytes tell of the envelope, keyed ``record_type.field``.

        Keys that cannot be found are left out. For delimited files with a header row the key
        ``heading`` holds the headings joined by the delimiter; for XML ``root`` holds the
        root element as ``{namespace}local``. Never raises for wrong content.
        """
        ...

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Yield the file's records and add what is wrong with its physical form to ``findings``.

        Rows whose physical form is wrong (field count, length) are left out of the chunks,
        after their finding, but keep their record number. After the iterator ends, ``stream``
        has been read to its end unless the file was hopeless.
        """
        ...

    def ending(self, definition: Format, tail: bytes) -> bool:
        """Return whether ``tail``, the file's last ``ENDING_BYTES`` or less, shows its declared end.

        Delimited and fixed-width: the last record is a whole trailer record; False where the
        format has none. XML and JSON: the document is closed. Never raises for wrong content.
        """
        ...
