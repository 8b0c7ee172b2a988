"""What the edge itself refuses. Airflow does not try any of these again, see ``retries.py``.

InputError    SettingMissing, ConnectionUnusable
RefusedError  NobodyToAsk, QuestionOutdated, GateClosed
TargetError   ChildEnded, Unhealthy
"""

from golive.errors import InputError, RefusedError, TargetError
from golive.texts import text


class SettingMissing(InputError):
    """Data: ``name`` of the environment variable."""

    key = "edge.setting_missing"


class ConnectionUnusable(InputError):
    """Data: ``name``, ``type``, ``known``."""

    key = "edge.connection_unusable"


class NobodyToAsk(RefusedError):
    """Data: ``stage``, ``kind``."""

    key = "edge.nobody_to_ask"


class QuestionOutdated(RefusedError):
    """Airflow shows the question of an earlier attempt. Data: ``stage``, ``kind``."""

    key = "edge.question_outdated"


class GateClosed(RefusedError):
    """Data: ``stage``, ``kind``, ``state`` (returned, stopped, expired, ended), ``person``, ``reason``."""

    def message(self, locale: str) -> str:
        return text(f"edge.gate_{self.data['state']}", locale, **self.data)


class ChildEnded(TargetError):
    """Data: ``stage``, ``run``, ``state``."""

    key = "edge.child_ended"


class Unhealthy(TargetError):
    """Data: ``environment``, ``findings``."""

    key = "edge.unhealthy"
