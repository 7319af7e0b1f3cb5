"""Scene files: units, schema, expressions, building and running."""
