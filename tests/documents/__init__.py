"""The documents room: YAML with positions, problems of a schema in words."""
