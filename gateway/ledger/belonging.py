"""Is a ledger one that this site had? Its audit trail against the checkpoints that the site noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from gateway.errors import BackupInvalid
from gateway.ledger import audit
from gateway.ledger.checkpoint_trail import still_standing
from gateway.ledger.statements import in_lists
from gateway.ledger.tables import audit as audit_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.ledger.checkpoint import Checkpoint


def kept_entries(connection: Connection, checkpoints: Sequence[Checkpoint], where: str) -> int:
    """Return the last entry of the ledger's trail that the site's trail has, too.

    That is its end, unless the site was restored from an earlier backup since: then the two trails
    part, and the last checkpoint that both have counts. Where the site noted nothing that old, the
    trail cannot be held against anything. Raises BackupInvalid where it is the trail of another site.
    """
    end = audit.head(connection).count
    noted = [one for one in checkpoints if 0 < one.count <= end]
    found = _hashes(connection, [one.count for one in noted])
    common = {one.count for one in noted if found.get(one.count) == one.hash}
    if noted and not common:
        raise BackupInvalid(
            "It is a backup of another site",
            where=where,
            hint=f"None of the {len(noted)} checkpoints of this site that are as old is in its audit trail",
        )
    standing = [one for one in still_standing(checkpoints) if 0 < one.count <= end]
    parted = min((one.count for one in standing if found.get(one.count) != one.hash), default=None)
    if parted is None:
        return end
    return max((one.count for one in standing if one.count in common and one.count < parted), default=0)


def _hashes(connection: Connection, counts: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in in_lists(sorted(set(counts))):
        statement = select(audit_table.c.sequence, audit_table.c.hash).where(audit_table.c.sequence.in_(part))
        found.update((number, digest) for number, digest in connection.execute(statement))
    return found
