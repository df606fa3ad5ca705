"""The tables of a state file, the versions it carries, and how it is opened; what cannot be opened ends in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from custlib.engine.connection import connect, quoted
from custlib.i18n import Problem, Trouble

SCHEMA = 1  # what tables and columns a state has
RULES = 1  # what the numbers in them mean
ORDER = {"order_day": "DATE", "order_ts": "TIMESTAMP", "channel": "VARCHAR", "is_order": "INTEGER", "gross_amount": "DECIMAL(18,2)",
         "returned_amount": "DECIMAL(18,2)", "sale_lines": "BIGINT", "return_lines": "BIGINT", "items": "DECIMAL(18,4)",
         "deal_lines": "BIGINT", "taken_off": "DECIMAL(18,2)", "discount_known": "INTEGER"}
DAY = {"order_day": "DATE", "purchases": "BIGINT", "orders": "BIGINT", "gross_amount": "DECIMAL(18,2)", "returned_amount": "DECIMAL(18,2)"}
ADDED = {"purchases": "BIGINT", "orders": "BIGINT", "order_days": "BIGINT", "gross_amount": "DECIMAL(18,2)", "returned_amount": "DECIMAL(18,2)",
         "weekend": "BIGINT", "night": "BIGINT", "office": "BIGINT", "sale_lines": "BIGINT", "line_orders": "BIGINT", "items": "DECIMAL(18,4)",
         "item_orders": "BIGINT", "deal_lines": "BIGINT", "taken_off": "DECIMAL(18,2)"}
SUM = {"first_day": "DATE", "last_day": "DATE", **ADDED}
SHAPE = {"gaps": "BIGINT", "gap_mean_days": "DOUBLE", "gap_median_days": "DOUBLE", "gap_cv": "DOUBLE", "gap_longest_days": "INTEGER",
         "channels": "BIGINT", "top_channel": "VARCHAR", "top_channel_share": "DOUBLE"}
BATCH = {"place": "INTEGER", "content": "VARCHAR", "orders": "BIGINT", "new": "BIGINT", "corrected": "BIGINT", "first_day": "DATE",
         "last_day": "DATE"}
ERASED = {"who": "VARCHAR", "until": "DATE"}
TABLES = ("meta", "batches", "order_index", "order_days", "sums", "shapes", "erased")


@dataclass(frozen=True)
class Meta:
    """What a state says of itself: versions, the types of ids, whether orders come with lines, and the salt of erased ids."""

    schema: int
    rules: int
    order_type: str
    customer_type: str
    lines: bool
    salt: str


@contextmanager
def opened(state: Path, *, write: bool = False, memory: str = "1GB", threads: int | None = None,
           spill: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a state file as the database ``state`` of an in-memory connection.

    Parameters
    ----------
    write : bool
        Open it to be changed; a file that is not there is then made.

    Raises
    ------
    Problem
        There is no such file, or it is no state.
    Trouble
        Another process has it open, or there is no room.
    """
    if not write and not state.is_file():
        raise Problem("state_missing", file=state.name)
    if write and not state.parent.is_dir():
        raise Problem("state_folder", file=state.name, folder=str(state.parent))
    db = connect(memory=memory, threads=threads, spill=spill)
    try:
        db.execute("SET enable_progress_bar = false")
        attach(db, state, write=write)
        yield db
    except duckdb.Error as error:
        raise trouble(error, state, memory) from error
    finally:
        _closed(db, state)


def attach(db: duckdb.DuckDBPyConnection, state: Path, *, write: bool = False, name: str = "state") -> None:
    """Attach a state file; say in a sentence what is wrong where that fails."""
    try:
        db.execute(f"ATTACH {quoted(state)} AS {name} ({'READ_WRITE' if write else 'READ_ONLY'})")
    except duckdb.Error as error:
        raise trouble(error, state, "") from error


def _closed(db: duckdb.DuckDBPyConnection, state: Path) -> None:
    try:
        db.close()
    except duckdb.Error as error:  # the last write of what is committed already: it stands in the log beside the file
        raise trouble(error, state, "") from error


def trouble(error: Exception, state: Path, memory: str) -> Exception:
    """Give the sentence for what DuckDB says of a state file."""
    words = str(error)
    if "lock" in words or "handle conflict" in words or "already attached" in words or isinstance(error, duckdb.TransactionException):
        return Trouble("state_busy", file=state.name)
    if isinstance(error, duckdb.OutOfMemoryException):
        return Trouble("engine_memory", memory=memory)
    if "not a valid DuckDB" in words or "Serialization" in type(error).__name__ or "newer version" in words:
        return Problem("state_not_one", file=state.name)
    if isinstance(error, duckdb.IOException | duckdb.FatalException):
        return Trouble("state_no_room", file=state.name)
    return error


def create(db: duckdb.DuckDBPyConnection, meta: Meta, *, name: str = "state") -> None:
    """Make the tables of an empty state, inside the transaction that is open."""
    order, customer = {"order_id": meta.order_type}, {"customer_id": meta.customer_type}
    columns = {"batches": BATCH, "order_index": order | customer | ORDER, "order_days": customer | DAY, "sums": customer | SUM,
               "shapes": customer | SHAPE, "erased": ERASED}
    for table, one in columns.items():
        db.execute(f"CREATE TABLE {name}.{table} ({', '.join(f'{column} {kind}' for column, kind in one.items())})")
    db.execute(f"CREATE TABLE {name}.meta (schema INTEGER, rules INTEGER, order_type VARCHAR, customer_type VARCHAR, lines BOOLEAN, salt VARCHAR)")
    db.execute(f"INSERT INTO {name}.meta VALUES (?, ?, ?, ?, ?, ?)", [SCHEMA, RULES, meta.order_type, meta.customer_type, meta.lines, meta.salt])


def meta_of(db: duckdb.DuckDBPyConnection, state: Path, *, any_rules: bool = False) -> Meta | None:
    """Read what a state says of itself; None for a file without a table.

    Raises
    ------
    Problem
        It is another's database, or of another version: the sentence gives the command to run.
    """
    try:
        schema, rules = db.execute("SELECT schema, rules FROM state.meta").fetchall()[0]
    except (duckdb.CatalogException, duckdb.BinderException, IndexError) as error:
        if db.execute("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'state'").fetchall()[0][0]:
            raise Problem("state_not_one", file=state.name) from error
        return None
    if schema != SCHEMA:
        raise Problem("state_schema", file=state.name, got=schema, want=SCHEMA)
    if rules != RULES and not any_rules:
        raise Problem("state_rules", file=state.name, got=rules, want=RULES)
    return Meta(*db.execute("SELECT schema, rules, order_type, customer_type, lines, salt FROM state.meta").fetchall()[0])
