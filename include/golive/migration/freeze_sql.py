"""The trigger that refuses writes, as SQL; pure.

A statement trigger refuses at once, even a statement that would touch no row; a row trigger beside it, since what
logical replication brings in fires no statement triggers, and since partitions made later have it from their root.
Both are made disabled, long before the night; to switch them takes a lock that no reader holds.
"""

import hashlib

from golive.migration.names import TableName, literal, quoted

REFUSED = "ZG001"
"""The SQLSTATE with which a frozen table refuses a write."""

SETTING = "golive.pass"
"""The setting in which our own sessions show what they know."""

MESSAGE = "golive: 전환 중이라 쓰기를 받지 않습니다. / Writes are closed for the cutover."
HINT = "새 시스템이 열리거나 전환이 취소되면 다시 하십시오. / Try again when the new system is open."

FUNCTION = f"""
CREATE OR REPLACE FUNCTION golive_capture.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $golive$
BEGIN
    IF NOT EXISTS (SELECT FROM golive_capture.freeze
                   WHERE migration = TG_ARGV[0]
                     AND secret = ANY (string_to_array(current_setting('{SETTING}', true), ','))) THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = '{MESSAGE}', HINT = '{HINT}',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    IF TG_LEVEL = 'STATEMENT' THEN RETURN NULL; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $golive$;
REVOKE ALL ON FUNCTION golive_capture.refuse() FROM PUBLIC
"""


def statement_name(migration: str) -> str:
    return f"golive_freeze_{hashlib.sha256(migration.encode()).hexdigest()[:12]}"


def row_name(migration: str) -> str:
    return statement_name(migration) + "_row"


def statement_trigger(migration: str, relation: TableName) -> str:
    name = quoted(statement_name(migration))
    return (
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {relation.sql} FOR EACH STATEMENT"
        f" EXECUTE FUNCTION golive_capture.refuse({literal(migration)});"
        f" ALTER TABLE ONLY {relation.sql} DISABLE TRIGGER {name}"
    )


def row_trigger(migration: str, relation: TableName) -> str:
    name = quoted(row_name(migration))
    return (
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OR DELETE ON {relation.sql} FOR EACH ROW"
        f" EXECUTE FUNCTION golive_capture.refuse({literal(migration)});"
        f" ALTER TABLE {relation.sql} DISABLE TRIGGER {name}"
    )


def switch(relation: TableName, name: str, on: bool) -> str:
    """Of this relation alone; clones in partitions are switched by their own names."""
    return f"ALTER TABLE ONLY {relation.sql} {'ENABLE ALWAYS' if on else 'DISABLE'} TRIGGER {quoted(name)}"
