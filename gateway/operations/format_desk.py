"""Who works on which catalogue, and how what is done there is written down: in its lock, in the trail.

Everything that is done is one entry in the catalogue's lock, with who and why. Where the catalogue is
a site's, the same goes into the site's audit trail; without a site the lock itself is the record.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.clock import SystemClock
from gateway.custody import writes
from gateway.errors import ActionRefused, FormatError, LockInvalid
from gateway.formats.catalogue import Catalogue
from gateway.formats.lock import Lock, Signature
from gateway.formats.lock_file import (
    FILE_NAME,
    demand_continued,
    demand_readable,
    head,
    read_lock,
    rendered,
    safe_text,
)
from gateway.ledger import audit
from gateway.model import Actor, AuditEntry
from gateway.operations.demands import demand_reason
from gateway.stages.context import Context
from gateway.stages.in_force import LOCK_ACCEPTED


@dataclass(frozen=True, slots=True)
class Desk:
    """A catalogue, who works on it, and the site that it belongs to, if any."""

    catalogue: Catalogue
    actor: Actor
    context: Context | None = None

    def sign(self, reason: str | None) -> Signature:
        """Return who does what is done now, and why; raises ReasonMissing without a reason."""
        why = safe_text(demand_reason(reason))
        clock = self.context.clock if self.context else SystemClock()
        return Signature(clock.now().replace(microsecond=0), safe_text(self.actor.name), why, self.actor.host)


def keep(desk: Desk, lock: Lock, acts: Sequence[tuple[str, str, dict[str, Any]]], signed: Signature) -> None:
    """Write ``lock``, and what was done (action, object, facts) into the audit trail of the site, if any."""
    path = desk.catalogue.directory / FILE_NAME
    content, context = rendered(lock), desk.context
    try:
        demand_readable(content, path)
    except LockInvalid as error:
        raise ActionRefused(
            "Nothing is written: the lock could not be read again", where=str(path), problems=error.problems
        ) from error
    if context is None:
        writes.replace(path, content)
        return
    entries = [
        AuditEntry(
            at=signed.at,
            actor=desk.actor,
            action=action,
            object_type="format",
            object_id=object_id,
            new={**facts, "lock": {"head": head(lock)}},
            reason=signed.reason,
            versions=context.versions,
        )
        for action, object_id, facts in acts
    ]
    # The lock is written before the trail is committed: should the gateway stop between, the entry of
    # what is in force, with which the next pass begins, shows the lock.
    with context.ledger.write() as connection:
        audit.append(connection, entries)
        writes.replace(path, content)


def accept_lock(desk: Desk, reason: str | None) -> bool:
    """Work on with a lock that lacks entries which the site has worked with; who and why is on record.

    Returns whether there was anything to accept. Raises ReasonMissing, LockInvalid for a lock that cannot
    be read, ActionRefused where there is no site, which alone remembers.
    """
    signed, context = desk.sign(reason), desk.context
    if context is None:
        raise ActionRefused("The catalogue belongs to no site, so nothing is known of the lock that it had")
    with alone(desk):
        lock = read_lock(desk.catalogue.directory)
        noted, now = desk.catalogue.noted, head(lock)
        try:
            demand_continued(lock, noted)
        except LockInvalid:
            desk.catalogue.noted = now
        else:
            return False
        entry = AuditEntry(
            at=signed.at,
            actor=desk.actor,
            action=LOCK_ACCEPTED,
            object_type="format",
            object_id=FILE_NAME,
            old={"lock": {"head": noted}},
            new={"lock": {"head": now}},
            reason=signed.reason,
            versions=context.versions,
        )
        with context.ledger.write() as connection:
            audit.append(connection, [entry])
    return True


@contextlib.contextmanager
def changing(desk: Desk) -> Iterator[Lock]:
    """Give the lock as it stands in the file, and let nobody else change it meanwhile.

    Raises LockInvalid where it cannot be read, or lacks what a site knows it had.
    """
    with alone(desk):
        lock = read_lock(desk.catalogue.directory)
        demand_continued(lock, desk.catalogue.noted)
        yield lock


@contextlib.contextmanager
def alone(desk: Desk) -> Iterator[None]:
    """Keep everybody else who changes the catalogue waiting."""
    directory = desk.catalogue.directory
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FormatError("The catalogue cannot be opened", where=str(directory), cause=error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
