"""Statement forms that several tables share: the short way for what is done for every file, and upserts."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.ledger.columns import Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ClauseElement, Connection, Dialect, Select, Table, UpdateBase
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.types import TypeEngine

    _Function = Callable[[Any], Any]

_Item = TypeVar("_Item")

#: Values in one IN list; below the limit of bound values of every database.
IN_LIST = 500
#: Lengths in which lists are sent to SQLite.
_LENGTHS = (0, 1, 10, 100, IN_LIST)


def in_lists(values: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Cut ``values`` into lists short enough for one IN."""
    for start in range(0, len(values), IN_LIST):
        yield values[start : start + IN_LIST]


def read_rows(connection: Connection, statement: Select[Any], /, **values: Any) -> Sequence[Any]:
    """Return the rows of a query for the ``values`` of its parameters; a list stands for those of an IN.

    It does what ``connection.execute`` does. On SQLite, where the library's way with each value takes longer
    than the database's, the driver is asked directly, and each column's own reader reads its values.
    ``statement`` should be kept: how it is written is remembered for it.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, values).all()
    shape = tuple(
        (name, _filled(len(one)) if isinstance(one, list) else None) for name, one in values.items()
    )
    query = _query(statement, shape, connection.dialect)
    given = {name: _padded(values[name], length) for name, length in shape} | query.own
    asked = [one for name, write in query.places for one in _written(given[name], write)]
    found = connection.exec_driver_sql(query.text, tuple(asked)).all()
    return _read(found, query.readers) if query.readers else found


def write_many(connection: Connection, statement: UpdateBase, columns: Mapping[str, Sequence[Any]]) -> int:
    """Run an insert or update for many rows, given column by column; return how many rows changed.

    As `read_rows`, it goes to SQLite's driver directly, each value through its column's own writer, and
    ``statement`` should be kept.
    """
    if not any(columns.values()):
        return 0
    if connection.dialect.name != "sqlite":
        rows = zip(*columns.values(), strict=True)
        return connection.execute(statement, [dict(zip(columns, row, strict=True)) for row in rows]).rowcount
    text, places = _change(statement, tuple(columns), connection.dialect)
    values = zip(*[_written(columns[name], write) for name, write in places], strict=True)
    return connection.exec_driver_sql(text, list(values)).rowcount


def _written(values: Sequence[Any], write: _Function | None) -> Sequence[Any]:
    if write is None:
        return values
    return [None if value is None else write(value) for value in values]


def _read(rows: Sequence[Sequence[Any]], readers: Sequence[tuple[int, _Function]]) -> list[tuple[Any, ...]]:
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for place, read in readers if rows else ():
        columns[place] = [None if value is None else read(value) for value in columns[place]]
    return list(zip(*columns, strict=True))


def _filled(length: int) -> int:
    """Return the length to which a list is filled, so that there are few ways to write an IN."""
    return next(one for one in _LENGTHS if one >= length)


def _padded(value: Any, length: int | None) -> list[Any]:
    """Return a value as a list of one; a list of values with the last repeated up to ``length``."""
    return [value] if length is None else value + value[-1:] * (length - len(value))


@dataclass(frozen=True, slots=True)
class _Query:
    """A query as the driver takes it."""

    text: str
    places: tuple[tuple[str, _Function | None], ...]  #: in their order: names of values, what writes each
    own: dict[str, list[Any]]  #: values of the statement's own
    readers: tuple[
        tuple[int, _Function], ...
    ]  #: for the columns whose values are not as the driver gives them


@functools.lru_cache(maxsize=256)
def _query(statement: Select[Any], shape: tuple[tuple[str, int | None], ...], dialect: Dialect) -> _Query:
    """Return the query for values of this ``shape``: their names, and the lengths of those that are lists."""
    compiled = _compiled(statement, dialect)
    given = {name: None if length is None else [None] * length for name, length in shape}
    state = compiled.construct_expanded_state(given)
    # of a list each place has its name: the first one stands for all
    firsts = {several[0]: name for name, several in state.parameter_expansion.items() if several}
    others = {one for several in state.parameter_expansion.values() for one in several[1:]}
    names = [firsts.get(one, one) for one in state.positiontup or () if one not in others]
    own = {name: compiled.binds[name] for name in names if name not in given}
    readers = ((place, _reader(one.type, dialect)) for place, one in enumerate(statement.selected_columns))
    return _Query(
        state.statement,
        tuple((name, _writer(compiled.binds[name].type, dialect)) for name in names),
        {name: list(bind.value or ()) if bind.expanding else [bind.value] for name, bind in own.items()},
        tuple((place, read) for place, read in readers if read is not None),
    )


@functools.lru_cache(maxsize=256)
def _change(
    statement: UpdateBase, keys: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[tuple[str, _Function | None], ...]]:
    """Return the text of a statement, and for each of its places the key and what writes its value."""
    compiled = _compiled(statement, dialect, keys)
    places = compiled.positiontup or []
    if not set(places) <= set(keys):
        raise ValueError(f"the statement has values of its own: {sorted(set(places) - set(keys))}")
    return str(compiled), tuple((name, _writer(compiled.binds[name].type, dialect)) for name in places)


def _compiled(statement: ClauseElement, dialect: Dialect, keys: Sequence[str] | None = None) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect, column_keys=keys)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - as every statement that is no DDL
    return compiled


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> _Function | None:
    return kind.write if isinstance(kind, Written) else kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> _Function | None:
    if isinstance(kind, Written):
        return kind.read
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def insert_missing(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows, given column by column; those whose key is there already are left as they are."""
    write_many(connection, _insert_or_nothing(table, connection.dialect.name), columns)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``, or replace the other columns of those whose primary key is there already."""
    if rows:
        statement = _insert(table, connection.dialect.name)
        keys = [column.name for column in table.primary_key]
        others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


@functools.cache
def _insert_or_nothing(table: Table, dialect: str) -> UpdateBase:
    return _insert(table, dialect).on_conflict_do_nothing()


def _insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    if dialect != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # it takes longer to load than all of SQLite's

    return postgresql.insert(table)
