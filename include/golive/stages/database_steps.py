"""Commands for a database's dump and its proof, run on the host that keeps the backups. Passwords come by stdin."""

from collections.abc import Mapping

from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.secret import Secret
from golive.stages.layout import backup_directory


def backup(database: str, where: Mapping[str, str], tool: str, password: Secret, keep: int) -> Command:
    """Dumps ``database`` to a new file; prints its path, digest and size. Older dumps beyond ``keep`` are removed."""
    script = sh(
        """umask 077
PGPASSWORD=$(cat) PGDATABASE={database}; export PGPASSWORD PGDATABASE
mkdir -p {directory} || exit 1
rm -f {directory}/*.part
file={directory}/$(date -u +%Y%m%dT%H%M%SZ)-$$.dump
{tool} --format=custom --no-password --host {host} --port {port} --username {user} --file "$file.part" ||
    { rm -f "$file.part"; exit 1; }
mv "$file.part" "$file"
ls {directory} | grep '[.]dump$' | sort -r | tail -n +{after} | while read -r old; do rm -f {directory}/"$old"; done
echo "$file $(sha256sum <"$file" | cut -d ' ' -f 1) $(wc -c <"$file")"
""",
        directory=backup_directory(database),
        tool=tool,
        database=where["database"],
        host=where["host"],
        port=where["port"],
        user=where["user"],
        after=keep + 1,
    )
    return Command("backup", script, stdin=password)


def restore(
    database: str, where: Mapping[str, str], tools: Mapping[str, str], password: Secret, scratch: str
) -> Command:
    """Restores the newest dump into a fresh database ``scratch``."""
    script = sh(
        """umask 077
PGPASSWORD=$(cat) PGHOST={host} PGPORT={port} PGUSER={user}; export PGPASSWORD PGHOST PGPORT PGUSER
file=$(ls {directory}/*.dump | sort | tail -n 1)
[ -n "$file" ] || { echo 'there is no dump to restore' >&2; exit 1; }
{psql} --no-password --quiet --no-psqlrc -d postgres -c {drop} -c {create} || exit 1
{pg_restore} --no-password --exit-on-error --no-owner --no-acl --dbname {scratch} "$file" || exit 1
echo "$file"
""",
        directory=backup_directory(database),
        host=where["host"],
        port=where["port"],
        user=where["user"],
        psql=tools["psql"],
        pg_restore=tools["pg_restore"],
        drop=f'DROP DATABASE IF EXISTS "{_identifier(scratch)}"',
        create=f'CREATE DATABASE "{_identifier(scratch)}"',
        scratch=scratch,
    )
    return Command("restore", script, stdin=password)


def drop_scratch(where: Mapping[str, str], tools: Mapping[str, str], password: Secret, scratch: str) -> Command:
    script = sh(
        """PGPASSWORD=$(cat) PGHOST={host} PGPORT={port} PGUSER={user}; export PGPASSWORD PGHOST PGPORT PGUSER
{psql} --no-password --quiet --no-psqlrc -d postgres -c {drop}
""",
        host=where["host"],
        port=where["port"],
        user=where["user"],
        psql=tools["psql"],
        drop=f'DROP DATABASE IF EXISTS "{_identifier(scratch)}"',
    )
    return Command("drop_scratch", script, stdin=password)


def _identifier(name: str) -> str:
    return name.replace('"', '""')
