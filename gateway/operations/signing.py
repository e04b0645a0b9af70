"""Changing the key that signs checkpoints: the present one says which follows."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import ActionRefused
from gateway.ledger import audit
from gateway.model import AuditEntry
from gateway.signing import PublicKey, make_key
from gateway.stages.anchoring import announce
from gateway.stages.context import Context


def next_key(context: Context, file: Path) -> PublicKey:
    """Make a new key in ``file``, put that on record, and announce it by a checkpoint of the present key.

    Raises ActionRefused where nothing is signed yet, or ``file`` exists.
    """
    if context.site.audit.signing_key is None:
        hint = "Make the first key without --announce, and name it as `signing_key` under `audit`"
        raise ActionRefused("There is no present key that could announce another", hint=hint)
    public = make_key(file)
    entry = AuditEntry(
        at=context.clock.now(),
        actor=context.actor,
        action="signing-key-announced",
        object_type="audit",
        object_id=public.fingerprint,
        new={"key": public.text},
        versions=context.versions,
    )
    with context.ledger.write() as connection:
        audit.append(connection, [entry])
    announce(context, public.text)
    return public
