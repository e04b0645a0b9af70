"""The tables of the ledger, version 2.

A released version never changes. Whoever changes a table raises `migrations.VERSION` and adds the
step that brings an older ledger there; a test compares both ways.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
)

from gateway.ledger.columns import BigKey, CanonicalJson, ExactText, FileName, OneOf, UtcTime, WideInteger
from gateway.model import DeliveryState, Disposition, State

metadata = MetaData()

#: An index of PostgreSQL's own kind; its options stand in `info`, see `columns`.
HASH = {"postgresql_using": "hash"}

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", UtcTime, nullable=False),
    Column("gateway_version", String(32), nullable=False),
)

transfers = Table(
    "transfers",
    metadata,
    Column("id", ExactText, primary_key=True),
    Column("route", ExactText, nullable=False),
    Column("partner", ExactText, nullable=False),
    Column("message_type", ExactText, nullable=False),
    Column("name_text", Text, nullable=False),  # for people and searches; `name` is the truth
    Column("name", FileName, nullable=False),
    Column("state", OneOf(State), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("arrived_at", UtcTime, nullable=False),
    Column("source", FileName, nullable=False),
    Column("working_name", FileName, nullable=False),
    Column("mtime_ns", WideInteger, nullable=False),
    Column("inode", WideInteger, nullable=False),
    Column("evidence", CanonicalJson, nullable=False),
    Column("companions", CanonicalJson, nullable=False),
    Column("sha256", String(64)),
    Column("output", CanonicalJson),
    Column("sha256_head", BigInteger),  # first 8 bytes, signed: an index of a third of the size
    Column("format_version", ExactText),
    Column("format_digest", ExactText),
    Column("config_digest", ExactText),
    Column("sender", ExactText),
    Column("message_id", ExactText),
    Column("control_number", ExactText),
    Column("previous_number", ExactText),
    Column("interchange_key", ExactText),
    Column("stream", ExactText),
    Column("records", BigInteger),
    Column("verdict", ExactText),
    Column("findings", CanonicalJson),
    Column("reason_code", ExactText),
    Column("reason", ExactText),
    Column("settle_as", OneOf(Disposition)),
    Column("settled_path", FileName),
    Column("settled_at", UtcTime),
    Column("manifest_sha256", String(64)),
    Column("held_until", UtcTime),
    Column("parent", ExactText),
    Column("superseded_by", ExactText),
    Column("authorised", ExactText),
    Column("changed_at", UtcTime),
    # with the size, bytes by route and state are told from the index alone, whatever the history
    Index("transfers_by_state", "route", "state", "id", "size"),
    Index("transfers_by_bytes", "sha256_head"),
    Index("transfers_by_key", "interchange_key", "route").ddl_if(dialect="sqlite"),
    # PostgreSQL's ordered indexes refuse keys above 2,704 bytes, and a key is what a sender writes
    Index("transfers_by_key_hash", "interchange_key", info=HASH).ddl_if(dialect="postgresql"),
    Index("transfers_by_name", "name"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("transfer", ForeignKey("transfers.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("actor", ExactText, nullable=False),
    Column("reason", ExactText, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", ExactText),
    Column("detail", ExactText),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("place", BigKey, primary_key=True, autoincrement=False),  # order of acceptance
    Column("transfer", ForeignKey("transfers.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("destination", ExactText, nullable=False),
    Column("key", ExactText, nullable=False),
    Column("state", OneOf(DeliveryState), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    Column("last_error", ExactText),
    Column("target", FileName),
    Column("delivered_at", UtcTime),
    Column("staged_in", ExactText),
    UniqueConstraint("transfer", "attempt", "destination", name="deliveries_once"),
    Index("deliveries_by_state", "state", "destination", "place"),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("route", ExactText, primary_key=True),
    Column("name", FileName, primary_key=True),
    Column("name_text", Text, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", WideInteger, nullable=False),
    Column("inode", WideInteger, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("unchanged_since", Float, nullable=False),  # seconds of a monotonic clock
    Column("boot_id", ExactText, nullable=False),
    Column("reason_code", ExactText, nullable=False),
    Column("reason", ExactText, nullable=False),
    # Since version 2. Under which configuration it waits for another entry, and for nothing else: it is
    # written again only when it or that entry has changed.
    Column("stands", ExactText),
)

# Since version 2. When a source was last looked at: then all that stands was seen.
looks = Table(
    "looks",
    metadata,
    Column("route", ExactText, primary_key=True),
    Column("at", UtcTime, nullable=False),
)

# Remote files that are in custody and still stand at their source: to be acknowledged, or left for ever.
remote_files = Table(
    "remote_files",
    metadata,
    Column("route", ExactText, primary_key=True),
    Column("location", ExactText, primary_key=True),  # server and directory, as the source names itself
    Column("name", FileName, primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("mtime_ns", WideInteger, primary_key=True, autoincrement=False),
    Column("transfer", ForeignKey("transfers.id"), nullable=False),
    Column("state", ExactText, nullable=False),  # `owed`, `left`
    Column("taken_at", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    Column("last_error", ExactText),
    Column("missing_since", UtcTime),  # for one that is left: since when it has not been seen
    Index("remote_files_by_state", "route", "state", "tries", "transfer"),
)

# How places that files come from or go to have answered; a row only after a failure.
circuits = Table(
    "circuits",
    metadata,
    Column("place", ExactText, primary_key=True),  # `server erp`, `route confirmations destination erp`
    Column("state", ExactText, nullable=False),  # `closed`, `open`, `half-open`
    Column("failures", Integer, nullable=False),  # in a row
    Column("since", UtcTime, nullable=False),  # the first of them
    Column("next_probe_at", UtcTime),
    Column("last_error", ExactText),
    Column("changed_at", UtcTime, nullable=False),
)

# What people were told of; a row stays while it lasts, and afterwards until its recovery is sent.
alerts = Table(
    "alerts",
    metadata,
    Column("key", ExactText, primary_key=True),  # kind and object: what lasts is one alert
    Column("kind", ExactText, nullable=False),
    Column("route", ExactText),
    Column("text", ExactText, nullable=False),
    Column("detail", CanonicalJson, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("times", Integer, nullable=False),
    Column("over_at", UtcTime),
)

# Messages to be sent, and those sent last: one per alert, channel and occasion.
alert_messages = Table(
    "alert_messages",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("alert", ExactText, nullable=False),
    Column("channel", ExactText, nullable=False),
    Column("occasion", ExactText, nullable=False),  # `begins`, `lasts`, `over`
    Column("message", CanonicalJson, nullable=False),
    Column("written_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    Column("last_error", ExactText),
    Index("alert_messages_by_alert", "alert", "channel", "id"),
)

streams = Table(
    "streams",
    metadata,
    Column("stream", ExactText, primary_key=True),
    Column("route", ExactText, nullable=False, index=True),
    Column("sender", ExactText, nullable=False),
    Column("state", CanonicalJson, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)

record_key_sets = Table(
    "record_key_sets",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("scope", ExactText, nullable=False),
    Column("transfer", ForeignKey("transfers.id"), nullable=False, index=True),
    # The keys of a set stand in one run of ids, so that they need no index of their own to go.
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
)

# Since version 2. Gateways that work on this site: one row per process, as long as it says that it is there.
nodes = Table(
    "nodes",
    metadata,
    Column("node", ExactText, primary_key=True),  # an id of the process's own
    Column("name", ExactText, nullable=False),
    Column("kind", ExactText, nullable=False),  # `service`, `passing`
    Column("host", ExactText, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("configuration", ExactText, nullable=False),
    Column("gateway_version", ExactText, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),  # by the database's clock
)

# Since version 2. Which node works on what; the token grows with every owner and fences off the one before.
leases = Table(
    "leases",
    metadata,
    Column("name", ExactText, primary_key=True),  # `route confirmations`
    Column("node", ExactText),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", UtcTime),  # by the database's clock
    Column("taken_at", UtcTime),
)

# Since version 2. Removals of old files from the archive: planned by one person, approved by another.
retention_runs = Table(
    "retention_runs",
    metadata,
    Column("id", ExactText, primary_key=True),
    Column("state", ExactText, nullable=False),  # `planned`, `approved`, `done`, `withdrawn`, `recovered`
    Column("planned_at", UtcTime, nullable=False),
    Column("planned_by", ExactText, nullable=False),
    Column("reason", ExactText, nullable=False),
    Column("plan", CanonicalJson, nullable=False),
    Column("plan_sha256", String(64), nullable=False),
    Column("approved_at", UtcTime),
    Column("approved_by", ExactText),
    Column("approval_reason", ExactText),
    Column("done_at", UtcTime),
)

# Since version 2. What stands in the ledger for a file that retention removed from the archive.
tombstones = Table(
    "tombstones",
    metadata,
    Column("transfer", ForeignKey("transfers.id"), primary_key=True),
    Column("run", ForeignKey("retention_runs.id"), nullable=False, index=True),
    Column("path", FileName, nullable=False),
    Column("sha256", String(64)),
    Column("manifest_sha256", String(64)),
    Column("tombstone_sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("begun_by", ExactText, nullable=False),
    Column("removed_at", UtcTime),  # NULL: begun, and perhaps not yet done
)

# Since version 2. The lines of the checkpoints' file, so that one that is gone or edited there shows.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", BigKey, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the line
)

# Millions of rows: plain types, and no foreign key whose check would cost a lookup each.
record_keys = Table(
    "record_keys",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("key_set", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("line", BigInteger),
    # By the key itself: numbers of business documents ascend, so what a file brings stands side by side
    # in the index. By a hash each record would read and write a page of its own, whatever the history.
    Index("record_keys_by_key", "key").ddl_if(dialect="sqlite"),
    Index("record_keys_by_key_hash", "key", info=HASH).ddl_if(dialect="postgresql"),
)

# Plain text columns: the hash is taken over exactly what stands here.
audit = Table(
    "audit",
    metadata,
    Column("sequence", BigKey, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
    Column("reason", Text),
    Column("outcome", Text, nullable=False),
    Column("versions", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_by_object", "object_id", "sequence"),
    Index("audit_by_time", "at"),
)

#: Entries about what the site works with; they are few, however many files there were.
ABOUT_THE_SITE = audit.c.object_type != literal_column("'transfer'")
# since version 2
Index(
    "audit_about_the_site",
    audit.c.action,
    audit.c.sequence,
    sqlite_where=ABOUT_THE_SITE,
    info={"postgresql_where": ABOUT_THE_SITE},
)

#: Failed files that nobody has corrected; written out, for a partial index is found by its very words.
FAILED_OPEN = and_(transfers.c.state == literal_column("'failed'"), transfers.c.superseded_by.is_(None))
# since version 2
Index(
    "transfers_failed_open",
    transfers.c.route,
    transfers.c.reason_code,
    transfers.c.settled_at,
    transfers.c.id,
    sqlite_where=FAILED_OPEN,
    info={"postgresql_where": FAILED_OPEN},
)
