"""Great Expectations over the target: suites as values, a checkpoint, and Data Docs without anybody's values."""
