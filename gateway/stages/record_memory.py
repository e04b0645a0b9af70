"""The records accepted before, and those that this batch accepts: one look-up and one insert a batch.

A file with very many keys is looked up and remembered by itself, piece by piece, so that memory
stays bounded; the small files of a batch share one query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.ledger import record_keys
from gateway.ledger.engine import Connection
from gateway.ledger.record_keys import FirstSeen

if TYPE_CHECKING:
    from gateway.validation.keys import KeySpool, RecordKey

#: Keys of a whole batch that are looked up at once.
_TOGETHER = 20_000


@dataclass(slots=True)
class RecordMemory:
    """The record keys of one scope, as one batch sees and changes them."""

    connection: Connection
    scope: str
    oldest: str = ""  #: transfers below this id are no longer remembered
    _looked_up: set[int] = field(default_factory=set)  #: ids of the spools whose keys are in `_seen`
    #: as the ledger says, or the transfer of this batch and its key: few of them are ever asked for
    _seen: dict[str, FirstSeen | tuple[str, RecordKey]] = field(default_factory=dict)
    _new: list[tuple[str, list[RecordKey]]] = field(default_factory=list)

    def prepare(self, spools: Iterable[KeySpool]) -> None:
        """Look up the keys of the batch's small files in one go."""
        small: list[KeySpool] = []
        total = 0
        for spool in spools:
            if total + len(spool) <= _TOGETHER:
                small.append(spool)
                total += len(spool)
        asked = [key.key for spool in small for key in spool]
        self._seen.update(record_keys.seen(self.connection, self.scope, asked, self.oldest))
        self._looked_up.update(id(spool) for spool in small)

    def repeated(self, spool: KeySpool) -> Iterator[tuple[RecordKey, FirstSeen]]:
        """Yield each key that was accepted before, with where that was."""
        if id(spool) in self._looked_up:
            yield from ((key, _first(self._seen[key.key])) for key in spool if key.key in self._seen)
            return
        self.write()
        for batch in spool.batches():
            asked = [key.key for key in batch]
            found = record_keys.seen(self.connection, self.scope, asked, self.oldest)
            yield from ((key, found[key.key]) for key in batch if key.key in found)

    def remember(self, spool: KeySpool, transfer: str) -> None:
        """Keep the keys of an accepted file; later files of the batch see them at once."""
        if id(spool) not in self._looked_up:
            for batch in spool.batches():
                record_keys.add(self.connection, self.scope, transfer, batch)
                if self._looked_up:
                    self._note(batch, transfer)
            return
        keys = list(spool)
        self._new.append((transfer, keys))
        self._note(keys, transfer)

    def _note(self, keys: Iterable[RecordKey], transfer: str) -> None:
        seen = self._seen
        for key in keys:
            if key.key not in seen:
                seen[key.key] = (transfer, key)

    def write(self) -> None:
        """Write what is remembered and not in the ledger yet."""
        record_keys.add_many(self.connection, self.scope, self._new)
        self._new = []


def _first(seen: FirstSeen | tuple[str, RecordKey]) -> FirstSeen:
    if isinstance(seen, FirstSeen):
        return seen
    transfer, key = seen
    return FirstSeen(transfer, key.record_type, key.record, key.line)
