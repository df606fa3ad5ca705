"""A batch of orders read, checked and brought to what a state keeps of an order, as the temporary table ``staged``."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import duckdb

from custlib.engine import tables_in
from custlib.engine.connection import open_tables, quoted
from custlib.engine.queries import sql_text
from custlib.engine.state.schema import ORDER, RULES, SCHEMA, Meta
from custlib.i18n import Problem

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


def stage(db: duckdb.DuckDBPyConnection, orders: Path, lines: Path | None, work: Path, meta: Meta | None, *, state: Path, memory: str,
          salt: str, say: Callable[[str], object]) -> Meta:
    """Read files of orders into ``staged``; give the types of ids that the state has, or gets from this batch.

    Parameters
    ----------
    work : Path
        An empty folder.
    meta : Meta or None
        Of the state that takes the batch; None: it is the first.

    Raises
    ------
    Problem
        The files are refused, lines are missing or not wanted, or ids do not fit the state's.
    """
    if meta is not None and meta.lines != (lines is not None):
        raise Problem("state_with_lines" if meta.lines else "state_without_lines", file=state.name)
    sale = tables_in.opened(orders, "orders", lines=lines is not None)
    tables_in.take(sale, tables_in.opened(lines, "lines") if lines else None, work, memory=memory, say=say)
    open_tables(db, work)
    db.execute(f"CREATE TEMP VIEW sales AS {sql_text('sales_from_lines' if lines else 'sales_from_orders')}")
    types = dict(db.execute("SELECT column_name, column_type FROM (DESCRIBE SELECT order_id, customer_id FROM orders)").fetchall())
    kinds = {column: "BIGINT" if kind in WHOLE else "VARCHAR" for column, kind in types.items()}
    found = meta or Meta(SCHEMA, RULES, kinds["order_id"], kinds["customer_id"], lines is not None, salt)
    ids = {"order_id": found.order_type, "customer_id": found.customer_type}
    for column, wanted in ids.items():
        _fits(db, column, kinds[column], wanted, orders, state)
    listed = ", ".join([*(f"CAST({column} AS {kind}) AS {column}" for column, kind in ids.items()),
                        *(f"CAST({_known(column, lines)} AS {kind}) AS {column}" for column, kind in ORDER.items())])
    db.execute(f"CREATE TEMP TABLE staged AS SELECT {listed} FROM ({sql_text('state_orders')})")
    if lines:  # an order that has no line is none; said of a known one, it takes that away
        blank = ", ".join(f"CAST({'0' if column.endswith('lines') or column in ('is_order', 'discount_known') else 'NULL'} AS {kind}) AS {column}"
                          for column, kind in ORDER.items() if column not in ("order_day", "order_ts"))
        db.execute(f"INSERT INTO staged BY NAME SELECT {', '.join(f'CAST({column} AS {kind}) AS {column}' for column, kind in ids.items())}, "
                   f"o.order_day, o.order_ts, {blank} FROM orders AS o ANTI JOIN order_lines AS l ON l.order_id = o.order_id")
        db.execute("UPDATE staged SET gross_amount = 0, returned_amount = 0, taken_off = 0 WHERE sale_lines = 0 AND return_lines = 0")
    return found


def content_of(db: duckdb.DuckDBPyConnection) -> str:
    """Give the hash of what ``staged`` holds, whatever the order of its rows and the names of its files.

    It is DuckDB's own, many times faster than a digest; should a later version hash otherwise, a batch that comes again is
    compared order by order, and what is the same changes nothing either.
    """
    columns = ", ".join(("order_id", "customer_id", *ORDER))
    # sums of 64 bits in 128: exact, and the same in any order
    sums = ", ".join(f"sum(CAST(hash({columns}, {turn}) AS HUGEINT))" for turn in (1, 2))
    found = db.execute(f"SELECT count(*), {sums} FROM staged").fetchall()[0]
    return hashlib.sha256("|".join(map(str, found)).encode()).hexdigest()


def without_erased(db: duckdb.DuckDBPyConnection, salt: str) -> int:
    """Take orders of erased customers, up to the day of their erasure, out of ``staged``; give how many."""
    if not db.execute("SELECT count(*) FROM state.erased").fetchall()[0][0]:
        return 0
    hers = f"e.who = {who('customer_id', salt)} AND order_day <= e.until"
    return db.execute(f"DELETE FROM staged USING state.erased AS e WHERE {hers}").fetchall()[0][0]


def who(column: str, salt: str) -> str:
    """Give the SQL of a customer's hash: it knows her again and does not name her.

    Examples
    --------
    >>> who("customer_id", "s")
    "sha256('s' || CAST(customer_id AS VARCHAR))"
    """
    return f"sha256({quoted(salt)} || CAST({column} AS VARCHAR))"


def _known(column: str, lines: Path | None) -> str:
    """Give a column of the staged orders; without lines, how many there were is not known."""
    return "NULL" if lines is None and column in ("sale_lines", "items") else column


def _fits(db: duckdb.DuckDBPyConnection, column: str, kind: str, wanted: str, orders: Path, state: Path) -> None:
    """Refuse ids that a state of whole numbers cannot hold as they are written."""
    if kind == wanted or wanted == "VARCHAR":
        return
    wrong = db.execute(f"SELECT count(*) FROM orders WHERE {column} IS NOT NULL "
                       f"AND CAST(TRY_CAST({column} AS BIGINT) AS VARCHAR) IS DISTINCT FROM {column}").fetchall()[0][0]
    if wrong:
        raise Problem("state_ids", file=orders.name, column=column, rows=wrong, state=state.name)
