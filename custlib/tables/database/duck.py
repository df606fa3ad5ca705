"""DuckDB files: attached for reading only and copied by DuckDB itself, in the types they have."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from custlib.engine import connect
from custlib.i18n import Problem, Trouble
from custlib.tables.database import parquet
from custlib.tables.database.address import Address
from custlib.tables.database.select import quoted
from custlib.tables.declared import Source

MAGIC = b"DUCK"  # bytes 8 to 11
KEPT = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE", "BOOLEAN",
        "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR")


@contextmanager
def opened(address: Address, path: Path, *, memory: str, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach a file as the place where tables are looked up."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise Problem("empty_file", file=path.name)
    if head[8:] != MAGIC:
        raise Problem("database_not_one", file=path.name, kind="DuckDB")
    with connect(memory=memory, spill=spill) as db:
        try:
            db.execute(f"ATTACH {parquet.literal(path)} AS source_file (READ_ONLY)")
        except duckdb.Error as error:
            if (isinstance(error, duckdb.IOException) and "lock" in str(error)) or type(error).__name__ == "ResourceInUseException":
                raise Trouble("database_busy", file=path.name) from None
            raise Problem("database_unopened", file=path.name, kind="DuckDB", version=duckdb.__version__) from None
        db.execute("USE source_file")
        yield db


def tables(db: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """List the tables and views; those of ``main`` need no schema."""
    found = db.execute("SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'source_file'").fetchall()
    return sorted(("" if schema == "main" else schema, name) for schema, name in found)


def quote_table(table: tuple[str, str]) -> str:
    """Write a (schema, table) for SQL."""
    return quoted("source_file", table[0] or "main", table[1])


def copy(db: duckdb.DuckDBPyConnection, sql: str, source: Source, target: Path, place: str, *, memory: str) -> tuple[list[str], list[str]]:
    """Copy a result to Parquet; whole numbers beyond 64 bits become exact decimals, and what has parts becomes text."""
    fields = [(name, str(kind)) for name, kind, *_ in db.execute(f"DESCRIBE {sql}").fetchall()]
    names = [name for name, _ in fields]
    parquet.check_names(names, place)
    inner = [f"c{i}" for i in range(len(names))]
    wide = [i for i, (_, kind) in enumerate(fields) if kind in ("HUGEINT", "UHUGEINT")]
    view = f"(\n{sql}\n) AS result({', '.join(inner)})"
    # a Parquet file has no 128-bit whole number: DuckDB would write a float
    beyond = ", ".join(f"count(*) - count(TRY_CAST(c{i} AS DECIMAL(38,0))) - count(*) FILTER (WHERE c{i} IS NULL)" for i in wide)
    failed = dict(zip(wide, db.execute(f"SELECT {beyond} FROM {view}").fetchall()[0], strict=True)) if wide else {}
    types = ["DECIMAL(38,0)" if failed.get(i) == 0 else _type(kind) for i, (_, kind) in enumerate(fields)]
    cells = [_cell(f"c{i}", kind, types[i]) for i, (_, kind) in enumerate(fields)]
    db.execute(f"COPY (SELECT row_number() OVER () AS source_row, CAST(NULL AS VARCHAR) AS broken, "
               f"{', '.join(cells)} FROM {view}) TO {parquet.literal(target)} (FORMAT parquet)")
    if not db.execute(f"SELECT count(*) FROM read_parquet({parquet.literal(target)})").fetchall()[0][0]:
        raise Problem("database_empty", file=place, columns=", ".join(names))
    return names, types


def _type(kind: str) -> str:
    if kind.startswith("TIMESTAMP_"):  # of seconds, milliseconds or nanoseconds
        return "TIMESTAMP"
    return kind if kind in KEPT or (kind.startswith("DECIMAL") and not kind.endswith("]")) else "VARCHAR"


def _cell(column: str, kind: str, wanted: str) -> str:
    if kind == "BLOB":
        return (f"CASE WHEN octet_length({column}) <= {parquet.LONG_BYTES} THEN lower(hex({column})) "
                f"ELSE 'sha256:' || sha256({column}) END AS {column}")
    return f"CAST({column} AS {wanted}) AS {column}"


def sentence(error: Exception, address: Address, place: str) -> Problem | None:
    """Say in the user's words what DuckDB says of a query, None for what is not DuckDB's (or the disk's)."""
    if not isinstance(error, duckdb.Error) or isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
        return None
    told = isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException)  # others may hold a value
    return Problem("database_query", file=place, detail=str(error).splitlines()[0] if told else type(error).__name__)


def beside(path: Path) -> list[Path]:
    """Give the file that holds the newest rows of `path`, where there are any."""
    wal = path.with_name(path.name + ".wal")
    return [wal] if wal.is_file() and wal.stat().st_size else []
