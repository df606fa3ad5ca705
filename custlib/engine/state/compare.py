"""Proof that a state is what a rebuild would give: sums from its orders, and its orders from the files they came from."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from custlib.checks import within
from custlib.engine.queries import sql_text
from custlib.engine.state import derive
from custlib.engine.state.schema import DAY, ORDER, SHAPE, SUM, meta_of, opened
from custlib.engine.state.stage import stage, without_erased
from custlib.i18n import Problem


@dataclass(frozen=True)
class Difference:
    """Rows of a table of the state in which a column is not what a rebuild gives; ``missing`` and ``too many`` for whole rows."""

    table: str
    column: str
    rows: int


def check(state: Path, *, orders: Path | None = None, lines: Path | None = None, one_in: int = 1, memory: str = "1GB",
          threads: int | None = None, say: Callable[[str], object] = lambda line: None) -> list[Difference]:
    """Compare a state with what a rebuild gives.

    Parameters
    ----------
    state : Path
        The state file; nothing is written into it.
    orders, lines : Path, optional
        All orders as they stand today, each id once: the order index is compared with them. Without them, order days, sums, gaps
        and channels are compared with what the order index gives.
    one_in : int
        Only one in so many customers (chosen by a hash of her id); 1 is everybody.

    Returns
    -------
    list of Difference
        Empty where they are equal, to the last cent.
    """
    within("one_in", one_in, 1, 1_000_000)
    with opened(state, memory=memory, threads=threads) as db:
        meta = meta_of(db, state)
        if meta is None:
            raise Problem("state_not_one", file=state.name)
        sampled = f"hash(CAST(customer_id AS VARCHAR)) % {one_in} = 0" if one_in > 1 else "true"
        found = []
        if orders is not None:
            with tempfile.TemporaryDirectory(dir=state.parent, prefix=f".{state.name}.check-") as work:
                stage(db, orders, lines, Path(work), meta, state=state, memory=memory, salt=meta.salt, say=say)
                without_erased(db, meta.salt)
                kept = f"(customer_id IS NULL OR {sampled})"
                db.execute(f"CREATE TEMP VIEW wanted AS SELECT * FROM staged WHERE coalesce(sale_lines, 1) + return_lines > 0 AND {kept}")
                # an order whose customer was corrected may be in one of the two samples only
                found += _compared(db, "order_index", f"SELECT * FROM state.order_index WHERE {kept}", "SELECT * FROM wanted", ("order_id",),
                                   ("customer_id", *ORDER))
        db.execute(f"CREATE TEMP VIEW sampled AS SELECT * FROM state.order_index WHERE {sampled}")
        return found + _within(db, sampled)


def _within(db: duckdb.DuckDBPyConnection, sampled: str) -> list[Difference]:
    """Compare what is derived from the order index with what is stored."""
    derive.parts(db, (1, "sampled"))
    db.execute(f"CREATE TEMP TABLE wanted_days AS {sql_text('state_days')}")
    db.execute(f"CREATE TEMP TABLE wanted_sums AS SELECT s.*, coalesce(d.order_days, 0) AS order_days FROM ({sql_text('state_sums')}) AS s "
               "LEFT JOIN (SELECT customer_id, count(*) AS order_days FROM wanted_days WHERE orders > 0 GROUP BY customer_id) AS d "
               "ON d.customer_id = s.customer_id")
    db.execute(f"CREATE TEMP TABLE touched AS SELECT customer_id FROM state.shapes WHERE {sampled}")
    pieces = [("order_days", "SELECT * FROM wanted_days", ("customer_id", "order_day"), [one for one in DAY if one != "order_day"]),
              ("sums", "SELECT * FROM wanted_sums", ("customer_id",), SUM)]
    found = []
    for table, wanted, keys, columns in pieces:
        found += _compared(db, table, f"SELECT * FROM state.{table} WHERE {sampled}", wanted, keys, columns)
    # gaps come from the stored order days, just compared; a customer may have none yet, then they are found when they are read
    wanted = f"{derive.shaped(db)} SEMI JOIN (SELECT customer_id AS known FROM wanted_sums) AS w ON w.known = customer_id"
    return found + _compared(db, "shapes", f"SELECT * FROM state.shapes WHERE {sampled}", wanted, ("customer_id",), SHAPE)


def _compared(db: duckdb.DuckDBPyConnection, table: str, stored: str, wanted: str, keys: tuple, columns) -> list[Difference]:
    """Count where stored and wanted rows differ, column by column."""
    on = " AND ".join(f"a.{key} = b.{key}" for key in keys)
    names = list(columns)
    none, other = f"a.{keys[0]} IS NULL", f"b.{keys[0]} IS NULL"
    unlike = ", ".join(f"count(*) FILTER (WHERE NOT ({none} OR {other}) AND a.{one} IS DISTINCT FROM b.{one})" for one in names)
    counts = db.execute(f"""SELECT count(*) FILTER (WHERE {none}), count(*) FILTER (WHERE {other}), {unlike}
        FROM ({stored}) AS a FULL JOIN ({wanted}) AS b ON {on}""").fetchall()[0]
    return [Difference(table, column, rows) for column, rows in zip(("missing", "too many", *names), counts, strict=True) if rows]
