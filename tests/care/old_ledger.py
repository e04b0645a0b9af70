"""A ledger of version 1, with rows that a gateway of that version wrote."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_HERE = Path(__file__).parent
_TABLES, _ROWS = _HERE.parent / "ledger" / "schema_v1.sql", _HERE / "rows_v1.sql"


def old_ledger(path: Path) -> None:
    """Write it to the new file ``path``: five transfers, in all that belongs to them."""
    with sqlite3.connect(path) as connection:
        statements = _TABLES.read_text().split(";\n")
        for statement in sorted(statements, key=lambda one: not one.startswith("CREATE TABLE")):
            connection.execute(statement)
        connection.executescript(_ROWS.read_text())
    connection.close()
