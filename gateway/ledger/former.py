"""How transfers were before a recovery wrote them, kept on the disk: there may be ten million of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gateway.errors import LedgerError

# KiB of the notes that are in memory; what is beyond is in a file without a name, where SQLite keeps such.
_CACHE = 8192


class Former:
    """Transfers by id, each with the state that it had; None where the ledger did not have it."""

    def __init__(self) -> None:
        """A private database: it is gone with the process, however that ends."""
        self._notes = sqlite3.connect("", isolation_level=None)
        for statement in (
            f"PRAGMA cache_size = -{_CACHE}",
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE former (id TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID",
            "CREATE TABLE queue (number INTEGER PRIMARY KEY, id TEXT)",
        ):
            self._ask(statement)

    def close(self) -> None:
        """Let go of the disk that the notes take."""
        self._notes.close()

    def note(self, transfer: str, state: str | None) -> None:
        """Note how a transfer was, unless that is noted already."""
        self._ask("INSERT OR IGNORE INTO former VALUES (?, ?)", transfer, state)

    def __contains__(self, transfer: str) -> bool:
        """Whether the recovery wrote the transfer."""
        return self.is_noted_as_none_of(transfer, ())

    def is_noted_as_none_of(self, transfer: str, states: Iterable[str]) -> bool:
        """Return whether the recovery wrote the transfer, and it was in none of ``states`` before."""
        found = self._ask("SELECT state FROM former WHERE id = ?", transfer)
        return bool(found) and found[0][0] not in states

    def in_state(self, state: str) -> list[str]:
        """Return the transfers that were in ``state``."""
        return [one for (one,) in self._ask("SELECT id FROM former WHERE state = ? ORDER BY id", state)]

    def cut(self, ids: Iterable[str], size: int) -> Iterator[Sequence[str]]:
        """Read ``ids`` to their end first, then yield them in their order, ``size`` at once."""
        self._ask("DELETE FROM queue")
        for one in ids:
            self._ask("INSERT INTO queue (id) VALUES (?)", one)
        last = 0
        while rows := self._ask("SELECT * FROM queue WHERE number > ? ORDER BY number LIMIT ?", last, size):
            last = rows[-1][0]
            yield [one for _number, one in rows]

    def _ask(self, statement: str, *values: Any) -> list[Any]:
        try:
            return self._notes.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            hint = "Make room where temporary files are kept (TMPDIR), and call this command again"
            raise LedgerError("The notes of the recovery cannot be kept", cause=error, hint=hint) from error
