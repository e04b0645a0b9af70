"""The end of the audit trail is noted outside the ledger: it cannot be cut off or written anew unseen.

A line SHALL be durable in the site's own file before the ledger notes it: a line that the ledger knows
was there. A copy that cannot be reached SHALL stop nothing, and is caught up when it can be.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.config.settings import Site
from gateway.errors import AuditBroken, GatewayError, LedgerError
from gateway.ledger import audit, checkpoint, checkpoint_rows, checkpoint_trail
from gateway.ledger.audit_chain import Head
from gateway.ledger.checkpoint import Checkpoint, Restoration
from gateway.ledger.checkpoint_rows import Noted
from gateway.model import AuditEntry
from gateway.signing import SigningKey
from gateway.stages.context import Context

#: The action of the audit entry that says that checkpoints were gone from the file.
LOST = "checkpoints-missing"
#: Seconds that a copy has to answer: on a share that hangs, a write may never return.
_PATIENCE = 10.0

#: What to do where the ledger is older than the site.
OLDER_HINT = (
    "Put the newest ledger back with its log, if you have it. Else `gateway ledger restore FILE` with the "
    "newest backup, or `gateway ledger rebuild` where there is none: both take over what was delivered since"
)

_under_way: set[Path] = set()


def anchor(context: Context) -> list[GatewayError]:
    """Note the end of the trail, unless it stands there already; return what is wrong and stops nothing.

    Raises LedgerError or ConfigurationError where it cannot be noted, AuditBroken where the ledger is not
    the one whose end was noted last: then nothing is.
    """
    path, key = str(context.layout.checkpoints_file), context.site.audit.signer()
    with checkpoint.alone(path):
        troubles = _note_loss(context, path)
        with context.ledger.read() as connection:
            head, known = audit.head(connection), checkpoint_rows.newest(connection)
        noted = checkpoint.last(path)
        if head.count and (noted is None or noted.hash != head.hash):
            demand_whole_trail(context)
            _write(context, path, head, key, noted, known)
        elif noted is not None and (known is None or (noted.number or 0) > known.number):
            _remember(context, [noted])  # the gateway was stopped between the line and its note
        return [*troubles, *_copy(context.site, path)]


def demand_whole_trail(context: Context) -> None:
    """Raise AuditBroken where the newest checkpoint is not part of the ledger's audit trail.

    Then the ledger is an older copy or was written anew: it does not know what it delivered since,
    and a pass would deliver it a second time.
    """
    path = str(context.layout.checkpoints_file)
    noted = checkpoint.last(path)
    if noted is None:
        return
    with context.ledger.read() as connection:
        problem = checkpoint_trail.verify_against([noted], connection).problem
    if problem is not None:
        raise AuditBroken(
            f"The ledger is not the one this site had: {problem.message}", where=path, hint=OLDER_HINT
        )


def testify(context: Context) -> None:
    """Note the end of the trail as this process committed it, unless a later one is noted; asks no ledger.

    For a process that has found that the ledger lacks it: so every node gets to know.
    """
    path, key = str(context.layout.checkpoints_file), context.site.audit.signer()
    end = context.ledger.written
    with checkpoint.alone(path):
        noted = checkpoint.last(path)
        if end is not None and (noted is None or noted.count < end.count):
            checkpoint.append(path, end, context.clock.now(), key=key)


def announce(context: Context, public: str) -> Checkpoint:
    """Write a checkpoint, signed with the present key, that the key ``public`` signs after it."""
    path, key = str(context.layout.checkpoints_file), context.site.audit.signer()
    with checkpoint.alone(path):
        with context.ledger.read() as connection:
            head, known = audit.head(connection), checkpoint_rows.newest(connection)
        return _write(context, path, head, key, checkpoint.last(path), known, new_key=public)


def declare(context: Context, restoration: Restoration) -> Checkpoint:
    """Write the checkpoint that says that this ledger was restored or rebuilt, and what its trail lost.

    The end of its trail is the entry that says the same. From then on the ledger knows every line of
    the file: those that an older one had noted, and those that came after it.
    """
    path, key = str(context.layout.checkpoints_file), context.site.audit.signer()
    with checkpoint.alone(path):
        _remember(context, checkpoint.read(path).listed)
        with context.ledger.read() as connection:
            head, known = audit.head(connection), checkpoint_rows.newest(connection)
        follows = None if known is None else (known.number, known.digest)
        now = context.clock.now()
        written = checkpoint.append(path, head, now, restoration, known=follows, key=key)
        _remember(context, [written])
        return written


def _write(
    context: Context,
    path: str,
    head: Head,
    key: SigningKey | None,
    noted: Checkpoint | None,
    known: Noted | None,
    *,
    new_key: str | None = None,
) -> Checkpoint:
    follows = None if known is None else (known.number, known.digest)
    now = context.clock.now()
    written = checkpoint.append(path, head, now, known=follows, key=key, new_key=new_key)
    newer = noted is not None and noted.number is not None and (known is None or noted.number > known.number)
    _remember(context, [noted, written] if newer and noted is not None else [written])
    return written


def _remember(context: Context, lines: Sequence[Checkpoint]) -> None:
    with context.ledger.write() as connection:
        checkpoint_rows.note(connection, lines)


def _note_loss(context: Context, path: str) -> list[GatewayError]:
    """Put on record, once, that lines which the ledger knows of are gone from the end of the file."""
    with context.ledger.read() as connection:
        known = checkpoint_rows.newest(connection)
        noted = checkpoint.last(path) if known is not None else None
        if known is None or (noted is not None and (noted.number or 0) >= known.number):
            return []
        said = audit.newest(connection, LOST)
    first = 1 if noted is None else (noted.number or 0) + 1
    facts = {"first": first, "last": known.number}
    if said is None or said.entry.new != facts:
        entry = AuditEntry(
            at=context.clock.now(),
            actor=context.actor,
            action=LOST,
            object_type="audit",
            object_id="audit/checkpoints.jsonl",
            new=facts,
            outcome="found",
            versions=context.versions,
        )
        with context.ledger.write() as connection:
            audit.append(connection, [entry])
    hint = "Put the file back from a copy, and find out who took lines away; new lines follow the old numbers"
    return [
        AuditBroken(f"Checkpoints {first} to {known.number} are no longer in the file", where=path, hint=hint)
    ]


def _copy(site: Site, path: str) -> list[GatewayError]:
    """Bring every copy up to the site's own file; a copy that does not answer is left to the next time."""
    troubles = []
    for copy in site.audit.copies:
        error = _patiently(copy, functools.partial(_catch_up, path, copy))
        if error is not None:
            troubles.append(error)
    return troubles


