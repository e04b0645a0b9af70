"""Do the rows of the ledger say what the audit trail says of them? A page of transfers at a time.

Every action on a transfer leaves an entry in the trail, in the same transaction, and the trail is
chained. So the newest entries about a transfer say what must stand in its row: the state since the last
transition, name and source since it arrived, size and digests since it was judged and settled, each
delivery since it was confirmed. Streams of control numbers are noted with each change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select

from gateway.ledger import deliveries as delivery_rows
from gateway.ledger.checkpoint_lines import Trouble
from gateway.ledger.encoding import original_text
from gateway.ledger.retention import Removal, removals_after
from gateway.ledger.statements import read_rows
from gateway.ledger.tables import audit, transfers
from gateway.ledger.transfer_rows import TRANSFER, from_row
from gateway.model import Delivery, DeliveryState, Transfer
from gateway.printable import printable

#: Transfers looked at together.
PAGE = 500
_ENTRY = (audit.c.sequence, audit.c.action, audit.c.object_id, audit.c.new)
_ENTRIES = (
    select(*_ENTRY)
    .where(audit.c.object_type == "transfer", audit.c.object_id > bindparam("after"))
    .order_by(audit.c.object_id, audit.c.sequence)
)
_ENTRIES_UNTIL = _ENTRIES.where(audit.c.object_id <= bindparam("until"))
_SETTLED = ("processed", "failed", "duplicate")
_JUDGED = ("held", "accepted")
_REMOVED = ("removal-begun", "removed")
#: Member of an entry -> column of the row.
_COLUMNS = {"path": "settled_path", "sha256": "sha256", "manifest_sha256": "manifest_sha256"}
_FACTS = ("sha256", "records", "control_number", "format_digest")


@dataclass(slots=True)
class Said:
    """What the trail says of one transfer: values by column, each with the entry that says so."""

    columns: dict[str, tuple[Any, int]] = field(default_factory=dict)
    #: by destination and key: target, entry
    delivered: dict[tuple[str, str], tuple[Any, int]] = field(default_factory=dict)
    removed: tuple[Any, bool, int] | None = None  #: tombstone's SHA-256, whether the files are gone, entry
    first: int = 0

    def take(self, sequence: int, action: str, new: Mapping[str, Any]) -> None:
        """Take up one more entry, later than those before."""
        self.first = self.first or sequence
        told = dict(_told(action, new))
        if action == "recovered":  # the ledger was restored or rebuilt: the row begins anew, with this
            self.columns.clear()
            self.delivered.clear()
            self.removed = None
            for one in new["deliveries"]:
                self.delivered[one["destination"], one["key"]] = one.get("target"), sequence
        if action == "reprocess-begun":  # the next look at the file says these anew
            for name in (*_FACTS, *_COLUMNS.values()):
                self.columns.pop(name, None)
        self.columns.update((name, (value, sequence)) for name, value in told.items())
        if action in _REMOVED or (action == "recovered" and "tombstone_sha256" in new):
            self.removed = new["tombstone_sha256"], action != "removal-begun", sequence
        if action == "delivered":
            self.delivered[new["destination"], new["key"]] = new.get("target"), sequence


def _told(action: str, new: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "state" in new:
        yield "state", new["state"]
    if "size" in new and (action == "arrived" or action in _JUDGED or action.startswith("judged-")):
        yield "size", new["size"]  # a sender may have gone on writing after it arrived: F116
    if action == "arrived":
        yield from ((name, new[name]) for name in ("name", "source") if name in new)
    elif action in _JUDGED:
        yield from ((name, new[name]) for name in _FACTS if name in new)
    elif action in _SETTLED:
        yield from ((column, new[name]) for name, column in _COLUMNS.items() if name in new)
    elif action == "corrected":
        yield "superseded_by", new.get("child")
    elif action == "correction-withdrawn":
        yield "superseded_by", None
    elif action == "recovered":
        yield "attempt", new["attempt"]
        yield from ((column, new[name]) for name, column in _COLUMNS.items())
    elif "attempt" in new:
        yield "attempt", new["attempt"]


@dataclass(frozen=True, slots=True)
class Page:
    """Some transfers in the order of their ids, and what the ledger and the trail say of them."""

    rows: Mapping[str, Transfer]
    said: Mapping[str, Said]
    sent: Mapping[str, Sequence[Delivery]]
    unreadable: tuple[str, ...] = ()  #: ids of rows that hold values which the gateway never writes
    removed: Mapping[str, Removal] = field(default_factory=dict)


def pages(connection: Connection) -> Iterator[Page]:
    """Yield all transfers page by page; entries about transfers that have no row stand in ``said`` too."""
    after = ""
    while True:
        found = connection.execute(
            select(transfers.c.id).where(transfers.c.id > after).order_by(transfers.c.id).limit(PAGE)
        )
        ids = list(found.scalars())
        until = ids[-1] if len(ids) == PAGE else None
        said = _entries(connection, after, until)
        rows, unreadable = _rows(connection, ids)
        sent, removed = delivery_rows.of(connection, ids), removals_after(connection, after, until)
        yield Page(rows, said, sent, unreadable, removed)
        if until is None:
            return
        after = until


def _rows(connection: Connection, ids: Sequence[str]) -> tuple[dict[str, Transfer], tuple[str, ...]]:
    statement = select(*TRANSFER).where(transfers.c.id.in_(ids))
    try:
        return {row.id: from_row(row) for row in connection.execute(statement)}, ()
    except (ValueError, LookupError, TypeError):
        pass
    good, bad = {}, []
    for one in ids:
        try:
            good[one] = from_row(connection.execute(select(*TRANSFER).where(transfers.c.id == one)).one())
        except (ValueError, LookupError, TypeError):
            bad.append(one)
    return good, tuple(bad)


def _entries(connection: Connection, after: str, until: str | None) -> dict[str, Said]:
    if until is None:
        rows = read_rows(connection, _ENTRIES, after=after)
    else:
        rows = read_rows(connection, _ENTRIES_UNTIL, after=after, until=until)
    said: dict[str, Said] = {}
    for sequence, action, about, new in rows:
        one = original_text(about)
        if one not in said:
            said[one] = Said()
        said[one].take(sequence, action, _data(new))
    return said


def _data(new: str | None) -> dict[str, Any]:
    try:
        value = json.loads(new) if new else {}
    except ValueError:  # the check of the chain tells of it
        return {}
    return value if isinstance(value, dict) else {}


def compare(page: Page) -> list[Trouble]:
    """Return where rows of ``page`` are not what the trail says, each at the first column that differs."""
    troubles = [
        Trouble("ledger-row-altered", f"The row of transfer {one} cannot be read", column="transfers")
        for one in page.unreadable
    ]
    for one, said in page.said.items():
        row = page.rows.get(one)
        if row is None:
            if one not in page.unreadable:
                message = f"The ledger has no transfer {one}, and the trail tells of it"
                troubles.append(Trouble("ledger-row-missing", message, entry=said.first, column="transfers"))
            continue
        troubles += _columns(row, said)
        troubles += _deliveries(row, said, page.sent.get(one, ()))
        troubles += _removal(one, said, page.removed.get(one))
    for one in page.rows.keys() - page.said.keys():
        message = f"The trail does not tell of transfer {one}"
        troubles.append(Trouble("ledger-row-inserted", message, column="transfers"))
    return troubles


def _columns(row: Transfer, said: Said) -> Iterator[Trouble]:
    for name, (recorded, entry) in said.columns.items():
        found = _found(row, name)
        if found != recorded:
            message = f"The row of transfer {row.id} is not as entry {entry} of the trail left it"
            place = f"transfers.{name}"
            yield Trouble("ledger-row-altered", message, None, None, entry, place, str(recorded), str(found))
            return


def _found(row: Transfer, name: str) -> Any:
    value = row.state.value if name == "state" else getattr(row, name)
    return printable(value) if name in ("name", "source") else value


def _deliveries(row: Transfer, said: Said, sent: Sequence[Delivery]) -> Iterator[Trouble]:
    known = {(one.destination, one.key): one for one in sent}
    for (destination, key), (target, entry) in said.delivered.items():
        one = known.get((destination, key))
        about = f"transfer {row.id} to {destination}"
        if one is None:
            message = f"The ledger has no delivery of {about}, and entry {entry} of the trail tells of it"
            yield Trouble("ledger-row-missing", message, entry=entry, column="deliveries", recorded=key)
            continue
        facts = (("state", "delivered", one.state.value), ("target", target, one.target))
        for name, recorded, found in facts:
            if recorded != found:
                message = f"The delivery of {about} is not as entry {entry} of the trail left it"
                column = f"deliveries.{name}"
                yield Trouble("ledger-row-altered", message, None, None, entry, column, recorded, str(found))
                break
    for one in sent:
        if one.state is DeliveryState.DELIVERED and (one.destination, one.key) not in said.delivered:
            message = f"The trail does not tell that transfer {row.id} was delivered to {one.destination}"
            column = "deliveries.state"
            yield Trouble("ledger-row-altered", message, column=column, recorded="not yet", found="delivered")


def _removal(transfer: str, said: Said, removal: Removal | None) -> Iterator[Trouble]:
    """Compare the row of a file that was removed, or is being removed, with what the trail says of it."""
    if said.removed is None:
        if removal is not None:
            message = f"The trail does not tell that transfer {transfer} was removed"
            yield Trouble("ledger-row-inserted", message, column="tombstones")
        return
    recorded, is_gone, entry = said.removed
    if removal is None:
        message = (
            f"The ledger has no removal of transfer {transfer}, and entry {entry} of the trail tells of it"
        )
        yield Trouble("ledger-row-missing", message, entry=entry, column="tombstones", recorded=str(recorded))
    elif removal.tombstone_sha256 != recorded:
        message = f"The removal of transfer {transfer} is not as entry {entry} of the trail left it"
        column = "tombstones.tombstone_sha256"
        found = removal.tombstone_sha256
        yield Trouble("ledger-row-altered", message, None, None, entry, column, str(recorded), found)
    elif (removal.removed_at is not None) != is_gone:
        message = f"The removal of transfer {transfer} is not as entry {entry} of the trail left it"
        words = ("begun", "done") if not is_gone else ("done", "begun")
        yield Trouble("ledger-row-altered", message, None, None, entry, "tombstones.removed_at", *words)
