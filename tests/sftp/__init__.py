"""Sessions with SFTP servers: a real one, one that follows a script, and a bad line between."""
