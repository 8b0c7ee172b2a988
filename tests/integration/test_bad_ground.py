"""What the environment and install stages find before they change anything: refused in words, nothing begun."""

import http.server
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from golive.release.environment import load_environment
from golive.secret import Secret
from golive.stages.api import open_stage, roll_back_release, roll_back_stage, run_step
from golive.stages.catalogue import STAGES
from golive.stages.errors import CheckFailed, StepUnknown
from golive.stages.runtime import Connection
from golive.texts import text
from golive_stack import direct
from golive_stack.databases import example_name
from golive_stack.ports import choose_port
from tests.integration.stage_runs import Edit, Site

pytestmark = pytest.mark.integration
pytest_plugins = ["tests.integration.stage_fixtures"]


def refused(here: Site, release: str, error: type[Exception] = CheckFailed, **more: object) -> str:
    """What the first look of the environment stage says to a release; nothing was asked of people, nothing begun."""
    run = replace(here.opened(release, "environment"), **more)
    with pytest.raises(error) as caught:
        run_step(run, "facts")
    assert roll_back_stage(run).outcome == "rolled_back"
    assert not {"gate.asked", "effect.intended"} & set(here.kinds(release))
    return str(caught.value)


@contextmanager
def placed(here: Site, edit: Edit) -> Iterator[None]:
    """The test environment, changed for a while."""
    here.place("test", edit)
    try:
        yield
    finally:
        here.place("test")


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Somebody else's program on a port, which answers 200 to everything."""

    class Anything(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = http.server.HTTPServer(("127.0.0.1", port), Anything)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def another(here: Site, variable: str) -> tuple[int, Edit]:
    """A free port, and the edit that gives it to a variable of the host."""
    port = choose_port(frozenset())
    old = next(
        line
        for line in here.info.environments["test"].read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(f"{variable}:")
    )
    return port, lambda content: content.replace(old, f"{old.split(':')[0]}: '{port}'")


@pytest.mark.parametrize("variable", ["api_port", "api_check_port"])
def test_a_port_that_somebody_else_holds_is_refused_with_who_it_is(here: Site, variable: str) -> None:
    """Found by the first look; the message names port, program, pid and user."""
    release = here.submit(f"taken-{variable.replace('_', '-')}")
    port, edit = another(here, variable)
    with placed(here, edit), stranger(port):
        said = refused(here, release)
    assert f"{port}" in said
    assert f"pid {os.getpid()}" in said
    assert "pytest" in said


def test_the_old_version_on_its_own_port_is_no_stranger(here: Site) -> None:
    """Version 1 serves on the port that version 2 will have: the first look passes, as at every release."""
    release = here.submit("own-port")
    run = here.opened(release, "environment")
    run_step(run, "facts")
    assert roll_back_stage(run).outcome == "rolled_back"


def test_a_stranger_on_the_check_port_does_not_answer_for_the_new_version(here: Site) -> None:
    """Taken after the first look, by a program that would pass for healthy: the check of the install refuses."""
    release = here.submit("taken-late")
    run = here.until(release, "install", "check")
    port = int(load_environment(here.info.environments["test"]).hosts["app1"].variables["api_check_port"])
    with stranger(port), pytest.raises(CheckFailed, match=str(port)):
        run_step(run, "check")
    assert roll_back_stage(run).outcome == "rolled_back"
    here.roll_back(release)


def test_a_home_that_cannot_be_written_is_refused(here: Site) -> None:
    """Something lies where Golive would write: named with its path, before anybody is asked to approve."""
    release = here.submit("unwritable")
    place = here.host() / "components" / "api" / "incoming"
    place.rename(place.with_name("kept"))
    place.write_text("not a folder")
    try:
        said = refused(here, release)
    finally:
        place.unlink()
        place.with_name("kept").rename(place)
    assert text("stages.unwritable", "ko", folder=place) in said


def test_a_wrong_password_of_a_host_is_refused(here: Site) -> None:
    """The login is named; nobody is asked to approve, and trying again is not promised to help."""
    release = here.submit("wrong-login")
    run = here.runtime(release, "environment")

    def wrong(name: str) -> Connection:
        found = run.connections(name)
        return replace(found, private_key=None, password=Secret("wrong-word")) if name == "golive_test_app1" else found

    said = refused(here, release, connections=wrong)
    assert "app1" in said
    assert "로그인" in said
    assert "wrong-word" not in said


@pytest.mark.parametrize("name", ["golive_test_admin", "golive_test_main"])
def test_a_wrong_password_of_a_database_is_refused(here: Site, name: str) -> None:
    """The administrator's and the application's: found by the first look, with the server and the user."""
    release = here.submit(f"wrong-{name.replace('_', '-')}")
    run = here.runtime(release, "environment")

    def wrong(asked: str) -> Connection:
        found = run.connections(asked)
        return replace(found, password=Secret("wrong-word")) if asked == name else found

    said = refused(here, release, connections=wrong)
    assert "로그인을 거부했습니다" in said
    assert run.connections(name).user in said
    assert "wrong-word" not in said
    for event in here.events(release):
        assert "wrong-word" not in str(event.data)


@pytest.mark.parametrize(
    "address", ["nobody.invalid", "127.0.0.1"], ids=["a name that is nobody's", "an address without listener"]
)
def test_an_unknown_host_is_no_answer(here: Site, address: str) -> None:
    """Nobody knows what a host that does not answer would say: named with its address, tried again, not failed."""
    release = here.submit(f"nowhere-{'name' if address[0] == 'n' else 'port'}")
    port = choose_port(frozenset())
    old = load_environment(here.info.environments["test"]).hosts["app1"].port

    def edit(content: str) -> str:
        return content.replace(f"address: 127.0.0.1\n    port: {old}\n", f"address: {address}\n    port: {port}\n")

    with placed(here, edit):
        said = refused(here, release, StepUnknown)
    assert f"{address}, port {port}" in said


def only_main(content: str) -> str:
    """The environment's text without the old system's database: one is enough to lack a right in."""
    return re.sub(r"(?m)^  legacy:\n(?:    .*\n)+", "", content)


def test_an_administrator_without_rights_is_refused_and_with_them_suffices(here: Site) -> None:
    """Each missing right is named with the statement that gives it; an administrator who has just these, and is no
    superuser, makes role and database, backs up, proves it, and takes all of it back."""
    release = here.submit("lesser")
    run = here.runtime(release, "environment")
    admin = run.connections("golive_test_admin")
    main = run.connections("golive_test_main")

    def lesser(name: str) -> Connection:
        if name == "golive_test_admin":
            return replace(admin, user="lesser", password=Secret("lesser"))
        if name == "golive_test_main":
            return replace(main, user="new_role", database="new_base")
        return run.connections(name)

    def edit(content: str) -> str:
        name, content = example_name("test"), only_main(content)
        return content.replace(f"name: {name}\n", "name: new_base\n").replace(f"role: {name}\n", "role: new_role\n")

    with psycopg.connect(here.info.postgres.url("postgres").reveal(), autocommit=True, connect_timeout=5) as server:
        server.execute("CREATE ROLE lesser LOGIN PASSWORD 'lesser'")
        try:
            with placed(here, edit):
                said = refused(here, release, connections=lesser)
                assert "CREATEDB" in said
                assert "CREATEROLE" in said
                server.execute("ALTER ROLE lesser CREATEDB CREATEROLE")
                again = replace(here.runtime(release, "environment", "2"), connections=lesser)
                direct.run_stage(again, STAGES["environment"])
                owner = "SELECT rolname FROM pg_database d JOIN pg_roles r ON r.oid = datdba WHERE datname = 'new_base'"
                assert server.execute(owner).fetchone() == ("new_role",)
                back = replace(here.runtime(release, "rollback", "2"), connections=lesser)
                open_stage(back)
                assert roll_back_release(back, "test").outcome == "rolled_back"
                gone = "SELECT FROM pg_database WHERE datname = 'new_base'"
                assert server.execute(gone).fetchone() is None
                assert server.execute("SELECT FROM pg_roles WHERE rolname = 'new_role'").fetchone() is None
        finally:
            server.execute("DROP DATABASE IF EXISTS new_base WITH (FORCE)")
            server.execute("DROP ROLE IF EXISTS new_role, lesser")
