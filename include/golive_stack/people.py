"""The people of the example, and by which role each signs in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from golive_stack.home import REPOSITORY

EXAMPLE = REPOSITORY / "include" / "examples" / "contact_center" / "release-2.0.yaml"

_REQUESTING, _OPERATING = "release_manager", "operator"
ADMIN = "admin"


@dataclass(frozen=True)
class Account:
    """A login of the page. ``role`` is a name of ``golive_airflow.roles.ROLES`` or ``Admin``; ``title`` a full name."""

    name: str
    role: str
    title: str
    email: str


def accounts(manifest: Path = EXAMPLE) -> tuple[Account, ...]:
    """The people of the manifest, an executive who only looks, and the administrator."""
    people = _read(manifest)["people"]
    named = (_account(name, person) for name, person in people.items())
    executive = Account("seo.executive", "viewer", "서임원", "seo.executive@example.com")
    return (*named, executive, Account(ADMIN, "Admin", "관리자", "admin@example.com"))


def channels(manifest: Path = EXAMPLE) -> tuple[str, ...]:
    """The channels that the manifest speaks in, without ``#``."""
    words = _read(manifest)["communication"].values()
    return tuple(sorted({str(word).removeprefix("#") for word in words}))


def _read(manifest: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(manifest.read_text(encoding="utf-8")))


def _account(name: str, person: dict[str, Any]) -> Account:
    roles = person.get("roles") or []
    role = "requester" if _REQUESTING in roles else "operator" if _OPERATING in roles else "approver"
    return Account(name, role, str(person["name"]), str(person.get("email") or f"{name}@example.com"))
