"""What is looked at before the first pass: are the ledger and the lock those that the site had?"""

from __future__ import annotations

import os

from gateway.custody.layout import ROUTE_AREAS, Layout
from gateway.errors import AuditBroken
from gateway.ledger import audit, checkpoint
from gateway.stages.context import Context
from gateway.stages.in_force import IN_FORCE

#: The action of the audit entry that says that a lock is meant which lacks what it had.
LOCK_ACCEPTED = "lock-accepted"
#: All actions whose entries say (new: lock: head) which was the last entry of the lock.
LOCK_ACTIONS = (IN_FORCE, "format-locked", "format-retired", "format-change-approved", LOCK_ACCEPTED)


def is_untouched(layout: Layout) -> bool:
    """Return whether nothing was ever processed here, so that a ledger may be made where none is."""
    if layout.checkpoints_file.exists():
        return False
    areas = (layout.area(name) for name in ROUTE_AREAS if name != "inbox")
    return not any(_holds_files(os.fspath(area)) for area in areas)


def _holds_files(area: str) -> bool:
    return any(files for _directory, _directories, files in os.walk(area))


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
        problem = checkpoint.verify_against([noted], connection).problem
    if problem is not None:
        raise AuditBroken(
            f"The ledger is not the one this site had: {problem.message}",
            where=path,
            hint="Put the newest ledger back. If there is none, keep the checkpoints as evidence under "
            "another name; what was delivered since may then be delivered again",
        )


def recall_lock(context: Context) -> None:
    """Let the catalogue, not used yet, demand the last entry of its lock that the audit trail knows.

    Raises AuditBroken where the trail cannot be read.
    """
    with context.ledger.read() as connection:
        asked = [audit.newest(connection, action) for action in LOCK_ACTIONS]
    newest = max((one for one in asked if one is not None), key=lambda one: one.sequence, default=None)
    said = (newest.entry.new or {}).get("lock", {}) if newest else {}
    context.catalogue.noted = str(said.get("head", ""))
