"""The shared installation's docker-compose.yaml: valid, with the embedded stack's settings, and tight with secrets."""

import re

import pytest
from ruamel.yaml import YAML

from golive_stack.home import REPOSITORY
from golive_stack.settings import OTHERS, SHARED, variables

AIRFLOW = ("init", "api-server", "scheduler", "dag-processor", "triggerer", "worker")
OWN = {"AIRFLOW__CORE__EXECUTOR"}  # Celery here, local there


@pytest.fixture(scope="module")
def text():
    return (REPOSITORY / "docker-compose.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose(text):
    return YAML(typ="safe", pure=True).load(text)


@pytest.fixture(scope="module")
def example():
    """The variables that .env.example names."""
    content = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", content, re.MULTILINE))


def test_services_are_those_of_a_shared_installation(compose):
    """Every part is there, each with an image, and all but the one that ends with a health check."""
    services = compose["services"]
    assert set(services) == {"postgres", "redis", *AIRFLOW}
    assert all("image" in service for service in services.values())
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"init"}
    assert compose["x-settings"]["AIRFLOW__CORE__EXECUTOR"].endswith(".RaceFreeCeleryExecutor")


@pytest.mark.parametrize("name", AIRFLOW)
def test_settings_equal_the_embedded_stacks(name, compose):
    """Each Airflow service has exactly the shared settings of the embedded stack, besides what differs by place."""
    wanted = {key: value for key, value in {**OTHERS, **variables(SHARED)}.items() if key not in OWN}
    environment = compose["services"][name]["environment"]
    assert {key: environment.get(key) for key in wanted} == wanted


def test_values_are_text(compose):
    """No value is a number or a truth value, which would reach Airflow in another spelling."""
    environments = [service["environment"] for service in compose["services"].values()]
    assert all(isinstance(value, str) for environment in environments for value in environment.values())


def test_secrets_come_from_the_env_file(text, example):
    """Every variable is named in .env.example, must be given, and has no value there; no secret stands in the file."""
    used = dict(re.findall(r"\$\{([A-Z_]+)(:[?-])", text))
    assert used.keys() == example.keys()
    assert {name for name, rule in used.items() if rule == ":-"} == {"BASE_URL"}
    assert {name for name, value in example.items() if value} == {"BASE_URL"}
    inline = re.findall(r"(?m)^\s+(\w*(?:PASSWORD|SECRET|_KEY|AUTH)\w*): \"(?!\$\{|/|golive_airflow)(.*)\"$", text)
    assert inline == []


def test_tasks_never_get_the_superusers_password(compose):
    """Only PostgreSQL and the first set-up know it: whoever runs tasks cannot change the ledger's rights."""
    knowing = {name for name, service in compose["services"].items() if "POSTGRES_PASSWORD" in str(service)}
    assert knowing == {"postgres", "init"}


def test_only_loopback_is_published(compose):
    """No port is open to the network."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080"]


def test_named_files_and_volumes_exist(compose):
    """The Dockerfile, what it copies, and every mounted volume are there."""
    dockerfile = REPOSITORY / compose["services"]["init"]["build"]["dockerfile"]
    copied = re.findall(r"^COPY (?:--chown=\S+ )?(.+) \S+$", dockerfile.read_text(encoding="utf-8"), re.MULTILINE)
    assert all((REPOSITORY / name).exists() for line in copied for name in line.split())
    mounts = {mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])}
    assert mounts == compose["volumes"].keys()
