"""The ledger on a real PostgreSQL server, made and run by the tests."""
