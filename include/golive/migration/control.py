"""The engine's own tables. Their rows commit together with what they say.

On the target, schema ``golive_migration``: what was begun, which chunks are in, what was put aside, which passes ran.
On the source, schema ``golive_capture``: the changed units, and whether writes are refused.
The fence is the database's own, ``golive.fence``, which everything that Golive does there respects: a transaction
that finds a higher token than its own is rolled back.
"""

import psycopg

from golive.migration.errors import StaleMigration

CONTROL = "golive_migration"
CAPTURE = "golive_capture"
LOCK = 7_204_119
"""The advisory lock under which these schemas are made and dropped."""

FENCE_TABLE = """
CREATE SCHEMA IF NOT EXISTS golive;
CREATE TABLE IF NOT EXISTS golive.fence (single boolean PRIMARY KEY DEFAULT true CHECK (single), token bigint NOT NULL);
INSERT INTO golive.fence (token) VALUES (0) ON CONFLICT DO NOTHING;
"""

TARGET_TABLES = """
CREATE SCHEMA IF NOT EXISTS golive_migration;
CREATE TABLE IF NOT EXISTS golive_migration.migration (
    name text PRIMARY KEY, fingerprint jsonb NOT NULL, secret text NOT NULL, state text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(), changed_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS golive_migration.chunk (
    migration text NOT NULL, flow text NOT NULL, number integer NOT NULL, relation text NOT NULL,
    condition text NOT NULL, whole boolean NOT NULL, estimate bigint NOT NULL, file bigint,
    rows bigint, bytes bigint, token bigint, done_at timestamptz, PRIMARY KEY (migration, flow, number));
CREATE TABLE IF NOT EXISTS golive_migration.aside (
    migration text NOT NULL, number integer NOT NULL, phase integer NOT NULL, "table" text NOT NULL, name text NOT NULL,
    kind text NOT NULL, create_sql text NOT NULL, drop_sql text NOT NULL, dropped_at timestamptz,
    created_at timestamptz, PRIMARY KEY (migration, number));
CREATE TABLE IF NOT EXISTS golive_migration.pass (
    migration text NOT NULL, number bigint NOT NULL, kind text NOT NULL, snapshot text NOT NULL, units bigint NOT NULL,
    rows bigint NOT NULL, seconds numeric NOT NULL, token bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (migration, number));
CREATE TABLE IF NOT EXISTS golive_migration.throttle (
    migration text PRIMARY KEY, paused boolean NOT NULL DEFAULT false, workers integer, reason text NOT NULL DEFAULT '',
    person text NOT NULL DEFAULT '', at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS golive_migration.held (
    migration text NOT NULL, number integer GENERATED ALWAYS AS IDENTITY, "table" text NOT NULL, name text NOT NULL,
    hold_sql text NOT NULL, release_sql text NOT NULL, later_sql text NOT NULL DEFAULT '',
    held_at timestamptz NOT NULL DEFAULT clock_timestamp(), released_at timestamptz, PRIMARY KEY (migration, number));
CREATE TABLE IF NOT EXISTS golive_migration.changed_unit (
    migration text NOT NULL, flow text NOT NULL, pass bigint NOT NULL, unit text[]);
"""
"""``held``: how a foreign key or trigger of the target is kept while rows are synchronised, and how it was.
``changed_unit``: what passes have changed since the last full verification; NULL is every unit of the flow.
"""

SOURCE_TABLES = """
CREATE SCHEMA IF NOT EXISTS golive_capture;
CREATE TABLE IF NOT EXISTS golive_capture.captured (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, migration text NOT NULL, schema text NOT NULL,
    name text NOT NULL, unit text[] NOT NULL, members oid[], UNIQUE (migration, schema, name, unit));
CREATE TABLE IF NOT EXISTS golive_capture.change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source integer NOT NULL, unit text[], xid xid8)
    WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000);
CREATE TABLE IF NOT EXISTS golive_capture.identity (
    migration text NOT NULL, "table" text NOT NULL, restore_sql text NOT NULL, PRIMARY KEY (migration, "table"));
CREATE TABLE IF NOT EXISTS golive_capture.freeze (
    migration text PRIMARY KEY, secret text NOT NULL, holder bigint NOT NULL DEFAULT 0, frozen_at timestamptz,
    handing_at timestamptz);
"""
"""``captured``: the tables whose changes are wanted, by the columns of a unit; ``members`` are the tables below it.
``change``: one row per change, NULL for every unit; ``xid`` only where we poured it in from the log.
``identity``: what a table's replica identity was. ``freeze``: who passes all the same, and under which fencing token
writes are refused: a worker that was overtaken must not give them back. From ``handing_at`` on only the target knows
whether it was handed over.
"""


def install_control(session: psycopg.Connection) -> None:
    """Makes the target's tables where they are missing."""
    with session.transaction():
        session.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (LOCK,))  # IF NOT EXISTS does not stand a race
        session.execute(FENCE_TABLE)
        session.execute(TARGET_TABLES)


def install_source(session: psycopg.Connection) -> None:
    """Makes the source's tables where they are missing."""
    with session.transaction():
        session.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (LOCK,))
        session.execute(SOURCE_TABLES)


def raise_fence(session: psycopg.Connection, token: int) -> None:
    """From here on, lower tokens are refused. Raises ``StaleMigration`` when ours is lower."""
    with session.transaction():
        session.execute("UPDATE golive.fence SET token = %s WHERE token < %s", (token, token))
        check_fence(session, token)


def check_fence(session: psycopg.Connection, token: int) -> None:
    """Called last in a transaction that changes anything: holds the fence, shared, until its commit."""
    row = session.execute(FENCE).fetchone()
    if row is None or row[0] > token:
        raise StaleMigration(highest=row[0] if row else "-", token=token)


FENCE = "SELECT token FROM golive.fence FOR SHARE"
