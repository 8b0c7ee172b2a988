"""The order of versions."""

_Part = tuple[int, int, str]


def is_older(version: str, than: str) -> bool:
    """Whether a version comes before another.

    Numbers go by value and stand before words; ``2.0`` equals ``2.0.0``; ``2.0.0-rc.1`` comes before ``2.0.0``;
    what follows a ``+`` does not count.
    """
    return _order(version) < _order(than)


def _order(version: str) -> tuple[tuple[_Part, ...], int, tuple[_Part, ...]]:
    main, _, candidate = version.partition("+")[0].partition("-")
    parts = _parts(main)
    while parts and parts[-1] == (0, 0, ""):
        parts = parts[:-1]
    return parts, 0 if candidate else 1, _parts(candidate)


def _parts(text: str) -> tuple[_Part, ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split("."))
