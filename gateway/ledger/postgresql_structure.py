"""Is the structure of a ledger on a server that of this version?"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from gateway.ledger.tables import metadata


def differences(connection: Connection) -> list[str]:
    """Return which tables, columns and orders differ from those of this version, and failed checksums."""
    found = inspect(connection)
    present = set(found.get_table_names())
    problems = [f"table {table} is missing" for table in metadata.tables if table not in present]
    for name, table in metadata.tables.items():
        columns = {one["name"]: one for one in found.get_columns(name)} if name in present else {}
        problems += [
            f"column {name}.{column.name} is missing"
            for column in table.columns
            if columns and column.name not in columns
        ]
        problems += [
            f"column {name}.{key} is not compared bytewise: its collation is not C"
            for key, one in columns.items()
            if getattr(one["type"], "collation", "C") != "C" and hasattr(one["type"], "length")
        ]
    failed = connection.exec_driver_sql(
        "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"
    ).scalar()
    return [*problems, *([f"{failed} pages of the database failed their checksum"] if failed else [])]
