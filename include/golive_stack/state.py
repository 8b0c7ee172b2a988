"""What is chosen once and remembered: ports, passwords, tokens, and what was already prepared."""

import fcntl
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from golive.secret import Secret
from golive_stack.errors import StateUnreadable
from golive_stack.files import write_private
from golive_stack.ports import choose_port

_PARTS = ("ports", "passwords", "prepared", "options")


class State:
    """The remembered choices of one home, in a file only its owner reads.

    Every choice is saved at once, on top of what other processes saved meanwhile.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._data = _read(file)

    def port(self, name: str) -> int:
        """The port of ``name``, chosen among the free ones the first time. Raises ``NoFreePort``."""
        return int(self._once("ports", name, lambda taken: choose_port(frozenset(taken.values()))))

    def password(self, name: str) -> Secret:
        """The password or token of ``name``, made the first time: 24 hexadecimal digits."""
        return Secret(self._once("passwords", name, lambda _: secrets.token_hex(12)))

    def set_password(self, name: str, value: str) -> None:
        """Remember a value that has a form of its own (a Fernet key)."""
        self._set("passwords", name, value)

    def has_password(self, name: str) -> bool:
        return name in self._data["passwords"]

    def prepared(self, what: str, stamp: str) -> bool:
        """Whether ``what`` was prepared in exactly the form that ``stamp`` describes."""
        return bool(self._data["prepared"].get(what) == stamp)

    def set_prepared(self, what: str, stamp: str) -> None:
        self._set("prepared", what, stamp)

    def option(self, name: str) -> str:
        """A setting of this home, empty when it was never set."""
        return str(self._data["options"].get(name, ""))

    def set_option(self, name: str, value: str) -> None:
        self._set("options", name, value)

    def _once(self, part: str, name: str, make: Callable[[dict[str, Any]], Any]) -> Any:
        if name not in self._data[part]:
            with self._fresh() as data:
                if name not in data[part]:
                    data[part][name] = make(data[part])
        return self._data[part][name]

    def _set(self, part: str, name: str, value: str) -> None:
        with self._fresh() as data:
            data[part][name] = value

    @contextmanager
    def _fresh(self) -> Iterator[dict[str, dict[str, Any]]]:
        """The data as it is on disk now, saved again afterwards; one process at a time."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            data = _read(self._file)
            yield data
            write_private(self._file, json.dumps(data, indent=2, sort_keys=True))
            self._data = data


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else "{}"
        data: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
        data.update({str(part): dict(values) for part, values in json.loads(text).items()})
    except (OSError, ValueError, TypeError, AttributeError) as cause:
        raise StateUnreadable(file=file, cause=cause) from cause
    return data
