"""What the stack says while it works, in the language of whoever asked."""

from collections.abc import Callable

from golive.cli.locale import locale_of
from golive.texts import text

Say = Callable[[str], None]
"""Takes one line for a person; called from several threads."""

Tell = Callable[..., None]
"""Takes a key of ``texts/<locale>/stack.toml`` and its facts."""


def telling(say: Say) -> Tell:
    """A ``Tell`` that speaks through ``say``, in the language of the command that runs now."""
    locale = locale_of()

    def tell(key: str, /, **facts: object) -> None:
        say(text(f"stack.{key}", locale, **facts))

    return tell
