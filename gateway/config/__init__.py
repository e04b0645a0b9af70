"""Site and route configuration: schema, loading, problems with file and line."""
