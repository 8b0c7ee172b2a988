"""Installation: roles, rights, and doing it twice."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from golive.ledger import Ledger, create_reader, create_writer, install
from golive.ledger.errors import (
    LedgerNotInstalled,
    LedgerReadOnly,
    LedgerUnreachable,
    LedgerUrlInvalid,
)
from golive.ledger.events import NewEvent
from golive.secret import Secret

_RIGHTS = """
SELECT table_name, privilege_type FROM information_schema.role_table_grants
WHERE grantee = %s AND table_schema = 'ledger'
"""


@pytest.fixture
def empty(postgres: Any) -> Any:
    """A database without a ledger."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)


def test_installing_at_the_same_time(postgres: Any, empty: str) -> None:
    """Four installations of one database at once, and one more later, leave one ledger."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: install(postgres.url(empty)), range(4)))
    install(postgres.url(empty))
    reader = Ledger(postgres.url(empty), signer=None, heads=None)
    assert reader.streams() == ()
    reader.close()


def test_the_owner_may_be_no_superuser(postgres: Any, empty: str) -> None:
    """The database's owner with the right to make roles can install, and its tables are not the owner's own."""
    owner = f"owner_{empty}"
    with postgres.connect(empty) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD 'o'")
        connection.execute(f"ALTER DATABASE {empty} OWNER TO {owner}")
        # The roles belong to the server and are there already; whoever made them has to lend them once.
        connection.execute(f"GRANT golive_ledger_owner, golive_writer, golive_reader TO {owner} WITH ADMIN OPTION")
    url = postgres.url(empty, owner, "o")
    install(url)
    install(url)
    create_writer(url, f"writer_{empty}", Secret("w"))
    with postgres.connect(empty) as connection:
        owners = connection.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'ledger'").fetchall()
        assert owners == [("golive_ledger_owner",)]
        assert connection.execute(
            "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'golive_ledger_owner'"
        ).fetchone() == (False,)


def test_a_writer_may_only_read_and_insert(postgres: Any, ledger_database: str) -> None:
    """The writers' role has INSERT and SELECT and nothing else; the readers' has SELECT."""
    tables = {"event", "batch", "evidence", "evidence_chunk"}
    with postgres.connect(ledger_database) as connection:
        writer = set(connection.execute(_RIGHTS, ("golive_writer",)).fetchall())
        reader = set(connection.execute(_RIGHTS, ("golive_reader",)).fetchall())
    assert writer == {(table, right) for table in tables for right in ("INSERT", "SELECT")}
    assert reader == {(table, "SELECT") for table in tables}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.event SET kind = 'x'",
        "DELETE FROM ledger.batch",
        "TRUNCATE ledger.evidence",
        "ALTER TABLE ledger.event DISABLE TRIGGER ALL",
        "DROP TABLE ledger.event",
        "CREATE TABLE ledger.mine (a int)",
        "SET ROLE golive_ledger_owner",
    ],
)
def test_a_writer_cannot_do_more(postgres: Any, ledger_database: str, statement: str) -> None:
    """A worker's login can neither change rows nor tables nor become their owner."""
    url = postgres.url(ledger_database, "worker", "worker").reveal()
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_a_reader_cannot_append(postgres: Any, ledger: Ledger, ledger_database: str, stream: str) -> None:
    """A reading login reads events, and is refused as read-only even with a key."""
    create_reader(postgres.url(ledger_database), "auditor", Secret("a"))
    ledger.record(stream, NewEvent("x"))
    auditor = Ledger(postgres.url(ledger_database, "auditor", "a"), signer=ledger.signer, heads=None)
    assert len(auditor.read(stream)) == 1
    with pytest.raises(LedgerReadOnly):
        auditor.record(stream, NewEvent("y"))
    auditor.close()


def test_a_writer_gets_a_new_password(postgres: Any, ledger_database: str) -> None:
    """Making a login again changes its password, odd characters included; the old one is refused."""
    name, odd = 'wri"ter', Secret("p'a\"ss %w한")
    for word in (Secret("first"), odd):
        create_writer(postgres.url(ledger_database), name, word)
    parameters = {"host": "127.0.0.1", "port": postgres.port, "dbname": ledger_database, "user": name}
    psycopg.connect(**parameters, password=odd.reveal(), connect_timeout=5).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**parameters, password="first", connect_timeout=5)


def test_passwords_never_reach_the_server_log(postgres: Any, ledger_database: str) -> None:
    """With every statement logged, the new password is not in the log."""
    with postgres.connect(ledger_database) as connection:
        connection.execute(f"ALTER DATABASE {ledger_database} SET log_statement = 'all'")
    create_writer(postgres.url(ledger_database), "logged", Secret("canary-word"))
    log = (postgres.directory / "log").read_text()
    assert "logged" in log
    assert "canary-word" not in log
    with postgres.connect(ledger_database) as connection:
        connection.execute(f"ALTER DATABASE {ledger_database} RESET log_statement")


def test_bad_addresses_and_logins(postgres: Any, empty: str) -> None:
    """A nonsense address, a closed port, a wrong password and an empty database are told, without the password."""
    for text in ("nonsense", "mysql://a:canary@h/d", "postgresql://a:canary@h:port/d", ""):
        with pytest.raises(LedgerUrlInvalid) as invalid:
            Ledger(Secret(text), signer=None, heads=None)
        assert "canary" not in "".join(traceback.format_exception(invalid.value))
    closed = Secret("postgresql://a:canary@127.0.0.1:1/d")
    wrong = postgres.url(empty, "postgres", "canary")
    for url in (closed, wrong):
        with pytest.raises(LedgerUnreachable) as caught:
            Ledger(url, signer=None, heads=None).read("x")
        assert "canary" not in "".join(traceback.format_exception(caught.value))
    bare = Ledger(postgres.url(empty), signer=None, heads=None)
    with pytest.raises(LedgerNotInstalled):
        bare.read("x")
    bare.close()


def test_airflow_writes_addresses_its_own_way(postgres: Any, ledger_database: str, tmp_path: Path) -> None:
    """An address that begins with postgres:// works too."""
    url = Secret(postgres.url(ledger_database).reveal().replace("postgresql://", "postgres://"))
    reader = Ledger(url, signer=None, heads=None)
    assert reader.now().tzinfo is not None
    reader.close()
