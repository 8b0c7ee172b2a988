"""Data that nobody can change by accident: events are handed out again and again from one cache.

The frozen kinds stay ``dict`` and ``list``, so they compare with, and are written as, ordinary JSON values.
"""

from typing import Any, NoReturn


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("recorded data never changes; make a copy with dict(…) or list(…)")


class FrozenDict(dict[str, Any]):
    """A ``dict`` that refuses every change; ``copy``, ``|`` and ``dict(…)`` give ordinary ones."""

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self),))

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenDict":
        return self


class FrozenList(list[Any]):
    """A ``list`` that refuses every change; ``copy``, ``+`` and ``list(…)`` give ordinary ones."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenList, (list(self),))

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenList":
        return self


def freeze(value: Any) -> Any:
    """``value``, as parsed from JSON, with every object and array in its frozen kind."""
    if isinstance(value, dict):
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list):
        return FrozenList(freeze(item) for item in value)
    return value
