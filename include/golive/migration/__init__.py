"""PostgreSQL to PostgreSQL through a mapping: analysis, bulk load, changes, verification, hand-over, flow-back."""
