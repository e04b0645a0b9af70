"""Statement forms that several tables share and that databases spell differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Table

_Item = TypeVar("_Item")

#: Values in one IN list; below the limit of bound values of every database.
IN_LIST = 500


def in_lists(values: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Cut ``values`` into lists short enough for one IN."""
    for start in range(0, len(values), IN_LIST):
        yield values[start : start + IN_LIST]


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``; those whose key is there already are left as they are."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``, or replace the other columns of those whose primary key is there already."""
    if rows:
        statement = _insert(connection, table)
        keys = [column.name for column in table.primary_key]
        others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
