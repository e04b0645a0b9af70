"""Which configuration, formats and lock passes work with: on record in the audit trail."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from gateway.config.loading import redacted
from gateway.errors import FormatError, GatewayError
from gateway.formats.digests import digest_of
from gateway.formats.lock_file import head
from gateway.ledger import audit
from gateway.ledger.engine import Connection
from gateway.model import AuditEntry
from gateway.stages.context import Context

#: The action of the audit entry that says which configuration and formats passes work with.
IN_FORCE = "configuration-in-force"
#: The action of the audit entry that says that a new configuration was not taken, and why.
REFUSED = "configuration-refused"
#: The action of the audit entry that says that a lock is meant which lacks what it had.
LOCK_ACCEPTED = "lock-accepted"
#: All actions whose entries say (new: lock: head) which was the last entry of the lock.
LOCK_ACTIONS = (IN_FORCE, "format-locked", "format-retired", "format-change-approved", LOCK_ACCEPTED)
#: Changes and problems that one entry lists; their number it says whatever it is.
_LISTED = 200


def note_configuration(context: Context) -> None:
    """Write an audit entry where configuration or formats are not those of the last pass.

    Places that failed are asked again then: what was changed may have been what kept them away.
    """
    formats, lock = _formats(context), _lock(context)
    now_in_force = {"configuration": context.site.digest, "formats": formats, "lock": lock}
    with context.ledger.read() as connection:
        before = audit.newest(connection, IN_FORCE)
    old = dict(before.entry.new or {}) if before else None
    if old is not None and {key: old.get(key) for key in now_in_force} == now_in_force:
        return
    text = redacted(context.site.directory)
    new = {**now_in_force, "text": text}
    if old is not None and isinstance(old.get("text"), dict):
        new |= _changed(old["text"], text)
    _note(context, IN_FORCE, old, new)

    from gateway.stages.asking_again import take_up  # looking at the lock needs nothing of it

    take_up(context)


def recall_lock(context: Context) -> None:
    """Let the catalogue, which has not read its lock yet, demand the last entry that the audit trail knows.

    Whoever works with the catalogue may have put newer entries on record, or have accepted an older lock.

    Raises AuditBroken where the trail cannot be read.
    """
    with context.ledger.read() as connection:
        context.catalogue.noted = _meant(connection)


def _meant(connection: Connection) -> str:
    """Return the last entry of the lock that is meant, by the newest entry of the trail that tells of one."""
    asked = [audit.newest(connection, action) for action in LOCK_ACTIONS]
    newest = max((one for one in asked if one is not None), key=lambda one: one.sequence, default=None)
    said = (newest.entry.new or {}).get("lock", {}) if newest else {}
    return str(said.get("head", ""))


def note_refusal(context: Context, error: GatewayError) -> None:
    """Write an audit entry that the configuration that stands there now was not taken, and why."""
    problems = [str(problem) for problem in error.problems]
    new = {"error": error.lines()[0], "problems": problems[:_LISTED], "problem_total": len(problems)}
    _note(context, REFUSED, {"configuration": context.site.digest}, new)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is different between two configurations, for the audit trail."""
    from gateway.config.changes import changes

    found = changes(old, new)
    return {"changes": [dataclasses.asdict(one) for one in found[:_LISTED]], "change_total": len(found)}


def _note(context: Context, action: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
    with context.ledger.write() as connection:
        if "problem" in new.get("lock", {}):
            # Refused is what was looked at; somebody may have accepted it since.
            new = {**new, "lock": {**new["lock"], "head": _meant(connection)}}
        entry = AuditEntry(
            at=context.clock.now(),
            actor=context.actor,
            action=action,
            object_type="configuration",
            object_id="config/gateway.yaml",
            old=old,
            new=new,
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
        said = {"head": head(catalogue.lock())}
    except FormatError as error:
        said = {"head": catalogue.noted, "problem": str(error)}
    types = sorted({route.message_type for route in context.site.routes})
    standings = {
        f"{name} {version}": catalogue.standing(name, version).value
        for name in types
        for version in catalogue.versions(name)
    }
    return {**said, "versions": standings}
