"""The ledger on a server: one schema of a PostgreSQL database, for a site that several nodes work on.

Every writing transaction begins with the schema's advisory lock, so that one writes at a time over all
nodes, as with SQLite (docs/decisions/0024). It reads what is committed statement by statement (READ
COMMITTED): a snapshot from before the lock was granted would not show what the writer before it wrote.
"""

from __future__ import annotations

import functools
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from gateway.errors import DriverMissing, LedgerError
from gateway.ledger.own_end import OwnEnd
from gateway.ledger.postgresql_failures import committing, explained, explanation
from gateway.ledger.postgresql_structure import differences

try:
    import psycopg
    from psycopg import conninfo, pq
except ImportError as error:
    raise DriverMissing(
        "The ledger is on PostgreSQL, and its driver is not installed",
        hint="Install it for this Python: pip install 'plant-gateway[postgresql]'",
        cause=error,
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.pool import ConnectionPoolEntry

    from gateway.ledger.audit_chain import Head

#: After which the server ends a transaction whose node stands still, in seconds: the others wait for it.
IDLE_SECONDS = 10
#: The oldest server, as libpq counts: 13.0.
_OLDEST_SERVER = 130000

# What the URL does not say. A server that is gone shows within about ten seconds.
_PARAMETERS: dict[str, Any] = {
    "application_name": "gateway",
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# One schema and no other is seen, or two nodes with different rights might take different locks for the
# same tables. A commit waits for stable storage, and for standbys as far as the server demands it.
_SESSION = """
SELECT current_schema(), current_setting('server_encoding'),
    set_config('search_path', coalesce(quote_ident(current_schema()), current_setting('search_path')), false),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
    set_config('idle_in_transaction_session_timeout', %s, false),
    set_config('lock_timeout', %s, false), set_config('statement_timeout', '0', false),
    set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
    set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '10000', false)
"""
# One message to the server each; the lock is never asked for with NULL, which would not be granted.
_LOCK = "hashtextextended('gateway ledger ' || coalesce(current_schema(), ''), 0)"
_BEGIN_WRITING = f"BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; SELECT pg_advisory_xact_lock({_LOCK})"
# The server ends by itself a transaction that is idle, but not one whose node stopped in the middle of a
# message: then it waits for the rest of it, and everybody for the lock.
_FREE = f"""
SELECT pg_terminate_backend(holder.pid) FROM pg_locks JOIN pg_stat_activity AS holder USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND holder.datname = current_database()
    AND pg_locks.database = holder.datid
    AND classid::bigint = ({_LOCK} >> 32) & 4294967295 AND objid::bigint = {_LOCK} & 4294967295
    AND holder.wait_event = 'ClientRead'
    AND greatest(holder.state_change, holder.query_start) < clock_timestamp() - %s::interval
"""  # noqa: S608 - nothing of it comes from outside
_BEGIN_NOTING = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE"
# The snapshot is taken by the first query.
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1"
_LOCK_TIMEOUT = "55P03"
_ONE_SCHEMA = re.compile(r'[a-z_][a-z0-9_]*|"(?:[^"$\0]|"")+"')


class PostgresqlSchema:
    """One schema of a database; see `database.Database`."""

    is_shared = True

    def __init__(self, url: str, busy_seconds: float) -> None:
        """Understand ``url``, a connection URI of libpq; nothing is connected yet. Raises LedgerError."""
        self._parameters = parameters_of(url)
        self.place = place_of(self._parameters)
        engine = _engine(conninfo.make_conninfo(**self._parameters), busy_seconds)
        self._engine = engine
        self._writer = engine.execution_options(begin=_BEGIN_WRITING)
        self._noter = engine.execution_options(begin=_BEGIN_NOTING)
        self._reader = engine.execution_options(begin=_BEGIN_READING)
        #: a commit of this process may still be under way, its connection broken
        self._has_open_end = False
        self._own_end = OwnEnd(self.place)

    @property
    def written(self) -> Head | None:
        """The end of the audit trail as this process committed it."""
        return self._own_end.head

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction under the schema's lock."""
        # around all of it: undoing may fail too, where the connection broke before
        with explained(self.place), self._begun() as connection:
            self._own_end.demand(connection)
            with self._ended(connection):
                yield connection
            self._own_end.committed(connection)

    @contextmanager
    def noting(self) -> Iterator[Connection]:
        """Give a transaction beside the writer's, without the schema's lock."""
        with explained(self.place), _begin(self._noter) as connection:
            self._own_end.demand(connection)
            with self._ended(connection):
                yield connection

    def _begun(self) -> Connection:
        """Return a connection under the schema's lock; a node that stands still with it loses it."""
        try:
            return _begin(self._writer)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_TIMEOUT or not self._has_freed():
                raise
        return _begin(self._writer)

    def _has_freed(self) -> bool:
        """End the transaction that holds the lock if its node stands still; return whether it was so."""
        with self._engine.connect() as connection:
            return bool(connection.exec_driver_sql(_FREE, (f"{IDLE_SECONDS}s",)).all())

    @contextmanager
    def _ended(self, connection: Connection) -> Iterator[None]:
        """Commit at the end of the block; an exception leaves it to the connection's end to undo it."""
        yield
        # After an error the server takes COMMIT for ROLLBACK, and reports no error.
        if _status(connection) != pq.TransactionStatus.INTRANS:
            raise LedgerError("The transaction was lost before its end", where=self.place)
        try:
            with committing(self.place):
                connection.commit()
        except BaseException:
            self._has_open_end = True
            raise

    def _await_open_end(self) -> None:
        """Wait until a transaction whose commit got no answer has ended: until then it cannot be seen.

        It keeps the schema's lock to its end, so that the lock is all there is to wait for. Without this
        the next pass might read what was before it, and do the same once more.
        """
        if self._has_open_end:
            self._begun().close()
            self._has_open_end = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one view of the schema."""
        with explained(self.place):
            self._await_open_end()
            with self._reader.begin() as connection:
                self._own_end.demand(connection)
                yield connection

    def make_ready(self, *, create: bool) -> None:
        """Look whether the server can hold a ledger; with ``create`` make the schema that the URL names."""
        with _connected(self._parameters, self.place) as connection:
            _demand_able(connection, self.place)
            schema, path = connection.execute(
                "SELECT current_schema(), current_setting('search_path')"
            ).fetchone() or (None, "")
            if schema is not None:
                return
            if not create or not _ONE_SCHEMA.fullmatch(path):
                raise LedgerError(
                    f"The ledger's schema does not exist: search_path is {path}",
                    where=self.place,
                    hint="Make the schema, or the site with `gateway init`",
                )
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {path}".encode())

    def unsound(self, connection: Connection) -> list[str]:
        """Return which tables, columns and orders differ from those of this version, and failed checksums."""
        return differences(connection)

    def obstacle(self) -> str | None:
        """Return nothing: what a server refuses shows when it is asked."""
        return None

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _begin(engine: Engine) -> Connection:
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection


def parameters_of(url: str) -> dict[str, Any]:
    """Return the connection parameters that ``url`` and the gateway say; LedgerError if it says nothing."""
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # not with what libpq said: it may quote the password
        raise LedgerError(
            "The ledger's URL cannot be understood",
            where=url.partition(":")[0],
            hint="Write postgresql://user@host:port/database; special characters are percent-encoded",
        ) from None
    return {**_PARAMETERS, **given, "client_encoding": "UTF8"}


def place_of(parameters: dict[str, Any]) -> str:
    """Return where a ledger is, for people: a URL without password."""
    if service := parameters.get("service"):
        return f"postgresql service {service}"
    user = f"{parameters['user']}@" if parameters.get("user") else ""
    port = f":{parameters['port']}" if parameters.get("port") else ""
    host = parameters.get("host") or parameters.get("hostaddr") or ""
    schema = re.search(r"search_path=(\S+)", str(parameters.get("options", "")))
    inside = f" schema {schema[1]}" if schema else ""
    return f"postgresql://{user}{host}{port}/{parameters.get('dbname') or ''}{inside}"


@contextmanager
def _connected(parameters: dict[str, Any], place: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection of its own, each statement a transaction."""
    try:
        with psycopg.connect(**parameters, autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        raise explanation(error, place) from error


def _demand_able(connection: psycopg.Connection[Any], place: str) -> None:
    if connection.info.server_version < _OLDEST_SERVER:
        raise LedgerError(
            f"The ledger's server is too old: {connection.info.parameter_status('server_version')}",
            where=place,
            hint="PostgreSQL 13 or newer is needed",
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise LedgerError(
            f"The ledger's database has the encoding {encoding}, not UTF8",
            where=place,
            hint="Make another: `createdb --encoding=UTF8 --template=template0 NAME`",
        )


@functools.lru_cache(maxsize=32)
def _engine(info: str, busy_seconds: float) -> Engine:
    """Return the engine of a database: one in a process, as it remembers how statements are compiled."""
    settings = (f"{IDLE_SECONDS}s", f"{max(1, round(busy_seconds * 1000))}ms")
    engine = create_engine(
        "postgresql+psycopg://",
        creator=functools.partial(psycopg.connect, info, autocommit=True),
        pool_pre_ping=True,  # a connection from before a restart of the server is not used again
        max_overflow=-1,  # threads are bounded by routes and destinations: none of them waits for a reader
        use_native_hstore=False,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: psycopg.Connection[Any], _entry: ConnectionPoolEntry) -> None:
        connection.execute(_SESSION, settings)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        statement = connection.get_execution_options().get("begin", _BEGIN_READING)
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    return engine


def _status(connection: Connection) -> pq.TransactionStatus:
    driver: Any = connection.connection.dbapi_connection
    return pq.TransactionStatus(driver.pgconn.transaction_status)
