"""What is looked at before a pass: is the ledger the one that the site had, and what is in force now?"""

from __future__ import annotations

import os
from typing import Any

from gateway.config.loading import redacted
from gateway.custody.layout import ROUTE_AREAS, Layout
from gateway.errors import AuditBroken, FormatError
from gateway.formats.digests import digest_of
from gateway.formats.lock_file import head
from gateway.ledger import audit, checkpoint
from gateway.model import AuditEntry
from gateway.stages.context import Context

#: The action of the audit entry that says which configuration and formats passes work with.
IN_FORCE = "configuration-in-force"


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


def note_configuration(context: Context) -> None:
    """Write an audit entry where configuration or formats are not those of the last pass."""
    formats, lock = _formats(context), _lock(context)
    now_in_force = {"configuration": context.site.digest, "formats": formats, "lock": lock}
    with context.ledger.write() as connection:
        before = audit.read(connection, action=IN_FORCE, limit=1)
        old = dict(before[0].entry.new or {}) if before else None
        if old is not None and {key: old.get(key) for key in now_in_force} == now_in_force:
            return
        entry = AuditEntry(
            at=context.clock.now(),
            actor=context.actor,
            action=IN_FORCE,
            object_type="configuration",
            object_id="config/gateway.yaml",
            old=old,
            new={**now_in_force, "text": redacted(context.site.directory)},
            versions=context.versions,
        )
        audit.append(connection, [entry])


def _formats(context: Context) -> dict[str, Any]:
    """Return the digest of every format version that a route may use, or why there is none."""
    digests: dict[str, Any] = {}
    for message_type in sorted({route.message_type for route in context.site.routes}):
        for version, directory in context.catalogue.entries.get(message_type, {}).items():
            try:
                digests[f"{message_type} {version}"] = digest_of(directory)
            except (OSError, FormatError) as error:
                digests[f"{message_type} {version}"] = str(error)
    return digests


def _lock(context: Context) -> dict[str, Any]:
    """Return what stands for the lock as a whole, and how each version that may be used stands to it."""
    catalogue = context.catalogue
    try:
        digest = head(catalogue.lock())
    except FormatError as error:
        digest = str(error)
    types = sorted({route.message_type for route in context.site.routes})
    standings = {
        f"{name} {version}": catalogue.standing(name, version).value
        for name in types
        for version in catalogue.versions(name)
    }
    return {"head": digest, "versions": standings}
