"""Caring for the ledger: backup, restore, rebuild, and what is looked at before it is trusted."""
