"""Caring for the ledger: backup, restore, rebuild, integrity, migrations."""
