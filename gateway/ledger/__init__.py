"""The durable store of transfers, streams, keys, deliveries and the audit trail; all SQL is here."""
