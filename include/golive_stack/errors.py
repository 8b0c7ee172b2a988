"""Why the embedded stack cannot start, stop or answer. All are ``StackError`` leaves (exit 6)."""

from golive.errors import StackError


class PortTaken(StackError):
    """``port`` of ``name`` is held by another program. Data: name, port, holder, file."""

    key = "stack.port_taken"


class NoFreePort(StackError):
    """No port is free in ``low``–``high``."""

    key = "stack.no_free_port"


class ProcessDied(StackError):
    """A process ended while it was to become ready. Data: name, log, tail."""

    key = "stack.process_died"


class NotReady(StackError):
    """A process lives but does not answer in time. Data: name, seconds, why, log, tail."""

    key = "stack.not_ready"


class WillNotStop(StackError):
    """A process survives even KILL. Data: name, pid."""

    key = "stack.will_not_stop"


class Busy(StackError):
    """Another ``up`` or ``down`` works on this home. Data: home, seconds."""

    key = "stack.busy"


class NotUp(StackError):
    """There is no stack in ``home``, or the part asked for is not running. Data: what, home."""

    key = "stack.not_up"


class SetupFailed(StackError):
    """A one-time preparation failed. Data: what, log, tail."""

    key = "stack.setup_failed"


class StateUnreadable(StackError):
    """The remembered ports and passwords cannot be read. Data: file, cause."""

    key = "stack.state_unreadable"


class UnknownProcess(StackError):
    """No such process in the stack. Data: name, known."""

    key = "stack.unknown_process"


class AirflowRefused(StackError):
    """The page's API said no. Data: person, what, status, why."""

    key = "stack.airflow_refused"


class DemoTooSlow(StackError):
    """A run of the demo did not end in time. Data: run, seconds."""

    key = "stack.demo_too_slow"


class DemoEndedOtherwise(StackError):
    """The demo's runs did not end as they should. Data: runs."""

    key = "stack.demo_ended_otherwise"
