"""Retention: removal that is planned, approved and applied; tombstones."""
