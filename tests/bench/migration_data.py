"""What the benches move: one large table as it is common, and twenty related ones."""

from dataclasses import dataclass

TABLE = """
CREATE TABLE {name} (
    id bigint NOT NULL, name text NOT NULL, memo text, extra jsonb, amount numeric(12, 2), at timestamptz NOT NULL)"""
FILL = """
INSERT INTO {name}
SELECT i, '김고객 ' || i, '상담 내용 ' || left(md5(i::text), 20),
       jsonb_build_object('grade', i % 5, 'tag', 't' || i % 97),
       (i % 1000000) * 1.37, timestamptz '2020-01-01' + i * interval '7 seconds'
FROM generate_series({first}, {last}) i"""
KEYS = ("ALTER TABLE {name} ADD CONSTRAINT {name}_pkey PRIMARY KEY (id)", "CREATE INDEX {name}_at ON {name} (at)")


@dataclass(frozen=True)
class Database:
    """``tables`` with their rows; ``keys`` are made after the rows, ``foreign`` after all keys."""

    name: str
    tables: dict[str, int]
    create: tuple[str, ...]
    fill: tuple[str, ...]
    keys: tuple[str, ...]
    foreign: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def large(rows: int) -> Database:
    """About 164 bytes a row: text, Korean, jsonb, numeric, timestamptz; a primary key and one index."""
    return Database(
        f"large_{rows}",
        {"call": rows},
        (TABLE.format(name="call"),),
        (FILL.format(name="call", first=1, last=rows),),
        tuple(key.format(name="call") for key in KEYS),
    )


def related(scale: int) -> Database:
    """Twenty tables in a tree, each row with a parent; the largest has ``scale`` rows, the smallest a fortieth."""
    sizes = {f"t{number:02}": max(1, scale * (number % 8 + 1) // 8 // (1 if number % 3 else 5)) for number in range(20)}
    names = list(sizes)
    parents = {name: names[(place - 1) // 2] for place, name in enumerate(names) if place}
    create = tuple(TABLE.format(name=name)[:-1] + (", parent bigint)" if name in parents else ")") for name in names)
    fill = tuple(
        FILL.format(name=name, first=1, last=size).replace(
            "* interval '7 seconds'",
            f"* interval '7 seconds'{f', 1 + i % {sizes[parents[name]]}' if name in parents else ''}",
        )
        for name, size in sizes.items()
    )
    keys = tuple(key.format(name=name) for name in names for key in KEYS)
    keys += tuple(f"CREATE INDEX {name}_parent ON {name} (parent)" for name in parents)
    foreign = tuple(
        f"ALTER TABLE {name} ADD CONSTRAINT {name}_parent_fk FOREIGN KEY (parent) REFERENCES {parent} (id)"
        for name, parent in parents.items()
    )
    return Database(f"related_{scale}", sizes, create, fill, keys, foreign)
