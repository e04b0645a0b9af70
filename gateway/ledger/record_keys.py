"""Record keys: which business records were accepted before, in which file and row.

A scope names the kind of key (for example a message type); keys of different scopes never meet.
The rows go to the database driver directly, because a file may bring a million of them.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, delete, func, select

from gateway.ledger.encoding import exact_texts
from gateway.ledger.statements import in_lists, read_rows, write_many
from gateway.ledger.tables import record_key_sets, record_keys

if TYPE_CHECKING:
    from collections.abc import Sequence


class RecordKey(NamedTuple):
    """One record's key and place; ``line`` counts from 1."""

    key: str
    record_type: str
    record: int
    line: int | None


#: A plain tuple does as well, and is made faster.
Row = RecordKey | tuple[str, str, int, int | None]


class FirstSeen(NamedTuple):
    """Where a record key was first accepted."""

    transfer: str
    record_type: str
    record: int
    line: int | None


_SEEN = (
    select(
        record_keys.c.key,
        record_key_sets.c.transfer,
        record_keys.c.record_type,
        record_keys.c.record,
        record_keys.c.line,
    )
    .join(record_key_sets, record_key_sets.c.id == record_keys.c.key_set)
    .where(record_keys.c.key.in_(bindparam("keys", expanding=True)))
    .where(record_key_sets.c.scope == bindparam("scope"))
    .where(record_key_sets.c.transfer >= bindparam("oldest"))
    .order_by(record_keys.c.id)
)


_LAST_KEY = select(func.max(record_keys.c.id))
_LAST_SET = select(func.max(record_key_sets.c.id))
_INSERT_SETS = sa.insert(record_key_sets)
_SET = ("id", "scope", "transfer", "first", "last")

#: Rows in one statement of SQLite: with one for each, the statement takes longer than its row.
_TOGETHER = 50
#: Rows in one statement, where they are sent as arrays.
_ROWS = 50_000
_INSERT = "INSERT INTO record_keys (id, key_set, key, record_type, record, line) VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_TOGETHER = ", ".join([_INSERT, *["(?, ?, ?, ?, ?, ?)"] * (_TOGETHER - 1)])
_INSERT_ARRAYS = """
INSERT INTO record_keys (id, key_set, key, record_type, record, line)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
"""


def seen(connection: Connection, scope: str, keys: Sequence[str], oldest: str = "") -> dict[str, FirstSeen]:
    """Return where each of ``keys`` was first accepted in ``scope``; new ones are left out.

    Transfers whose id is below ``oldest`` (see `ids.earliest`) are no longer remembered.
    """
    found: dict[str, FirstSeen] = {}
    for part in in_lists(keys):
        asked = dict(zip(exact_texts(part), part, strict=True))
        for stored, *place in read_rows(connection, _SEEN, keys=list(asked), scope=scope, oldest=oldest):
            found.setdefault(asked[stored], FirstSeen(*place))
    return found


def add(connection: Connection, scope: str, transfer: str, rows: Sequence[Row]) -> None:
    """Write the record keys of an accepted transfer; it may be called again for more of them.

    ``rows`` are (key, record type, record, line). About 5 microseconds a row.
    """
    add_many(connection, scope, [(transfer, rows)])


def add_many(connection: Connection, scope: str, accepted: Sequence[tuple[str, Sequence[Row]]]) -> None:
    """Write the record keys of several transfers in one go; see `add`."""
    first = (read_rows(connection, _LAST_KEY)[0][0] or 0) + 1
    number = (read_rows(connection, _LAST_SET)[0][0] or 0) + 1
    sets: list[tuple[Any, ...]] = []
    values: list[tuple[Any, ...]] = []
    for transfer, rows in accepted:
        if not rows:
            continue
        last = first + len(rows) - 1
        sets.append((number, scope, transfer, first, last))
        keys, *places = zip(*rows, strict=True)
        ids, sets_of = range(first, last + 1), repeat(number, len(rows))
        values += zip(ids, sets_of, exact_texts(keys), *places, strict=True)
        first, number = last + 1, number + 1
    if sets:
        columns = dict(zip(_SET, zip(*sets, strict=True), strict=True))
        write_many(connection, _INSERT_SETS, columns)
        _insert(connection, values)


def _insert(connection: Connection, values: list[tuple[Any, ...]]) -> None:
    # Past SQLAlchemy's own row handling, which takes twice the time of the database.
    if connection.dialect.name == "sqlite":
        whole = len(values) - len(values) % _TOGETHER
        parts = (values[start : start + _TOGETHER] for start in range(0, whole, _TOGETHER))
        together = [tuple(chain.from_iterable(part)) for part in parts]
        for text, rows in ((_INSERT_TOGETHER, together), (_INSERT, values[whole:])):
            if rows:
                connection.exec_driver_sql(text, rows)
        return
    # Arrays: one message for many rows. With one for each the server would wait in the middle of a
    # statement, for as long as it takes, for a node that stands still.
    for start in range(0, len(values), _ROWS):
        columns = zip(*values[start : start + _ROWS], strict=True)
        connection.exec_driver_sql(_INSERT_ARRAYS, tuple(list(column) for column in columns))


def remove(connection: Connection, transfer: str) -> int:
    """Forget the record keys of a transfer that is no longer accepted; return how many there were."""
    sets = connection.execute(select(record_key_sets).where(record_key_sets.c.transfer == transfer)).all()
    for one in sets:
        connection.execute(delete(record_keys).where(record_keys.c.id.between(one.first, one.last)))
    connection.execute(delete(record_key_sets).where(record_key_sets.c.transfer == transfer))
    return sum(one.last - one.first + 1 for one in sets)
