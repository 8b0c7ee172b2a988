"""The triggers that write down which units change, as SQL; pure.

The function runs with the rights of its owner, who is the migration's role: the application's roles need no right on
our schema. It names every object with its schema, so no search path of a session changes what it does.
"""

from golive.migration.capture.plan import Captured
from golive.migration.endpoint import PINNED
from golive.migration.names import TableName, literal, quoted

TEXT_SETTINGS = ("datestyle", "timezone", "intervalstyle", "extra_float_digits", "bytea_output")


def trigger_name(number: int) -> str:
    return f"golive_capture_{number}"


def truncate_name(number: int) -> str:
    return f"golive_capture_{number}_truncate"


def record_function(items: tuple[Captured, ...], plain: bool) -> str:
    """One function for all that is captured of one table. An update that leaves the unit the same is one row."""
    first, old, new = items[0].number, _units(items, "OLD"), _units(items, "NEW")
    pinned = () if plain else tuple(f"SET {name} = {literal(PINNED[name])}" for name in TEXT_SETTINGS)
    settings = " ".join(("SET search_path = pg_catalog, pg_temp", *pinned))
    body = f"""
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        {_insert(", ".join(f"({item.number}, NULL)" for item in items))}
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        {_insert(old)}
    END IF;
    IF TG_OP = 'INSERT' THEN
        {_insert(new)}
    ELSIF TG_OP = 'UPDATE' THEN
        IF {_moved(items)} THEN
            {_insert(new)}
        END IF;
    END IF;
    RETURN NULL;
END"""
    return (
        f"CREATE OR REPLACE FUNCTION golive_capture.record_{first}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        f" {settings} AS {literal(body)};"
        f" REVOKE ALL ON FUNCTION golive_capture.record_{first}() FROM PUBLIC"
    )


def row_trigger(number: int, relation: TableName) -> str:
    """Fires for each row, in a session that replays a log too; partitions have it from their root."""
    return _trigger(trigger_name(number), "INSERT OR UPDATE OR DELETE", relation, "ROW", number)


def truncate_trigger(number: int, relation: TableName) -> str:
    return _trigger(truncate_name(number), "TRUNCATE", relation, "STATEMENT", number)


def _trigger(name: str, events: str, relation: TableName, level: str, number: int) -> str:
    return (
        f"CREATE TRIGGER {quoted(name)} AFTER {events} ON {relation.sql} FOR EACH {level}"
        f" EXECUTE FUNCTION golive_capture.record_{number}();"
        f" ALTER TABLE {relation.sql} ENABLE ALWAYS TRIGGER {quoted(name)}"
    )


def _insert(values: str) -> str:
    return f"INSERT INTO golive_capture.change (source, unit) VALUES {values};"


def _units(items: tuple[Captured, ...], record: str) -> str:
    return ", ".join(f"({item.number}, {_array(item.unit, record)})" for item in items)


def _array(unit: tuple[str, ...], record: str) -> str:
    if not unit:
        return "NULL"
    return "ARRAY[" + ", ".join(f"{record}.{quoted(name)}::text" for name in unit) + "]"


def _moved(items: tuple[Captured, ...]) -> str:
    """Whether any unit is another than it was; lookups have said so already."""
    units = [item.unit for item in items if item.unit]
    pairs = [f"{_array(unit, 'NEW')} IS DISTINCT FROM {_array(unit, 'OLD')}" for unit in units]
    return " OR ".join(pairs) or "false"
