"""Backups: one whole ledger in one SQLite file of its own, whatever database the ledger is in.

A backup is taken from one snapshot while the gateway works. It is written under a hidden name,
checked from end to end, synced, and only then gets its name; beside it stands its SHA-256 as
``sha256sum -c`` reads it. So a file with the name of a backup is one, whole.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, func, select

from gateway.custody import syncs, writes
from gateway.custody.copies import hash_file
from gateway.custody.look import exists
from gateway.custody.moves import rename_new
from gateway.custody.refusals import shown
from gateway.errors import BackupInvalid, CustodyError, DiskFull, FileMissing, LedgerError, NameTaken
from gateway.ledger import audit, migrations
from gateway.ledger.audit_chain import Head
from gateway.ledger.copying import copy_into, sqlite_url
from gateway.ledger.failures import explained
from gateway.ledger.tables import transfers

if TYPE_CHECKING:
    from gateway.ledger.copying import Progress, Snapshot

_SUFFIX = ".sha256"
#: Files that SQLite keeps beside a ledger while it is open.
SIDE_FILES = ("-wal", "-shm", "-journal")
_ANOTHER = "Take another backup; if there is none, `gateway ledger rebuild` makes a ledger from the archive"


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds."""

    path: str
    sha256: str
    size: int  #: bytes
    version: int  #: of its tables
    transfers: int
    head: Head  #: how its audit trail ends


def write_backup(
    snapshot: Snapshot,
    target: str,
    progress: Progress | None = None,
    before_naming: Callable[[Backup], None] | None = None,
) -> Backup:
    """Write a backup of what ``snapshot`` shows (`Ledger.read`) to the new file ``target``; durable then.

    ``before_naming`` is called once it is whole and checked, and before it gets its name: what it
    raises leaves no backup. ``progress`` is told how much is copied, and of how much.

    Raises NameTaken rather than overwrite, DiskFull or CustodyError where it cannot be written,
    LedgerDamaged where the ledger cannot be read to its end, BackupInvalid where the copy is not sound.
    """
    if exists(target):
        raise NameTaken(
            "There is a file already",
            where=shown(target),
            hint="A backup replaces nothing: name another file",
        )
    if not os.path.isdir(os.path.dirname(target) or "."):
        raise FileMissing("The directory for the backup is not there", where=shown(os.path.dirname(target)))
    temporary = writes.temporary_beside(target)
    discard(temporary)
    try:
        copy_into(snapshot, temporary, progress)
        syncs.sync_files([temporary])
        found = _look(temporary, target)
        if before_naming is not None:
            before_naming(found)
        writes.replace(
            target + _SUFFIX, found.sha256.encode() + b"  " + os.fsencode(os.path.basename(target)) + b"\n"
        )
        rename_new(temporary, target)
        syncs.sync_directory(os.path.dirname(target) or ".")
    except BaseException as error:
        with contextlib.suppress(CustodyError):
            discard(temporary)
        if isinstance(error, DiskFull):
            raise DiskFull(
                "No space is left for the backup",
                where=shown(target),
                hint="Nothing was written. Free space there, or name another place",
            ) from error
        raise
    return found


def inspect(path: str) -> Backup:
    """Read the backup at ``path`` to its end and return what it holds; nothing is written to it.

    Raises BackupInvalid where it is no whole and sound ledger, or its audit trail is broken; LedgerVersion
    where a newer gateway wrote it.
    """
    found = _look(path, path)
    _demand_digest(path, found.sha256)
    with _judging(path), reading(path) as connection:
        report = audit.verify(connection)
    if report.problem is not None:
        raise BackupInvalid(report.problem.message, where=shown(path), hint=_ANOTHER)
    return found


def _look(path: str, called: str) -> Backup:
    """Return what the ledger in ``path`` holds; raises BackupInvalid where its structure is not sound."""
    sha256, size = hash_file(path)
    with _judging(called), reading(path) as connection:
        problems = structure(connection)
        if problems:
            raise BackupInvalid(f"It is damaged: {problems[0]}", where=shown(called), hint=_ANOTHER)
        version = migrations.version_of(connection)
        migrations.refuse_newer(version, shown(called))
        if version == 0:
            raise BackupInvalid("It is no ledger", where=shown(called), hint=_ANOTHER)
        count = connection.execute(select(func.count()).select_from(transfers)).scalar() or 0
        return Backup(called, sha256, size, version, count, audit.head(connection))


@contextlib.contextmanager
def _judging(called: str) -> Iterator[None]:
    """Say of what cannot be read as a ledger that it is no backup."""
    try:
        with explained(shown(called)):
            yield
    except LedgerError as error:
        if error.code not in ("ledger", "ledger-damaged"):
            raise
        raise BackupInvalid(error.message, where=shown(called), cause=error.cause, hint=_ANOTHER) from error


def _demand_digest(path: str, sha256: str) -> None:
    """Raise BackupInvalid where the digest beside a backup is that of other bytes."""
    try:
        with open(path + _SUFFIX, "rb") as file:
            stated = file.read(64).decode("ascii", "replace")
    except OSError:
        return  # it stands on its own feet: the checks that follow need no digest
    if stated != sha256:
        raise BackupInvalid(
            f"Its SHA-256 is {sha256}, and {shown(os.path.basename(path))}{_SUFFIX} says {stated}",
            where=shown(path),
            hint=_ANOTHER,
        )


@contextlib.contextmanager
def reading(path: str) -> Iterator[Connection]:
    """Give the closed SQLite ledger in the file ``path`` for reading; nothing is made beside it."""
    # immutable: the medium may be read-only, and whoever looks at evidence must not touch it
    uri = sqlite_url(path).replace("sqlite:///", "file://", 1) + "?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def structure(connection: Connection) -> list[str]:
    """Return the first things that SQLite finds wrong with a file's structure; none if it is sound."""
    rows = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(10)
    found = [str(row) for row in rows if row != "ok"]
    return found + [f"{row[0]}: row {row[1]} refers to nothing in {row[2]}" for row in broken]


def discard(path: str) -> None:
    """Remove a ledger that is the gateway's own work in progress, and what SQLite left beside it."""
    for suffix in ("", *SIDE_FILES):
        writes.discard(path + suffix)
