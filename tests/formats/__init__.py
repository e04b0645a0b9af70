"""The formats room: definitions, catalogue, checks, selection."""
