"""The ledger's tables. The migrations make them; this module only names them for queries."""

import sqlalchemy as sa

SCHEMA = "ledger"
OWNER, WRITER, READER = "golive_ledger_owner", "golive_writer", "golive_reader"

metadata = sa.MetaData(schema=SCHEMA)

event = sa.Table(
    "event",
    metadata,
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    # Text, not JSONB: the digest is over these very bytes, and JSONB would rewrite them. Query it as data::json.
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
)

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    # Digests of the contents of first..last, as JSON: they tell which event was changed, moved or put in.
    sa.Column("contents", sa.Text, nullable=False),
    # Evidence that these events name and that was in the store when they were signed, as JSON.
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("head", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False, unique=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
)

evidence_chunk = sa.Table(
    "evidence_chunk",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
