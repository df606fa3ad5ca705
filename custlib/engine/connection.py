"""A DuckDB connection, and the tables of a build folder opened in it."""

from pathlib import Path

import duckdb

from custlib.engine.queries import COLUMNS

TABLES = ("orders", "order_lines", "products", "identity_map")


def connect(*, memory: str = "1GB", threads: int | None = None, spill: Path | None = None,
            ordered: bool = True) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB in zone UTC that spills to `spill` beyond `memory`; all cores write where rows need not stay `ordered`."""
    options = {"memory_limit": memory, "preserve_insertion_order": ordered}
    if threads:
        options["threads"] = threads
    if spill:
        options["temp_directory"] = str(spill)
    db = duckdb.connect(":memory:", config=options)
    db.execute("SET TimeZone = 'UTC'")
    db.execute("SET enable_progress_bar = false")
    return db


def open_tables(db: duckdb.DuckDBPyConnection, build: Path) -> set[str]:
    """Make a view of every table of `build`, with the columns that it lacks blank; give the names of those that are there.

    ``products`` is there as a view in any case.
    """
    have = set()
    for name in TABLES:
        path, wanted, columns = Path(build) / f"{name}.parquet", COLUMNS.get(name, {}), set()
        if path.exists():
            have.add(name)
            columns = {one[0] for one in db.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(path)})").fetchall()}
        elif name != "products":
            continue
        blank = [f"CAST(NULL AS {kind}) AS {column}" for column, kind in wanted.items() if column not in columns]
        select = f"SELECT {', '.join(['*', *blank])} FROM read_parquet({quoted(path)})" if columns else f"SELECT {', '.join(blank)} WHERE false"
        db.execute(f"CREATE VIEW {name} AS {select}")
    return have


def joins_nobody(db: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether the identity map says of itself that it is trivial: then the join through it changes nothing."""
    if "rule" not in {one[0] for one in db.execute("DESCRIBE identity_map").fetchall()}:
        return False
    return db.execute("SELECT min(rule), max(rule), count(*) - count(rule) FROM identity_map").fetchall() == [("trivial", "trivial", 0)]


def quoted(value: Path | str) -> str:
    """Give a path or word as a text of SQL.

    Examples
    --------
    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + str(value).replace("'", "''") + "'"
