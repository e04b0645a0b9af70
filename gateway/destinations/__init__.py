"""Where files go: one protocol, one module per kind."""
