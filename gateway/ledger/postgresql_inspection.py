"""Looking at a ledger on a server as it is there: nothing is made, brought up to date or changed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from gateway.ledger import migrations
from gateway.ledger.database import Inspection, ServerState
from gateway.ledger.postgresql import PostgresqlSchema

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Connections of other accounts are counted too; what they do is nobody's business here.
_SERVER = """
SELECT current_setting('server_version'), current_setting('fsync') = 'on',
    current_setting('full_page_writes') = 'on',
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    current_setting('max_connections')::int
"""
_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind = 'r'
"""


class _TakenBackError(Exception):
    """Ends a transaction that shall leave nothing behind."""


def inspect(url: str, *, busy_seconds: float) -> Inspection:
    """Look at the ledger at ``url``. Raises LedgerError where its server or schema cannot be read."""
    schema = PostgresqlSchema(url, busy_seconds)
    with closing(schema), schema.reading() as connection:
        version = migrations.version_of(connection)
        whole = version == migrations.VERSION
        return Inspection(
            path=schema.place,
            size=int(connection.exec_driver_sql(_SIZE).scalar() or 0),
            log_size=0,
            version=version,
            journal_mode=None,
            problems=tuple(schema.unsound(connection)) if whole else (),
            server=_server(connection),
        )


def _server(connection: Connection) -> ServerState:
    return ServerState(*connection.exec_driver_sql(_SERVER).one())


def try_write(url: str, *, busy_seconds: float) -> None:
    """Write into the schema at ``url`` and take it back; raises LedgerError, LedgerBusy or DiskFull."""
    schema = PostgresqlSchema(url, busy_seconds)
    try:
        with closing(schema), schema.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE trial_of_the_doctor (text text)")
            connection.exec_driver_sql("INSERT INTO trial_of_the_doctor VALUES ('taken back')")
            raise _TakenBackError
    except _TakenBackError:
        return
