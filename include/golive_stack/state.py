"""What is chosen once and remembered: ports, passwords, tokens, and what was already prepared."""

import json
import secrets
from pathlib import Path
from typing import Any

from golive.secret import Secret
from golive_stack.errors import StateUnreadable
from golive_stack.files import write_private
from golive_stack.ports import choose_port


class State:
    """The remembered choices of one home, in a file only its owner reads. Every choice is saved at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._data: dict[str, dict[str, Any]] = {"ports": {}, "passwords": {}, "prepared": {}, "options": {}}
        if file.exists():
            self._data.update(_read(file))

    def port(self, name: str) -> int:
        """The port of ``name``, chosen among the free ones the first time. Raises ``NoFreePort``."""
        ports = self._data["ports"]
        if name not in ports:
            ports[name] = choose_port(taken=frozenset(ports.values()))
            self._save()
        return int(ports[name])

    def password(self, name: str) -> Secret:
        """The password or token of ``name``, made the first time: 24 letters and digits."""
        passwords = self._data["passwords"]
        if name not in passwords:
            passwords[name] = secrets.token_hex(12)
            self._save()
        return Secret(passwords[name])

    def set_password(self, name: str, value: str) -> None:
        """Remember a value that has a form of its own (a Fernet key)."""
        self._data["passwords"][name] = value
        self._save()

    def has_password(self, name: str) -> bool:
        return name in self._data["passwords"]

    def prepared(self, what: str, stamp: str) -> bool:
        """Whether ``what`` was prepared in exactly the form that ``stamp`` describes."""
        return self._data["prepared"].get(what) == stamp

    def set_prepared(self, what: str, stamp: str) -> None:
        self._data["prepared"][what] = stamp
        self._save()

    def option(self, name: str) -> str:
        """A setting of this home, empty when it was never set."""
        return str(self._data["options"].get(name, ""))

    def set_option(self, name: str, value: str) -> None:
        self._data["options"][name] = value
        self._save()

    def _save(self) -> None:
        write_private(self._file, json.dumps(self._data, indent=2, sort_keys=True))


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return {str(part): dict(values) for part, values in data.items()}
    except (OSError, ValueError, TypeError, AttributeError) as cause:
        raise StateUnreadable(file=file, cause=cause) from cause
