"""Mappings: one format version rewritten as another, by a declared and locked table."""
