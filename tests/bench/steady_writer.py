"""An application that writes at a steady rate until it is refused: ``python -m tests.bench.steady_writer``.

The database comes by libpq's variables, ``RATE`` are transactions per second over ``SESSIONS`` sessions. Every order
whose commit was acknowledged is a line of the file ``ACKNOWLEDGED``. What it prints as JSON: the number of
acknowledged orders, the longest and the median wait for one, and the SQLSTATE that ended it.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from statistics import median

import psycopg

FIRST = 10_000_000


def main() -> int:
    sessions, rate = int(os.environ["SESSIONS"]), float(os.environ["RATE"])
    waits: list[float] = []
    ends: list[str] = []
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    with Path(os.environ["ACKNOWLEDGED"]).open("w", encoding="utf-8") as file:

        def write(number: int) -> None:
            ends.append(_write(number, sessions, rate / sessions, waits, file.write, stop))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    said = {"acknowledged": len(waits), "longest": max(waits), "median": median(waits), "ended": sorted(set(ends))}
    print(json.dumps(said))
    return 0


def _write(number: int, step: int, rate: float, waits: list[float], note: object, stop: threading.Event) -> str:
    """Inserts orders number, number + step, …, each with a change of its customer."""
    order = FIRST + number
    began = time.monotonic()
    with psycopg.connect("", autocommit=True, connect_timeout=10) as session:
        done = 0
        while not stop.is_set():
            asked = time.monotonic()
            try:
                with session.transaction():
                    session.execute("INSERT INTO shop.ord VALUES (%s, 1 + %s %% 50000, 1.5)", (order, order))
                    session.execute("UPDATE shop.cust SET nm = %s WHERE no = 1 + %s %% 50000", (str(order), order))
            except psycopg.Error as error:
                return error.sqlstate or "lost"
            note(f"{order}\n")  # type: ignore[operator]
            waits.append(time.monotonic() - asked)
            order, done = order + step, done + 1
            time.sleep(max(0.0, began + done / rate - time.monotonic()))
    return "stopped"


if __name__ == "__main__":
    sys.exit(main())
