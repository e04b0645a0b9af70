"""Format definitions: one declarative model for all physical kinds."""
