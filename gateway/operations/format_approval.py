"""Approving a change between two versions on record, by its fingerprint."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from gateway.errors import ActionRefused
from gateway.formats.catalogue import Catalogue
from gateway.formats.compare.change import Change, Comparison
from gateway.formats.lock import Approval, Signature
from gateway.formats.lock_file import safe_text
from gateway.operations.format_desk import Desk, changing, keep


def approve(desk: Desk, fingerprint: str, reason: str | None) -> Approval:
    """Record that the change with this fingerprint is meant, and return the record.

    Raises ReasonMissing, and ActionRefused where no two versions of one message type in the catalogue
    differ by such a change, or it is approved already.
    """
    signed = desk.sign(reason)
    found = _find(desk.catalogue, fingerprint.strip().lower())
    if found is None:
        raise ActionRefused(
            f"No two versions of the catalogue differ by a change with the fingerprint {fingerprint!r}",
            where=str(desk.catalogue.directory),
            hint="`gateway formats diff TYPE OLD NEW` shows each change with its fingerprint",
        )
    approval = _approval(*found, signed)
    with changing(desk) as lock:
        keep(desk, lock.with_approval(approval), [("format-change-approved", approval.new, _facts(approval))],
             signed)  # fmt: skip
    return approval


def _find(catalogue: Catalogue, fingerprint: str) -> tuple[Comparison, Change] | None:
    """Return the change with this fingerprint; the older version is the old one first, then the other way."""
    if re.fullmatch(r"[0-9a-f]{16}", fingerprint) is None:
        return None
    for comparison in _comparisons(catalogue):
        for change in comparison.changes:
            if comparison.fingerprint(change) == fingerprint:
                return comparison, change
    return None


def _comparisons(catalogue: Catalogue) -> Iterator[Comparison]:
    from gateway.formats.compare.definitions import compare

    # newest first, so that the older one comes second
    loaded = [catalogue.readable(message_type) for message_type in catalogue.message_types()]
    pairs = [pair for versions in loaded for pair in itertools.combinations(versions, 2)]
    yield from (compare(old, new) for new, old in pairs)
    yield from (compare(new, old) for new, old in pairs)


def _approval(comparison: Comparison, change: Change, signed: Signature) -> Approval:
    sentences = dict.fromkeys((change.old_under_new.why, change.new_under_old.why))
    return Approval(
        fingerprint=comparison.fingerprint(change),
        old=safe_text(comparison.old),
        new=safe_text(comparison.new),
        kind=change.kind,
        path=safe_text(change.path),
        old_under_new=change.old_under_new.verdict.value,
        new_under_old=change.new_under_old.verdict.value,
        why=safe_text(" ".join(sentences)),
        signed=signed,
    )


def _facts(approval: Approval) -> dict[str, str]:
    names = ("fingerprint", "old", "new", "kind", "path", "old_under_new", "new_under_old", "why")
    return {name: getattr(approval, name) for name in names}
