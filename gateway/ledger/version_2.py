"""From version 1 of the ledger to version 2: nodes, leases, what was removed, checkpoints written, looks.

Version 1 was SQLite only, and so is this step.
"""

from __future__ import annotations

from sqlalchemy import Connection

_STATEMENTS = (
    """CREATE TABLE nodes (
\tnode TEXT NOT NULL,
\tname TEXT NOT NULL,
\tkind TEXT NOT NULL,
\thost TEXT NOT NULL,
\tpid INTEGER NOT NULL,
\tconfiguration TEXT NOT NULL,
\tgateway_version TEXT NOT NULL,
\tstarted_at VARCHAR(27) NOT NULL,
\tseen_at VARCHAR(27) NOT NULL,
\tPRIMARY KEY (node)
)""",
    """CREATE TABLE leases (
\tname TEXT NOT NULL,
\tnode TEXT,
\ttoken BIGINT NOT NULL,
\texpires_at VARCHAR(27),
\ttaken_at VARCHAR(27),
\tPRIMARY KEY (name)
)""",
    "ALTER TABLE arrivals ADD COLUMN stands TEXT",
    """CREATE TABLE looks (
\troute TEXT NOT NULL,
\tat VARCHAR(27) NOT NULL,
\tPRIMARY KEY (route)
)""",
    """CREATE TABLE retention_runs (
\tid TEXT NOT NULL,
\tstate TEXT NOT NULL,
\tplanned_at VARCHAR(27) NOT NULL,
\tplanned_by TEXT NOT NULL,
\treason TEXT NOT NULL,
\t"plan" TEXT NOT NULL,
\tplan_sha256 VARCHAR(64) NOT NULL,
\tapproved_at VARCHAR(27),
\tapproved_by TEXT,
\tapproval_reason TEXT,
\tdone_at VARCHAR(27),
\tPRIMARY KEY (id)
)""",
    """CREATE TABLE tombstones (
\ttransfer TEXT NOT NULL,
\trun TEXT NOT NULL,
\tpath BLOB NOT NULL,
\tsha256 VARCHAR(64),
\tmanifest_sha256 VARCHAR(64),
\ttombstone_sha256 VARCHAR(64) NOT NULL,
\tsize BIGINT NOT NULL,
\tbegun_at VARCHAR(27) NOT NULL,
\tbegun_by TEXT NOT NULL,
\tremoved_at VARCHAR(27),
\tPRIMARY KEY (transfer),
\tFOREIGN KEY(transfer) REFERENCES transfers (id),
\tFOREIGN KEY(run) REFERENCES retention_runs (id)
)""",
    """CREATE INDEX ix_tombstones_run ON tombstones (run)""",
    """CREATE TABLE checkpoints (
\tnumber INTEGER NOT NULL,
\tat VARCHAR(27) NOT NULL,
\tcount BIGINT NOT NULL,
\thash VARCHAR(64) NOT NULL,
\tdigest VARCHAR(64) NOT NULL,
\tPRIMARY KEY (number)
)""",
    # links are random, so each entry wrote to a page of its own, and only a broken trail asks for them
    "DROP INDEX audit_by_link",
    # so did record keys, by a hash; keys themselves ascend
    "DROP INDEX record_keys_by_hash",
    "ALTER TABLE record_keys DROP COLUMN hash",
    'CREATE INDEX record_keys_by_key ON record_keys ("key")',
    "CREATE INDEX audit_about_the_site ON audit (action, sequence) WHERE object_type != 'transfer'",
    """CREATE INDEX transfers_failed_open ON transfers (route, reason_code, settled_at, id)
WHERE state = 'failed' AND superseded_by IS NULL""",
)


def to_version_2(connection: Connection) -> None:
    """Add the tables of version 2, and drop the indexes that it does without."""
    for statement in _STATEMENTS:
        connection.exec_driver_sql(statement)
