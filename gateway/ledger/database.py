"""What the ledger asks of the database behind it: SQLite for one node, PostgreSQL for several."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.ledger.audit_chain import Head


class Database(Protocol):
    """One place in which a ledger is kept.

    Every method raises LedgerBusy, DiskFull or LedgerError, with what to do next, for what goes wrong.
    """

    @property
    def place(self) -> str:
        """Where it is, as people are told; never a password."""

    @property
    def is_shared(self) -> bool:
        """Whether several nodes may work with it at the same time."""

    @property
    def written(self) -> Head | None:
        """The end of the audit trail as this process committed it; None where it cannot be lost."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a transaction that no other writer runs beside, in any process on any node.

        What it reads includes all that was committed before it began. At the end of the block it is
        committed and on stable storage; an exception undoes it.
        """

    def noting(self) -> AbstractContextManager[Connection]:
        """Give a transaction that runs beside the writer's; it waits only for the rows that it changes."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Give one unchanging view, as it was when the block began; writing is refused."""

    def make_ready(self, *, create: bool) -> None:
        """Do what has to be done before the tables are looked at; with ``create`` make the place itself."""

    def unsound(self, connection: Connection) -> list[str]:
        """Return what is wrong with the structure; an empty list if it is sound."""

    def obstacle(self) -> str | None:
        """Return why nothing can be written, as far as that shows without writing."""

    def close(self) -> None:
        """Close every connection."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a database server said about itself."""

    version: str  #: as it calls itself: `15.18`
    syncs: bool  #: `fsync`: without it a power cut may lose what was confirmed
    writes_full_pages: bool  #: `full_page_writes`: without it a power cut may leave torn pages
    connections: int  #: in use now, by anybody
    most_connections: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was seen of a ledger that was looked at as it is."""

    path: str  #: the file, or the URL without password
    size: int  #: bytes
    log_size: int  #: bytes of its write-ahead log; 0 on a server, which has one for all its databases
    version: int  #: 0: it has no tables of ours
    journal_mode: str | None  #: of a file
    problems: tuple[str, ...] | None  #: of its structure; None: there was no time to look at all of it
    server: ServerState | None = None
