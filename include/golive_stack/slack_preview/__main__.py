"""Start the preview and say where it listens; SIGTERM and SIGINT end it."""

import argparse
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from golive.texts import LOCALES
from golive_stack.slack_preview.page import Reader
from golive_stack.slack_preview.server import Preview
from golive_stack.slack_preview.store import Store

PREVIEW_CREDENTIAL = "xoxb-preview"
VARIABLE = "GOLIVE_SLACK_TOKEN"
"""The variable with the bot token that callers must give: arguments are shown to every user of a machine."""


def main() -> None:
    given = _parser().parse_args()
    store = Store(given.home / "slack.sqlite")
    store.add_channels(given.channel)
    token = os.environ.get(VARIABLE, PREVIEW_CREDENTIAL)
    with Preview(store, token, given.port, Reader(given.locale, given.timezone)) as server:

        def stop(_number: int, _frame: FrameType | None) -> None:
            threading.Thread(target=server.shutdown).start()  # shutdown waits for the loop that this interrupts

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever(poll_interval=0.1)
    store.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m golive_stack.slack_preview", description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder that keeps the channels")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--channel", action="append", default=[], help="a channel to create; may be repeated")
    parser.add_argument("--locale", choices=LOCALES, default="ko", help="language of the page")
    parser.add_argument("--timezone", type=ZoneInfo, default=ZoneInfo("Asia/Seoul"), help="clock of the page")
    return parser


if __name__ == "__main__":
    main()