def _patiently(copy: Path, work: Callable[[], None]) -> GatewayError | None:
    """Do ``work`` in a thread of its own; return its error, or that it does not come to an end."""
    if copy in _under_way:
        return _silent(copy)
    found: list[GatewayError] = []

    def run() -> None:
        try:
            work()
        except GatewayError as error:
            found.append(error)
        except OSError as error:
            found.append(_unwritten(copy, error))
        finally:
            _under_way.discard(copy)

    _under_way.add(copy)
    thread = threading.Thread(target=run, name=f"checkpoints to {copy.name}", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if thread.is_alive():
        return _silent(copy)
    return found[0] if found else None


def _unwritten(copy: Path, error: OSError) -> LedgerError:
    return LedgerError("A copy of the checkpoints cannot be written", where=str(copy), cause=error)


def _silent(copy: Path) -> LedgerError:
    hint = "See whether the share answers; the copy is caught up with the next pass after that"
    return LedgerError("A copy of the checkpoints does not answer", where=str(copy), hint=hint)


def _catch_up(path: str, copy: Path) -> None:
    """Append to ``copy`` what the site's own file has more; raises LedgerError."""
    where = str(copy)
    if not copy.parent.is_dir():
        # never made: where a share is not mounted, the copy would end on the machine that it shall outlive
        hint = "Mount it; the copy is caught up with the next pass after that"
        raise LedgerError("The directory of a copy of the checkpoints is not there", where=where, hint=hint)
    newest, own = checkpoint.last(where), checkpoint.last(path)
    if own is None or (newest is not None and newest.raw == own.raw):
        return
    lines = [one.raw for one in checkpoint.read(path).listed]
    if newest is not None and newest.raw not in lines:
        raise AuditBroken(
            "A copy of the checkpoints ends with a line that the site's own file does not have",
            where=where,
            hint="`gateway audit verify` names the first line that differs",
        )
    begin = 0 if newest is None else lines.index(newest.raw) + 1
    checkpoint.write_lines(where, lines[begin:])
