r"""The audit trail as a file that can be verified without the gateway.

Each line is ``{"hash":"<64 hex digits>","entry":<canonical bytes>}``. The canonical bytes stand
in the line exactly as they were hashed, from byte 84 (counted from 1) up to the last brace. With
a shell, for line 7::

    sed -n 7p audit.jsonl | cut -b 84- | head -c -2 | sha256sum

and the digest must be the hash at the line's beginning. The whole chain, with nothing but Python::

    import hashlib, json, sys

    previous = hashlib.sha256(b"plant-gateway audit trail").hexdigest()
    for number, line in enumerate(open(sys.argv[1], "rb"), start=1):
        entry, stated = line[83:-2], line[9:73].decode()
        found = json.loads(entry)
        right = hashlib.sha256(entry).hexdigest() == stated
        if not right or found["previous"] != previous or found["sequence"] != number:
            sys.exit(f"entry {number} is not what was written")
        previous = stated
    print(f"{number} entries, last hash {previous}")

Compare the last hash with the checkpoints that were kept outside the ledger.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from gateway.errors import AuditBroken, UsageError
from gateway.ledger.audit_chain import canonical, stored_members
from gateway.ledger.audit_check import Unreadable, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

FORMATS = ("jsonl",)


def export(connection: Connection, file: IO[bytes], as_: str = "jsonl") -> int:
    """Write the whole trail to ``file`` and return the number of entries.

    A broken entry is written as it stands, so that the export shows what the ledger holds; one
    that cannot be read at all raises AuditBroken. Raises UsageError for an unknown form.
    """
    if as_ not in FORMATS:
        raise UsageError(f"There is no export as {as_!r}", hint=f"Possible: {', '.join(FORMATS)}")
    count = 0
    for row in rows(connection):
        file.write(_line(row))
        count += 1
    return count


def _line(row: Row[Any] | Unreadable) -> bytes:
    where = f"entry {row.sequence}"
    if isinstance(row, Unreadable) or not isinstance(row.hash, str):
        raise AuditBroken(where=where, hint="Its columns are not text")
    try:
        return b'{"hash":"%b","entry":%b}\n' % (row.hash.encode(), canonical(stored_members(row)))
    except ValueError as error:
        raise AuditBroken(where=where, cause=error) from error
