"""Physical kinds written from records: what the readers read, the writers write."""
