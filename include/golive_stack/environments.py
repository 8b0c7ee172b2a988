"""The environment files of the example, with this stack's ports, keys and tools."""

import io
import sys
from typing import Any

from ruamel.yaml import YAML

from golive_stack.databases import ENVIRONMENTS, example_name, legacy_name
from golive_stack.files import write_private
from golive_stack.home import Home
from golive_stack.hosts import StackHost
from golive_stack.postgres import BINARIES
from golive_stack.state import State

_TITLES = {"test": {"ko": "테스트", "en": "Test"}, "production": {"ko": "운영", "en": "Production"}}
_TOOLS = ("pg_dump", "pg_restore", "psql")
_NOTE = "# Written by `golive up`: the ports, host keys and tools of the embedded stack. Do not edit.\n"


def write(home: Home, state: State, hosts: tuple[StackHost, ...]) -> None:
    """``environments/<name>.yaml`` for each environment of the example."""
    for environment in ENVIRONMENTS:
        own = tuple(host for host in hosts if host.row.environment == environment)
        stream = io.StringIO()
        yaml = YAML()
        yaml.width = 1_000
        yaml.dump(describe(state, environment, own), stream)
        write_private(home.environments / f"{environment}.yaml", _NOTE + stream.getvalue(), mode=0o644)


def describe(state: State, environment: str, hosts: tuple[StackHost, ...]) -> dict[str, Any]:
    """The file as data, in the format of ``examples/contact_center/environments``."""
    front = next(host for host in hosts if host.row.balancer)
    name, legacy = example_name(environment), legacy_name(environment)
    return {
        "schema": 1,
        "environment": environment,
        "title": _TITLES[environment],
        "timezone": "Asia/Seoul",
        "hosts": {host.row.name: _host(state, host) for host in hosts},
        "databases": {
            "main": _database(environment, "main", name),
            "legacy": _database(environment, "legacy", legacy),
        },
        "balancers": {
            "front": {
                "host": front.row.name,
                "port": state.port(f"balancer-{environment}"),
                "component": "api",
                "upstream_file": "balancer/upstream.conf",
                "reload": ["bin/balancer-reload"],
                "status": ["bin/balancer-status"],
            }
        },
        "variables": {
            "environment_title": _TITLES[environment]["ko"],
            "database_host": "127.0.0.1",
            "database_port": str(state.port("postgres")),
            "database_name": name,
            "database_user": name,
            "legacy_name": legacy,
            "legacy_user": legacy,
        },
        "tools": {**{tool: str(BINARIES / tool) for tool in _TOOLS}, "python": sys.executable},
    }


def _database(environment: str, word: str, name: str) -> dict[str, Any]:
    return {
        "admin": f"golive_{environment}_admin",
        "connection": f"golive_{environment}_{word}",
        "name": name,
        "role": name,
        "host": "app1",
        "backup_keep": 7,
        "backup_maximum_age_hours": 26,
    }


def _host(state: State, host: StackHost) -> dict[str, Any]:
    row = host.row
    described: dict[str, Any] = {
        "role": row.role,
        "address": "127.0.0.1",
        "port": host.port,
        "user": host.user,
        "host_key": host.host_key,
        "connection": f"golive_{row.environment}_{row.name}",
    }
    if row.role == "app":  # all hosts share one loopback here, so each has ports of its own
        ports = {f"api_{kind}port": str(state.port(f"{row.process}/api{kind}")) for kind in ("", "check_")}
        described["variables"] = ports
    return described
