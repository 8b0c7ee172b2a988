"""What ``bin/balancer-reload`` and ``bin/balancer-status`` run on the host: standard library only, fast to start.

Prints the status as one line of JSON. Exit 1: the balancer refused (its words on standard error, the
old file stays in use); exit 2: it does not answer.
"""

import json
import os
import socket
import sys
from pathlib import Path


def main() -> int:
    try:
        told = json.loads(Path(os.environ["HOME"], "balancer", "control.json").read_text(encoding="utf-8"))
        answer = _ask(told["port"], {"word": told["word"], "ask": sys.argv[1]})
    except (OSError, ValueError) as cause:
        print(f"the balancer does not answer: {cause}", file=sys.stderr)
        return 2
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


def _ask(port: int, question: dict[str, str]) -> dict[str, object]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(json.dumps(question).encode() + b"\n")
        answer = json.loads(connection.makefile("rb").readline())
    return dict(answer)


if __name__ == "__main__":
    sys.exit(main())
