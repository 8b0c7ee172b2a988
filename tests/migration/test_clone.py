"""A schema made on an empty target, whole and in one transaction; and large objects."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from golive.migration.catalogue import read_catalogue
from golive.migration.clone import clone_schema, differences, plain_script
from golive.migration.control import install_control, raise_fence
from golive.migration.endpoint import Endpoint
from golive.migration.errors import CloneFailed, CloneRefused, StaleMigration
from golive.migration.large_objects import copy_large_objects
from golive.migration.settings import Migration
from golive.secret import Secret
from tests.domain.conftest import Postgres
from tests.migration.test_catalogue import SCHEMA


@pytest.fixture
def pg_dump(postgres: Postgres) -> Path:
    return Path(postgres._package.bin_path / "pg_dump")


@pytest.fixture
def role(postgres: Postgres) -> Iterator[str]:
    name = f"r{secrets.token_hex(4)}"
    with postgres.connect("postgres") as session:
        session.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'w'")
    yield name
    with postgres.connect("postgres") as session:
        session.execute(f"DROP ROLE {name}")


def apply(endpoint: Endpoint, script: str) -> None:
    with endpoint.session("test") as session:
        session.execute(script.encode())


def test_a_clone_is_the_same_and_is_made_once(source: Endpoint, target: Endpoint, pg_dump: Path) -> None:
    """Tables, types, keys, triggers, partitions and comments are the source's; the second call makes nothing."""
    apply(source, SCHEMA)
    apply(source, "COMMENT ON TABLE crm.customer IS '고객'")
    assert clone_schema(source, target, pg_dump)
    assert not clone_schema(source, target, pg_dump)
    with source.session("test") as there, target.session("test") as here:
        wanted, found = read_catalogue(there), read_catalogue(here)
        comment = here.execute("SELECT obj_description('crm.customer'::regclass)").fetchone()
    assert differences(wanted, found) == ()
    assert (wanted.enums, wanted.domains, wanted.sequences) == (found.enums, found.domains, found.sequences)
    assert comment == ("고객",)


def test_what_stands_in_the_way_is_named_and_kept(source: Endpoint, target: Endpoint, pg_dump: Path) -> None:
    """A target with another schema is refused, and nothing is made beside it."""
    apply(source, SCHEMA)
    apply(target, "CREATE TABLE public.mine (id int)")
    with pytest.raises(CloneRefused, match=r"public\.mine"):
        clone_schema(source, target, pg_dump)
    with target.session("test") as session:
        assert [name.name for name in read_catalogue(session).tables] == ["mine"]


def test_a_newer_worker_stops_the_clone(source: Endpoint, target: Endpoint, pg_dump: Path) -> None:
    """The whole schema is one transaction that respects the fence."""
    apply(source, SCHEMA)
    with target.session("test") as session:
        install_control(session)
        raise_fence(session, 9)
    with pytest.raises(StaleMigration):
        clone_schema(source, target, pg_dump, token=8)
    with target.session("test") as session:
        assert not read_catalogue(session).tables


@pytest.mark.parametrize("body", [None, "exit 3", "exec sleep 60"])
def test_a_program_that_does_not_do_it_is_told(
    source: Endpoint, target: Endpoint, tmp_path: Path, body: str | None
) -> None:
    """A missing, failing or endless program is an error of its own and changes nothing."""
    apply(source, SCHEMA)
    program = tmp_path / "pg_dump"
    if body is not None:
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o700)
    with pytest.raises(CloneFailed) as caught:
        clone_schema(source, target, program, seconds=1)
    assert str(program) in caught.value.message("ko")


def test_the_password_stays_in_the_environment(source: Endpoint, target: Endpoint, tmp_path: Path) -> None:
    """No argument of the program holds the password, and no error shows it."""
    apply(source, SCHEMA)
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\necho "$PGPASSWORD" > {tmp_path}/known\nexit 1\n')
    program.chmod(0o700)
    assert source.password is not None
    with pytest.raises(CloneFailed) as caught:
        clone_schema(source, target, program)
    assert source.password.reveal() not in (tmp_path / "words").read_text() + str(caught.value)
    assert (tmp_path / "known").read_text().strip() == source.password.reveal()


def test_an_ordinary_owner_clones_with_privileges(
    role: str, postgres: Postgres, source: Endpoint, target: Endpoint, pg_dump: Path
) -> None:
    """A login that owns its tables on the source and its database on the target needs to be nothing more."""
    apply(source, f"CREATE SCHEMA crm AUTHORIZATION {role}")
    apply(source, f"SET ROLE {role}; CREATE TABLE crm.t (id int PRIMARY KEY); GRANT SELECT ON crm.t TO {role}")
    with postgres.connect("postgres") as session:
        session.execute(f"ALTER DATABASE {target.database} OWNER TO {role}")
    old, new = (replace(side, user=role, password=Secret("w")) for side in (source, target))
    assert clone_schema(old, new, pg_dump)
    with new.session("test") as session:
        assert [str(name) for name in read_catalogue(session).tables] == ["crm.t"]


def test_only_the_dump_s_own_guard_is_taken_out() -> None:
    """Lines that look like it, in a function's text, stay."""
    script = "\\restrict aB1\nSET transaction_timeout = 0;\nSELECT '\n\\restrict other\n';\n\\unrestrict aB1\n"
    assert plain_script(script, 160000) == "\n\nSELECT '\n\\restrict other\n';\n\n"
    assert "transaction_timeout" in plain_script(script, 170000)


def test_large_objects_keep_their_numbers(source: Endpoint, target: Endpoint) -> None:
    """Each is the same on both sides however long, and what the source no longer has goes."""
    apply(
        source, "SELECT lo_from_bytea(4711, ''); SELECT lo_from_bytea(4712, convert_to(repeat('가나', 500000), 'UTF8'))"
    )
    apply(target, "SELECT lo_from_bytea(4711, 'old'); SELECT lo_from_bytea(1, 'gone')")
    with target.session("test") as session:
        install_control(session)
    migration = Migration("m", source, target, (), "sha256:0")
    assert [copy_large_objects(migration) for _ in range(2)] == [2, 2]
    asked = b"SELECT oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid"
    with source.session("test") as there, target.session("test") as here:
        assert there.execute(asked).fetchall() == here.execute(asked).fetchall()
