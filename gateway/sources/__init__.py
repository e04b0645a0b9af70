"""Where files come from: one protocol, one module per kind."""
