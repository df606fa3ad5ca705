"""Copy a stream of rows to Parquet, first as text and then in the types that every value of a column keeps."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from custlib.engine import connect
from custlib.i18n import Problem

FIRST, MOST, BYTES = 1_000, 50_000, 16_000_000  # rows of the first batch, of any batch, and what a batch should weigh
LONG_BYTES = 64
Fetch = Callable[[int], list[tuple]]


def check_names(names: list[str], place: str) -> None:
    """Refuse a result that has no column, or two of one name."""
    if not names:
        raise Problem("database_empty", file=place, columns="–")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        places = ", ".join(str(i + 1) for i, name in enumerate(names) if name == twice[0])
        raise Problem("database_twins", file=place, column=twice[0], places=places)


def write(fetch: Fetch, names: list[str], target: Path, place: str) -> None:
    """Write what `fetch` gives as ``source_row`` (from 1), ``broken`` and text columns ``c0`` …, in batches of about 16 MB.

    Raises
    ------
    Problem
        There is no row, or two columns have one name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_names(names, place)
    form = pa.schema([("source_row", pa.int64()), ("broken", pa.string()), *((f"c{i}", pa.string()) for i in range(len(names)))])
    done, size = 0, FIRST
    with pq.ParquetWriter(target, form) as out:
        while rows := fetch(size):
            numbers = pa.array(range(done + 1, done + len(rows) + 1), pa.int64())
            table = pa.table([numbers, pa.nulls(len(rows), pa.string()), *map(_column, zip(*rows, strict=True))], schema=form)
            out.write_table(table)
            done += len(rows)
            size = min(MOST, max(1, BYTES * len(rows) // table.nbytes))
    if not done:
        raise Problem("database_empty", file=place, columns=", ".join(names))


def _column(values: tuple) -> object:
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pa.array(values, pa.string())
    if kinds == {int}:
        return pa.array(values, pa.int64()).cast(pa.string())
    return pa.array([None if value is None else text(value) for value in values], pa.string())


def text(value: object) -> str:
    """Write a value as text, exactly; bytes in hex, and longer ones than 64 by their SHA-256.

    Examples
    --------
    >>> text(17850.0), text(0.1), text(b"\\x01\\xff"), text(bytes(65))[:12]
    ('17850', '0.1', '01ff', 'sha256:98ce4')
    """
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, bytes):
        return value.hex() if len(value) <= LONG_BYTES else f"sha256:{hashlib.sha256(value).hexdigest()}"
    return str(value)


def typed(came: Path, wanted: list[list[str]], target: Path, *, memory: str, spill: Path) -> list[str]:
    """Copy a Parquet of text to `target` with each column in the first type of its list that all its values have, and give the types.

    A column with one value beyond its type (NaN, infinity, a day 0000-00-00) stays text, so that the build can say which row it is.
    """
    scan = f"read_parquet({literal(came)})"
    with connect(memory=memory, spill=spill, ordered=False) as db:
        tests = [(i, kind) for i, kinds in enumerate(wanted) for kind in kinds]
        good = {}
        if tests:
            counts = ", ".join(f"count(*) FILTER (WHERE c{i} IS NOT NULL AND NOT ({_keeps(f'c{i}', kind)}))" for i, kind in tests)
            failed = db.execute(f"SELECT {counts} FROM {scan}").fetchall()[0]
            for (i, kind), bad in zip(tests, failed, strict=True):
                if not bad:
                    good.setdefault(i, kind)
        types = [good.get(i, "VARCHAR") for i in range(len(wanted))]
        cells = ", ".join(f"CAST(c{i} AS {kind}) AS c{i}" for i, kind in enumerate(types))
        db.execute(f"COPY (SELECT source_row, broken, {cells} FROM {scan}) TO {literal(target)} (FORMAT parquet)")
    return types


def _keeps(column: str, kind: str) -> str:
    """Give the SQL that is true where a text is a value of `kind`; days are of the years 1 to 9999."""
    read = f"TRY_CAST({column} AS {kind}) IS NOT NULL"
    return f"{read} AND strpos({column}, '-') = 5" if kind.startswith(("DATE", "TIMESTAMP")) else read


def literal(path: Path) -> str:
    """Write a path as an SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"
