"""The Slack preview as a process of the stack."""

import os
import sys

from golive_stack.connections import slack_token
from golive_stack.home import REPOSITORY, Home
from golive_stack.people import channels
from golive_stack.processes import ProcessSpec
from golive_stack.state import State


def specification(home: Home, state: State) -> ProcessSpec:
    """How the preview is run, with the channels of the example. Its token opens nothing but this preview."""
    folder = home.root / "slack"
    folder.mkdir(parents=True, exist_ok=True)
    port = state.port("slack")
    options = ["--home", str(folder), "--port", str(port)]
    options += [word for channel in channels() for word in ("--channel", channel)]
    return ProcessSpec(
        name="slack",
        argv=(sys.executable, "-m", "golive_stack.slack_preview", *options),
        environment={
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(REPOSITORY / "include"),
            "GOLIVE_SLACK_TOKEN": slack_token(state).reveal(),
        },
        folder=folder,
        port=port,
        stop_seconds=3.0,
    )
