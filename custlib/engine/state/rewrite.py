"""A state written anew beside the old one and put in its place: compaction, and erasure of customers with a receipt."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import duckdb

from custlib.engine.connection import quoted
from custlib.engine.state import derive
from custlib.engine.state.schema import ORDER, Meta, create, meta_of, opened
from custlib.engine.state.stage import who
from custlib.i18n import Problem, Trouble


def compact(state: Path, *, memory: str = "1GB", threads: int | None = None) -> tuple[int, int]:
    """Write a state anew: orders by day, sums and gaps from the orders under the rules of this version, no gaps in the file.

    Returns
    -------
    tuple
        Bytes before and after.
    """
    before = Path(state).stat().st_size if Path(state).is_file() else 0
    _rewritten(Path(state), (), memory=memory, threads=threads)
    return before, Path(state).stat().st_size


def erase(state: Path, customers: Iterable[str], *, memory: str = "1GB", threads: int | None = None) -> dict:
    """Take customers and all their orders out of a state, and out of the bytes of its file; keep only their hashes.

    A later batch does not bring back an order of theirs up to the last day of the state; one of a later day is a new customer's.

    Parameters
    ----------
    customers : iterable of str
        Customer ids, as in the orders.

    Returns
    -------
    dict
        The receipt, which names nobody: ``state``, ``asked``, ``found`` (customers), ``orders`` (taken out), ``until`` (day),
        ``hashes`` (of the state's salt and each id, sorted), ``customers_left``, ``orders_left``, ``traces`` (rows of theirs that
        are left: 0).

    Raises
    ------
    Problem
        No id is given, or it is no state.
    """
    ids = sorted({str(one).strip() for one in customers} - {""})
    if not ids:
        raise Problem("erase_nobody")
    return _rewritten(Path(state), ids, memory=memory, threads=threads)


def _rewritten(state: Path, ids: Iterable[str], *, memory: str, threads: int | None) -> dict:
    spill, fresh = state.with_name(f".{state.name}.spill"), state.with_name(f".{state.name}.fresh")
    if not state.is_file():
        raise Problem("state_missing", file=state.name)
    with opened(state, write=True, memory=memory, threads=threads) as db:  # what stands in the log goes into the file first
        if meta_of(db, state, any_rules=True) is None:
            raise Problem("state_not_one", file=state.name)
        db.execute("CHECKPOINT state")
        _gone(fresh)
    with opened(state, memory=memory, threads=threads, spill=spill) as db:  # held for reading: nobody writes meanwhile
        if state.with_name(f"{state.name}.wal").exists():
            raise Trouble("state_busy", file=state.name)
        try:
            meta = meta_of(db, state, any_rules=True)
            db.execute(f"ATTACH {quoted(fresh)} AS fresh")
            db.execute("BEGIN")
            receipt = _filled(db, state, meta, ids)
            db.execute("COMMIT")
            db.execute("CHECKPOINT fresh")
            db.execute("DETACH fresh")
            with fresh.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(fresh, state)
        except OSError as error:
            raise Trouble("state_no_room", file=state.name) from error
        finally:
            with suppress(duckdb.Error):
                db.execute("ROLLBACK")
            with suppress(duckdb.Error):
                db.execute("DETACH DATABASE IF EXISTS fresh")
            _gone(fresh)
    return receipt


def _filled(db: duckdb.DuckDBPyConnection, state: Path, meta: Meta, ids: Iterable[str]) -> dict:
    """Fill the new file with all but what is erased; give the receipt."""
    asked = list(ids)
    create(db, meta, name="fresh")
    db.execute("CREATE TEMP TABLE asked (customer VARCHAR)")
    if asked:
        db.execute("INSERT INTO asked SELECT unnest($ids)", {"ids": asked})
    mine = "CAST(i.customer_id AS VARCHAR) = a.customer"
    until = db.execute("SELECT max(order_day) FROM state.order_index").fetchall()[0][0]
    orders, found = db.execute(f"SELECT count(*), count(DISTINCT i.customer_id) FROM state.order_index AS i JOIN asked AS a ON {mine}").fetchall()[0]
    db.execute(f"INSERT INTO fresh.order_index SELECT order_id, customer_id, {', '.join(ORDER)} FROM state.order_index AS i "
               f"{f'ANTI JOIN asked AS a ON {mine}' if asked else ''} ORDER BY order_day")
    db.execute("INSERT INTO fresh.batches SELECT * FROM state.batches ORDER BY place")
    db.execute(f"INSERT INTO fresh.erased SELECT who, max(until) FROM (SELECT * FROM state.erased UNION ALL SELECT {who('customer', meta.salt)}, "
               "CAST($until AS DATE) FROM asked) GROUP BY who ORDER BY who", {"until": until})
    derive.parts(db, (1, "fresh.order_index"))
    derive.days(db, name="fresh")
    derive.sums(db, name="fresh")
    derive.shapes(db, name="fresh")
    hashes = [one[0] for one in db.execute(f"SELECT {who('customer', meta.salt)} FROM asked ORDER BY 1").fetchall()]
    left = db.execute("SELECT (SELECT count(*) FROM fresh.sums), (SELECT count(*) FROM fresh.order_index)").fetchall()[0]
    tables = ("order_index", "order_days", "sums", "shapes")
    traces = sum(db.execute(f"SELECT count(*) FROM fresh.{table} AS i JOIN asked AS a ON {mine}").fetchall()[0][0] for table in tables)
    return {"state": state.name, "asked": len(asked), "found": found, "orders": orders, "until": until, "hashes": hashes,
            "customers_left": left[0], "orders_left": left[1], "traces": traces}


def _gone(fresh: Path) -> None:
    for one in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        one.unlink(missing_ok=True)
