CREATE INDEX alert_messages_by_alert ON alert_messages (alert, channel, id);
CREATE INDEX audit_by_link ON audit (previous);
CREATE INDEX audit_by_object ON audit (object_id, sequence);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX deliveries_by_state ON deliveries (state, destination, place);
CREATE INDEX ix_record_key_sets_transfer ON record_key_sets (transfer);
CREATE INDEX ix_streams_route ON streams (route);
CREATE INDEX record_keys_by_hash ON record_keys (hash);
CREATE INDEX remote_files_by_state ON remote_files (route, state, tries, transfer);
CREATE INDEX transfers_by_bytes ON transfers (sha256_head);
CREATE INDEX transfers_by_key ON transfers (interchange_key, route);
CREATE INDEX transfers_by_name ON transfers (name);
CREATE INDEX transfers_by_state ON transfers (route, state, id, size);
CREATE TABLE alert_messages (
    id INTEGER NOT NULL,
    alert TEXT NOT NULL,
    channel TEXT NOT NULL,
    occasion TEXT NOT NULL,
    message TEXT NOT NULL,
    written_at VARCHAR(27) NOT NULL,
    sent_at VARCHAR(27),
    tries INTEGER NOT NULL,
    next_try_at VARCHAR(27),
    last_error TEXT,
    PRIMARY KEY (id)
);
CREATE TABLE alerts (
    "key" TEXT NOT NULL,
    kind TEXT NOT NULL,
    route TEXT,
    text TEXT NOT NULL,
    detail TEXT NOT NULL,
    since VARCHAR(27) NOT NULL,
    seen_at VARCHAR(27) NOT NULL,
    times INTEGER NOT NULL,
    over_at VARCHAR(27),
    PRIMARY KEY ("key")
);
CREATE TABLE arrivals (
    route TEXT NOT NULL,
    name BLOB NOT NULL,
    name_text TEXT NOT NULL,
    first_seen_at VARCHAR(27) NOT NULL,
    last_seen_at VARCHAR(27) NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns VARCHAR(40) NOT NULL,
    inode VARCHAR(40) NOT NULL,
    looks INTEGER NOT NULL,
    unchanged_since FLOAT NOT NULL,
    boot_id TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (route, name)
);
CREATE TABLE attempts (
    transfer TEXT NOT NULL,
    number INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    started_at VARCHAR(27) NOT NULL,
    ended_at VARCHAR(27),
    outcome TEXT,
    detail TEXT,
    PRIMARY KEY (transfer, number),
    FOREIGN KEY(transfer) REFERENCES transfers (id)
);
CREATE TABLE audit (
    sequence INTEGER NOT NULL,
    at VARCHAR(27) NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    host TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    old TEXT,
    new TEXT,
    reason TEXT,
    outcome TEXT NOT NULL,
    versions TEXT NOT NULL,
    previous VARCHAR(64) NOT NULL,
    hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (sequence)
);
CREATE TABLE circuits (
    place TEXT NOT NULL,
    state TEXT NOT NULL,
    failures INTEGER NOT NULL,
    since VARCHAR(27) NOT NULL,
    next_probe_at VARCHAR(27),
    last_error TEXT,
    changed_at VARCHAR(27) NOT NULL,
    PRIMARY KEY (place)
);
CREATE TABLE deliveries (
    place INTEGER NOT NULL,
    transfer TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    destination TEXT NOT NULL,
    "key" TEXT NOT NULL,
    state VARCHAR(16) NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at VARCHAR(27),
    last_error TEXT,
    target BLOB,
    delivered_at VARCHAR(27),
    staged_in TEXT,
    PRIMARY KEY (place),
    CONSTRAINT deliveries_once UNIQUE (transfer, attempt, destination),
    FOREIGN KEY(transfer) REFERENCES transfers (id)
);
CREATE TABLE record_key_sets (
    id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    transfer TEXT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(transfer) REFERENCES transfers (id)
);
CREATE TABLE record_keys (
    id INTEGER NOT NULL,
    hash BIGINT NOT NULL,
    key_set BIGINT NOT NULL,
    "key" TEXT NOT NULL,
    record_type TEXT NOT NULL,
    record BIGINT NOT NULL,
    line BIGINT,
    PRIMARY KEY (id)
);
CREATE TABLE remote_files (
    route TEXT NOT NULL,
    location TEXT NOT NULL,
    name BLOB NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns VARCHAR(40) NOT NULL,
    transfer TEXT NOT NULL,
    state TEXT NOT NULL,
    taken_at VARCHAR(27) NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at VARCHAR(27),
    last_error TEXT,
    missing_since VARCHAR(27),
    PRIMARY KEY (route, location, name, size, mtime_ns),
    FOREIGN KEY(transfer) REFERENCES transfers (id)
);
CREATE TABLE schema_version (
    version INTEGER NOT NULL,
    applied_at VARCHAR(27) NOT NULL,
    gateway_version VARCHAR(32) NOT NULL,
    PRIMARY KEY (version)
);
CREATE TABLE streams (
    stream TEXT NOT NULL,
    route TEXT NOT NULL,
    sender TEXT NOT NULL,
    state TEXT NOT NULL,
    changed_at VARCHAR(27) NOT NULL,
    PRIMARY KEY (stream)
);
CREATE TABLE transfers (
    id TEXT NOT NULL,
    route TEXT NOT NULL,
    partner TEXT NOT NULL,
    message_type TEXT NOT NULL,
    name_text TEXT NOT NULL,
    name BLOB NOT NULL,
    state VARCHAR(16) NOT NULL,
    attempt INTEGER NOT NULL,
    size BIGINT NOT NULL,
    arrived_at VARCHAR(27) NOT NULL,
    source BLOB NOT NULL,
    working_name BLOB NOT NULL,
    mtime_ns VARCHAR(40) NOT NULL,
    inode VARCHAR(40) NOT NULL,
    evidence TEXT NOT NULL,
    companions TEXT NOT NULL,
    sha256 VARCHAR(64),
    output TEXT,
    sha256_head BIGINT,
    format_version TEXT,
    format_digest TEXT,
    config_digest TEXT,
    sender TEXT,
    message_id TEXT,
    control_number TEXT,
    previous_number TEXT,
    interchange_key TEXT,
    stream TEXT,
    records BIGINT,
    verdict TEXT,
    findings TEXT,
    reason_code TEXT,
    reason TEXT,
    settle_as VARCHAR(16),
    settled_path BLOB,
    settled_at VARCHAR(27),
    manifest_sha256 VARCHAR(64),
    held_until VARCHAR(27),
    parent TEXT,
    superseded_by TEXT,
    authorised TEXT,
    changed_at VARCHAR(27),
    PRIMARY KEY (id)
);
