"""The record keys of a file, for finding the same record in other files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.readers.base import LINE, RECORD
from gateway.validation.gathering import Gathered, text_slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from gateway.formats.definition import Format
    from gateway.validation.spool import FrameSpool


class RecordKey(NamedTuple):
    """One record's key and where it stands."""

    key: str  #: texts of the key fields, joined by U+001F
    record_type: str
    record: int
    line: int | None


#: Keys of one file that are kept as they are handed out.
_FEW = 5_000


class KeySpool:
    """The keys of one file, in bounded memory; ``close`` when they have been used."""

    def __init__(self, definition: Format | None = None, gathered: Gathered | None = None) -> None:
        """Read the keys of ``definition``'s record types out of what was gathered; without, it is empty."""
        self._gathered = gathered or Gathered()
        types = definition.record_types if definition else ()
        self._slots = {one.name: text_slot(one.key) for one in types if one.key}
        self._length: int | None = None
        self._few: list[RecordKey] | None = None  #: all of them: a judge asks thrice

    def __len__(self) -> int:
        """Return the number of keys; rows that lack a part of their key have none."""
        if self._length is None:
            few = self._all_if_few()
            self._length = sum(frame.height for _, frame in self._frames()) if few is None else len(few)
        return self._length

    def __iter__(self) -> Iterator[RecordKey]:
        """Yield all keys, type by type, in file order."""
        for batch in self.batches():
            yield from batch

    def batches(self, size: int = 10_000) -> Iterator[list[RecordKey]]:
        """Yield the keys in lists of at most ``size``."""
        few = self._all_if_few()
        if few is not None:
            yield from (few[start : start + size] for start in range(0, len(few), size))
            return
        for record_type, frame in self._frames():
            for part in frame.iter_slices(size):
                yield _keys(record_type, *(column.to_list() for column in part))

    def _all_if_few(self) -> list[RecordKey] | None:
        """Return all keys where they are not many."""
        if self._few is None and sum(len(spool) for _, _, spool in self._spools()) <= _FEW:
            self._few = [
                key
                for record_type, slot, spool in self._spools()
                for part in spool.stretches()
                for key in _keys(record_type, part.column(slot), part.column(RECORD), part.column(LINE))
            ]
        return self._few

    def close(self) -> None:
        """Free memory and disk; the spool is empty afterwards."""
        self._gathered.close()
        self._length, self._few = 0, []

    def _spools(self) -> Iterator[tuple[str, str, FrameSpool]]:
        """Yield the record types that have keys, with the slot that holds them."""
        for record_type, slot in self._slots.items():
            spool = self._gathered.spools.get(record_type)
            if spool is not None:
                yield record_type, slot, spool

    def _frames(self) -> Iterator[tuple[str, pl.DataFrame]]:
        for record_type, slot, spool in self._spools():
            for frame in spool.frames():
                keys = frame.select(slot, RECORD, LINE).drop_nulls(slot)
                if keys.height:
                    yield record_type, keys


def _keys(
    record_type: str, keys: Iterable[str | None], records: Iterable[int], lines: Iterable[int | None]
) -> list[RecordKey]:
    """Return the keys of some rows; those that lack a part of theirs have none."""
    rows = zip(keys, records, lines, strict=True)
    return [RecordKey(key, record_type, record, line) for key, record, line in rows if key is not None]
