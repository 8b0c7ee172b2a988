"""Sessions of a migration: pinned, and honest about what went wrong."""

import asyncio
from dataclasses import replace

import pytest

from golive.migration.control import check_fence, install_control, raise_fence
from golive.migration.endpoint import PINNED, Endpoint
from golive.migration.errors import ServerFailed, ServerUnreachable, StaleMigration
from golive.secret import Secret


def test_both_kinds_of_session_have_the_pinned_settings(source: Endpoint) -> None:
    """A value has the same text whichever way it is read and whatever the database's own settings are."""
    with source.session("test") as session:
        name = session.execute("SELECT current_database()").fetchone()
        assert name is not None
        session.execute(f"ALTER DATABASE {name[0]} SET datestyle = 'SQL, DMY'".encode())
    with source.session("test") as session:
        found = {name: session.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in PINNED}

    async def streamed() -> dict[str, tuple[str]]:
        async with source.stream("test") as connection:
            return {name: (await connection.fetchval("SELECT current_setting($1)", name),) for name in PINNED}

    assert found["datestyle"] == ("ISO, YMD",)
    assert found["search_path"] == ("pg_catalog",)
    assert asyncio.run(streamed()) == found


def test_a_refused_statement_is_told_from_a_lost_server(source: Endpoint) -> None:
    """What the server refuses is final; a session that it ends, or that cannot be had, may be asked again."""
    with pytest.raises(ServerFailed), source.session("test") as session:
        session.execute("SELECT 1/0")
    with pytest.raises(ServerUnreachable), source.session("test") as session:
        session.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(ServerUnreachable) as caught, replace(source, password=Secret("wrong")).session("test"):
        pass
    assert "wrong" not in str(caught.value)

    async def refused(statement: str) -> None:
        async with source.stream("test") as connection:
            await connection.execute(statement)

    with pytest.raises(ServerFailed):
        asyncio.run(refused("SELECT 1/0"))
    with pytest.raises(ServerUnreachable):
        asyncio.run(refused("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_lower_token_cannot_commit(target: Endpoint) -> None:
    """Once a newer worker has raised the fence, a transaction of the older one is refused."""
    with target.session("test") as session:
        install_control(session)
        install_control(session)
        raise_fence(session, 5)
        check_fence(session, 5)
        with pytest.raises(StaleMigration) as caught:
            raise_fence(session, 4)
    assert caught.value.data == {"highest": 5, "token": 4}
