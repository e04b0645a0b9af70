"""Statement forms that several tables share and that databases spell differently."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Dialect, Table, UpdateBase

_Item = TypeVar("_Item")

#: Values in one IN list; below the limit of bound values of every database.
IN_LIST = 500


def in_lists(values: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Cut ``values`` into lists short enough for one IN."""
    for start in range(0, len(values), IN_LIST):
        yield values[start : start + IN_LIST]


def write_many(connection: Connection, statement: UpdateBase, rows: Sequence[dict[str, Any]]) -> int:
    """Run an insert or update for each of ``rows``, all with the same keys; return how many rows changed.

    It does what ``connection.execute`` does. On SQLite, where the library's way with each value takes longer
    than the database's, the values go to the driver directly, each through its column's own writer.
    ``statement`` should be kept: how it is written is remembered for it.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, rows).rowcount
    text, order = _written(statement, tuple(rows[0]), connection.dialect)
    values = [
        tuple([row[name] if write is None else write(row[name]) for name, write in order]) for row in rows
    ]
    return connection.exec_driver_sql(text, values).rowcount


@functools.lru_cache(maxsize=64)
def _written(
    statement: UpdateBase, keys: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[tuple[str, Callable[[Any], Any] | None], ...]]:
    """Return the text of a statement, and for each of its places the key and what writes its value."""
    compiled = statement.compile(dialect=dialect, column_keys=list(keys))
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - as every statement that is no DDL
    places = compiled.positiontup or []
    if not set(places) <= set(keys):
        raise ValueError(f"the statement has values of its own: {sorted(set(places) - set(keys))}")
    types = {name: compiled.binds[name].type.dialect_impl(dialect) for name in places}
    return str(compiled), tuple((name, types[name].bind_processor(dialect)) for name in places)


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``; those whose key is there already are left as they are."""
    if rows:
        write_many(connection, _insert_or_nothing(table, connection.dialect.name), rows)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``, or replace the other columns of those whose primary key is there already."""
    if rows:
        statement = _insert(connection, table)
        keys = [column.name for column in table.primary_key]
        others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


@functools.cache
def _insert_or_nothing(table: Table, dialect: str) -> UpdateBase:
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
