"""An application that writes into the shop at random, as a process of its own: ``python -m tests.migration.writer``.

It ends when its standard input does, or when it is refused for a cutover, and says how many transactions were
acknowledged. The database comes by libpq's own variables. ``RATE`` is the wanted number of transactions per second, 0
as many as go.
"""

import os
import random
import sys
import threading
import time

import psycopg

TABLES = "SET search_path = shop"
STATEMENTS = (
    (20, "INSERT INTO cust VALUES ({a}, 'n{n}', 'e{n}', {grade}) ON CONFLICT DO NOTHING"),
    (30, "INSERT INTO ord SELECT {n}, no, {n} FROM cust WHERE no >= {a} ORDER BY no LIMIT 1 ON CONFLICT DO NOTHING"),
    (20, "UPDATE cust SET nm = 'n{n}', grade = {grade} WHERE no = {a}"),
    (20, "UPDATE ord SET amount = CASE {b} % 9 WHEN 0 THEN -1 ELSE {n} * 0.10 END WHERE cust_no = {a}"),
    (10, "UPDATE ord SET cust_no = (SELECT max(no) FROM cust WHERE no <= {b}) WHERE cust_no = {a} AND {b} > 20"),
    (5, "UPDATE cust SET no = {b} WHERE no = {a} AND NOT EXISTS (SELECT FROM cust WHERE no = {b})"),
    (5, "UPDATE ord SET id = -id WHERE cust_no = {a}"),
    (5, "UPDATE cust SET email = NULL WHERE no = {a}; UPDATE cust SET email = 'e{a}' WHERE no = {b}"),
    (5, "DELETE FROM cust WHERE no = {a}"),
    (5, "DELETE FROM ord WHERE cust_no = {a}"),
    (2, "UPDATE grade SET label = 'l{n}' WHERE code = 'A'"),
    (1, "TRUNCATE ord"),
)


def main() -> int:
    rate = float(os.environ.get("RATE", "0"))
    chance = random.Random(int(os.environ.get("SEED", "0")))
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    done = 0
    with psycopg.connect("", autocommit=True, connect_timeout=10) as session:
        session.execute(TABLES)
        while not stop.is_set():
            try:
                done += _transaction(session, chance)
            except psycopg.Error as error:
                if error.sqlstate != "ZG001":
                    raise
                break
            if rate:
                time.sleep(1 / rate)
    print(done)
    return 0


def _transaction(session: psycopg.Connection, chance: random.Random) -> int:
    """One to four statements; a tenth of them is taken back. 1 when it was acknowledged."""
    weights = [weight for weight, _text in STATEMENTS]
    try:
        with session.transaction():
            for _weight, text in chance.choices(STATEMENTS, weights, k=chance.randint(1, 4)):
                values = {"a": chance.randint(1, 400), "b": chance.randint(1, 400), "n": chance.randint(1, 10**6)}
                session.execute(text.format(**values, grade=chance.choice(("NULL", "'A'", "'B'"))).encode())
            if chance.random() < 0.1:
                raise psycopg.Rollback
    except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
