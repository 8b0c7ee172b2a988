"""The ledger's first form: four tables that only grow.

Revision ID: 0001
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE ledger.event (
    stream   text        NOT NULL CHECK (stream <> ''),
    sequence bigint      NOT NULL CHECK (sequence > 0),
    kind     text        NOT NULL CHECK (kind <> ''),
    data     text        NOT NULL,
    actor    text        NOT NULL CHECK (actor <> ''),
    at       timestamptz NOT NULL,
    digest   text        NOT NULL,
    PRIMARY KEY (stream, sequence)
);
CREATE TABLE ledger.batch (
    stream    text   NOT NULL,
    number    bigint NOT NULL CHECK (number > 0),
    first     bigint NOT NULL CHECK (first > 0),
    last      bigint NOT NULL CHECK (last >= first),
    contents  text   NOT NULL,
    evidence  text   NOT NULL,
    head      text   NOT NULL,
    previous  text   NOT NULL,
    client    text   NOT NULL UNIQUE,
    digest    text   NOT NULL,
    key       text   NOT NULL,
    signature text   NOT NULL,
    PRIMARY KEY (stream, number)
);
CREATE TABLE ledger.evidence (
    digest     text   PRIMARY KEY,
    size       bigint NOT NULL CHECK (size >= 0),
    media_type text   NOT NULL
);
CREATE TABLE ledger.evidence_chunk (
    digest  text    NOT NULL,
    number  integer NOT NULL CHECK (number >= 0),
    content bytea   NOT NULL,
    PRIMARY KEY (digest, number)
);
-- Evidence is mostly packed already; trying to compress it again costs time and gains nothing.
ALTER TABLE ledger.evidence_chunk ALTER COLUMN content SET STORAGE EXTERNAL;
"""

_REFUSAL = """
CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger only grows: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
"""

# ALWAYS: session_replication_role = replica would switch an ordinary trigger off.
_TRIGGER = """
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER only_grows;
GRANT SELECT, INSERT ON ledger.{table} TO golive_writer;
GRANT SELECT ON ledger.{table} TO golive_reader;
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_REFUSAL)
    for table in ("event", "batch", "evidence", "evidence_chunk"):
        op.execute(_TRIGGER.format(table=table))
    op.execute("GRANT USAGE ON SCHEMA ledger TO golive_writer, golive_reader")
