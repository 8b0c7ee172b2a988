"""Alembic's entry: runs on the connection that ``golive.ledger.install`` hands over, inside its transaction."""

from alembic import context

from golive.ledger.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()
