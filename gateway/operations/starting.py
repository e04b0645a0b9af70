"""What is looked at before the first pass: are the ledger and the lock those that the site had?"""

from __future__ import annotations

import contextlib
import os

from gateway.custody.daylist import list_of
from gateway.custody.layout import DAY_AREAS
from gateway.custody.look import look
from gateway.custody.names import MANIFEST_SUFFIX
from gateway.custody.refusals import refusing
from gateway.custody.settle import manifest_owner
from gateway.errors import AuditBroken, CustodyError
from gateway.ledger import transfers
from gateway.printable import printable
from gateway.stages.anchoring import OLDER_HINT
from gateway.stages.context import Context

#: Bytes of the end of a day list that are read.
_TAIL = 8192


def demand_newest_known(context: Context) -> None:
    """Raise AuditBroken where the ledger does not know the file that a route archived last.

    Then it is older than the archive, though no checkpoint says so: its log was lost after a crash, say.
    The plan of a settlement is in the ledger before the day list names its file.
    """
    for area in DAY_AREAS:
        for day in _newest_days(str(context.layout.area(area))):
            name = _last_manifest(list_of(day))
            owner = _owner(os.path.join(day, name)) if name else None
            if owner is None:
                continue  # `gateway verify` says what is the matter there
            with context.ledger.read() as connection:
                row = transfers.get(connection, owner)
            if row is None or row.settled_path is None:
                raise AuditBroken(
                    f"The ledger is older than the archive: it does not know of {printable(name or '')}",
                    where=printable(day),
                    hint=OLDER_HINT,
                )


def _newest_days(area: str) -> list[str]:
    """Return the newest day directory of each route in ``area``.

    A route whose directory cannot be looked at is left out: its own pass says so, no other's waits for it.
    """
    if not os.path.isdir(area):
        return []
    with refusing("list", area), os.scandir(area) as entries:
        routes = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    found = []
    for place in (os.path.join(area, route) for route in routes):
        with contextlib.suppress(CustodyError):
            days = [one.name for one in look(place) if one.kind == "directory"]
            found += [os.path.join(place, max(days))] if days else []
    return found


def _last_manifest(day_list: str) -> str | None:
    """Return the manifest that the end of a day list names; None where it names none."""
    try:
        with open(day_list, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read().split(b"\n")[:-1]
    except OSError:
        return None
    names = (os.fsdecode(line.partition(b"  ")[2]) for line in reversed(lines))
    return next((name for name in names if name.endswith(MANIFEST_SUFFIX) and "/" not in name), None)


def _owner(manifest: str) -> str | None:
    try:
        return manifest_owner(manifest)
    except CustodyError:
        return None
