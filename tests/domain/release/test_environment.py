import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.domain.release.example import environment, environment_problems_of, keys

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb3nrVtzYZ2c2yQp1mYtLq0G5tBv3r0y2n4c1mC8K5e"

REFUSED = {
    "a zone nobody knows": (("Asia/Seoul", "Asia/Soul"), "timezone", "unknown_time_zone"),
    "a zone that climbs": (("Asia/Seoul", "../../etc/passwd"), "timezone", "unknown_time_zone"),
    "a zone that is a folder": (("Asia/Seoul", "Asia"), "timezone", "unknown_time_zone"),
    "a zone with a NUL": (("Asia/Seoul", '"Asia\\0/Seoul"'), "timezone", "unknown_time_zone"),
    "a host twice": (("port: 2202", "port: 2201"), "hosts.app2.address", "host_twice"),
    "a database nowhere": (("host: app1, backup", "host: app9, backup"), "databases.main.host", "unknown_host"),
    "a balancer nowhere": (("host: lb1", "host: lb9"), "balancers.front.host", "unknown_host"),
    "no hosts": (("hosts:", "hosts: {}\nhosst:"), "hosts", "too_few"),
    "a port of 0": (("port: 2201", "port: 0"), "hosts.app1.port", "below_minimum"),
    "an address with a command": (
        ("address: 127.0.0.1", "address: 127.0.0.1;ls"), "hosts.app1.address", "shape_address"),
    "an address that is an option": (
        ("address: 127.0.0.1", "address: -oProxyCommand=x"), "hosts.app1.address", "shape_address"),
    "a login that is an option": (("user: deploy", "user: -l"), "hosts.app1.user", "shape_user"),
    "a password": (("user: deploy", "user: deploy, password: hunter2"), "hosts.app1.password", "unknown_key"),
    "a number for a variable": (
        ('database_port: "5432"', "database_port: 5432"), "variables.database_port", "needs_text"),
    "a variable of two lines": (("environment_title: 운영", 'environment_title: "a\\nb"'),
                                "variables.environment_title", "control_character"),
    "a variable with a hostile name": (("environment_title:", '"a; ls":'), "variables.a; ls", "shape_variable"),
    "a tool that is relative": (("pg_dump: /usr/bin/pg_dump", "pg_dump: pg_dump"), "tools.pg_dump", "shape_absolute"),
    "a tool that climbs": (("pg_dump: /usr/bin/pg_dump", "pg_dump: /usr/../x"), "tools.pg_dump", "shape_absolute"),
    "an upstream file elsewhere": (
        ("upstream_file: balancer/", "upstream_file: ../"), "balancers.front.upstream_file", "shape_host_path"),
    "a database name too long": (
        ("name: contact_center,", f"name: {'가' * 22},"), "databases.main.name", "shape_database_name"),
    "an unknown key": (("hosts:", "proxy: x\nhosts:"), "proxy", "unknown_key"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "path", "key"), REFUSED.values(), ids=REFUSED)
def test_an_environment_that_cannot_work_is_refused(change, path, key):
    """What would fail, or harm, when a host is first reached is found in the file."""
    assert (path, key) in keys(environment_problems_of(change))


def line_of(private):
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


BAD_KEYS = {
    "empty": ('""', "too_short"),
    "a word": ('"any"', "host_key"),
    "a kind without a key": ('"ssh-ed25519 "', "host_key"),
    "a key cut short": (f'"{KEY[:-8]}"', "host_key"),
    "two lines": (f'"{KEY}\\n{KEY}"', "host_key"),
    "with options": (f'"@cert-authority {KEY}"', "host_key"),
    "of another kind than it says": ('"ssh-rsa ' + KEY.split()[1] + '"', "host_key"),
    "not base64": ('"ssh-ed25519 한글"', "host_key"),
    "a fingerprint": ('"SHA256:' + base64.b64encode(b"x" * 32).decode() + '"', "host_key"),
    "a short RSA key": ('"' + line_of(rsa.generate_private_key(65537, 1024)) + '"', "host_key_weak"),
}


@pytest.mark.parametrize(("line", "key"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_only_a_real_public_key_pins_a_host(line, key):
    """A host is never trusted by a key that no host can prove, or that is too weak to prove anything."""
    assert ("hosts.app1.host_key", key) in keys(environment_problems_of((f'"{KEY}"', line)))


@pytest.mark.parametrize("private", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)])
def test_the_other_usual_keys_pin_a_host(private):
    """ECDSA and RSA keys of enough bits are accepted as they are."""
    line = line_of(private)
    assert environment((f'"{KEY}"', f'"{line}"')).hosts["app1"].host_key == line


def test_a_tool_may_live_in_a_folder_of_any_name():
    """A path is quoted wherever it is used, so a home directory in Korean or with a space is fine."""
    place = environment(("python: /usr/bin/python3", 'python: "/home/홍 길동/.venv/bin/python"'))
    assert place.tools["python"] == "/home/홍 길동/.venv/bin/python"
