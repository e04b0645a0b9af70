"""Sessions with SFTP servers: trust, login, and many requests under way at once."""
