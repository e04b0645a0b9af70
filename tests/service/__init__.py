"""The service: lanes, signals, reload, systemd, logs."""
