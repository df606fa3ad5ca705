"""A batch of orders into a state: new, late and corrected ones, in one transaction; the same batch twice changes nothing."""

import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from custlib.checks import within
from custlib.engine.state import derive
from custlib.engine.state.schema import ORDER, Meta, create, meta_of, opened, trouble
from custlib.engine.state.stage import content_of, stage, without_erased
from custlib.i18n import Problem

LATE_DAYS = 45
MOST_DAYS = 36500
KEPT = ("order_id", "customer_id", *ORDER)


@dataclass(frozen=True)
class Appended:
    """What became of a batch: its ``orders`` = ``new`` + ``same`` + ``corrected`` + ``without_lines`` + ``erased``.

    ``same``: known already as they are. ``late`` and ``returns`` (orders that only bring back) are counted among new and corrected
    ones. ``again``: all of this content was taken before, and nothing was changed. ``last_day``: of the state now.
    """

    orders: int
    new: int
    same: int
    corrected: int
    without_lines: int
    erased: int
    late: int
    returns: int
    again: bool
    last_day: date | None


def append(state: Path, orders: Path, *, lines: Path | None = None, late_days: int = LATE_DAYS, memory: str = "1GB", threads: int | None = None,
           full: bool = True, anyway: bool = False, say: Callable[[str], object] = lambda line: None) -> Appended:
    """Append a batch of orders to a state; the first one makes it.

    Parameters
    ----------
    state : Path
        The state file.
    orders, lines : Path
        Parquet or CSV, as `custlib.engine.tables_in` takes them. An order id that the state knows is a correction: the order is
        replaced. An order of returns has an id and a day of its own.
    late_days : int
        An order may be so many days older than the last day of the state, and so may an order that is corrected.
    full : bool
        Bring gaps and channels of the customers touched up to date now; else whoever reads them does.
    anyway : bool
        Take the batch although one with the same content was taken before (to undo a correction).

    Returns
    -------
    Appended

    Raises
    ------
    Problem
        The files or the state are refused, or orders are too old; nothing is changed then.
    Trouble
        Another process writes, or there is no room; the state is as it was.
    """
    within("late_days", late_days, 0, MOST_DAYS)
    state = Path(state)
    work, made = state.with_name(f".{state.name}.work"), not state.exists()
    with opened(state, write=True, memory=memory, threads=threads, spill=state.with_name(f".{state.name}.spill")) as db:
        # the file is ours alone now: what lies there was left by a process that died
        for left in (work, state.with_name(f".{state.name}.spill")):
            shutil.rmtree(left, ignore_errors=True)
        try:
            work.mkdir()
            meta = meta_of(db, state)
            found = stage(db, Path(orders), Path(lines) if lines else None, work, meta, state=state, memory=memory,
                          salt=secrets.token_hex(16), say=say)
            with _transaction(db, state, memory):
                if meta is None:
                    create(db, found)
                return _taken(db, found, orders=Path(orders), late_days=late_days, full=full, anyway=anyway)
        except BaseException as error:
            if made:  # a first batch that is refused leaves no empty state behind
                state.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise trouble(duckdb.IOException(str(error)), state, memory) from error
            raise
        finally:
            for left in (work, state.with_name(f".{state.name}.spill")):
                shutil.rmtree(left, ignore_errors=True)


class _transaction:
    """All of it, or nothing."""

    def __init__(self, db: duckdb.DuckDBPyConnection, state: Path, memory: str):
        self.db, self.state, self.memory = db, state, memory

    def __enter__(self) -> None:
        self.db.execute("BEGIN")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.db.execute("COMMIT")
            return
        with suppress(duckdb.Error):
            self.db.execute("ROLLBACK")


def _taken(db: duckdb.DuckDBPyConnection, meta: Meta, *, orders: Path, late_days: int, full: bool, anyway: bool) -> Appended:
    count = _one(db, "SELECT count(*) FROM staged")
    content = content_of(db)
    before = _one(db, "SELECT max(order_day) FROM state.order_index")
    if not anyway and _one(db, "SELECT count(*) FROM state.batches WHERE content = $content", content=content):
        return Appended(count, 0, count, 0, 0, 0, 0, 0, True, before)
    erased = without_erased(db, meta.salt)
    _known(db)
    _not_too_old(db, before, late_days, orders)
    _no_return_in_place_of_an_order(db, orders)
    corrected = _one(db, "SELECT count(*) FROM changed")
    fresh = "coming" if before is not None else "staged_orders"
    counts = db.execute(f"SELECT count(*), count(*) FILTER (WHERE order_day < $before), count(*) FILTER (WHERE is_order = 0) FROM {fresh}",
                        {"before": before}).fetchall()[0]
    empty = _one(db, "SELECT count(*) FROM staged WHERE sale_lines = 0 AND return_lines = 0")
    emptied = _one(db, "SELECT count(*) FROM staged AS s SEMI JOIN changed AS c ON c.order_id = s.order_id WHERE sale_lines = 0 AND return_lines = 0")
    same = _one(db, "SELECT count(*) FROM unchanged")
    if corrected:
        db.execute("DELETE FROM state.order_index WHERE rowid IN (SELECT place FROM changed)")
    first, last = db.execute("SELECT min(order_day), max(order_day) FROM staged").fetchall()[0]
    # rows lie by day, so that later a few days are read and not all; those of one day do already
    db.execute(f"INSERT INTO state.order_index SELECT {', '.join(KEPT)} FROM {fresh} {'ORDER BY order_day' if first != last else ''}")
    derive.parts(db, (1, fresh), *([(-1, "changed")] if corrected else []))
    derive.days(db)
    derive.sums(db)
    derive.shapes(db, full=full)
    new = counts[0] - (corrected - emptied)
    place = _one(db, "SELECT coalesce(max(place), 0) + 1 FROM state.batches")
    db.execute("INSERT INTO state.batches VALUES (?, ?, ?, ?, ?, ?, ?)", [place, content, count, new, corrected, first, last])
    return Appended(count, new, same, corrected, empty - emptied, erased, counts[1], counts[2], False,
                    _one(db, "SELECT max(order_day) FROM state.order_index"))


def _known(db: duckdb.DuckDBPyConnection) -> None:
    """Part the batch: ``unchanged`` ids, ``changed`` (orders as they stood, with their place), ``coming`` (orders as they will stand)."""
    db.execute("CREATE OR REPLACE TEMP VIEW staged_orders AS SELECT * FROM staged WHERE coalesce(sale_lines, 1) + return_lines > 0")
    db.execute("CREATE OR REPLACE TEMP TABLE known AS SELECT i.rowid AS place, i.order_id FROM state.order_index AS i "
               "SEMI JOIN staged AS s ON s.order_id = i.order_id")
    alike = " AND ".join(f"s.{column} IS NOT DISTINCT FROM i.{column}" for column in KEPT)
    if not _one(db, "SELECT count(*) FROM known"):  # the usual night: nothing is compared
        db.execute("CREATE OR REPLACE TEMP TABLE compared AS SELECT 0 AS place, false AS alike, * FROM staged LIMIT 0")
    else:
        db.execute("CREATE OR REPLACE TEMP TABLE compared AS "
                   f"SELECT i.rowid AS place, ({alike}) AS alike, {', '.join(f'i.{column}' for column in KEPT)} FROM state.order_index AS i "
                   "JOIN staged AS s ON s.order_id = i.order_id WHERE i.rowid IN (SELECT place FROM known)")
    db.execute("CREATE OR REPLACE TEMP VIEW unchanged AS SELECT order_id FROM compared WHERE alike")
    db.execute("CREATE OR REPLACE TEMP VIEW changed AS SELECT * FROM compared WHERE NOT alike")
    db.execute("CREATE OR REPLACE TEMP TABLE coming AS SELECT s.* FROM staged_orders AS s ANTI JOIN unchanged AS u ON u.order_id = s.order_id"
               if _one(db, "SELECT count(*) FROM state.batches") else "CREATE OR REPLACE TEMP VIEW coming AS SELECT * FROM staged_orders")


def _not_too_old(db: duckdb.DuckDBPyConnection, before: date | None, late_days: int, orders: Path) -> None:
    """Refuse orders, and corrections of orders, from before the declared window."""
    if before is None:
        return
    since = before - timedelta(days=min(late_days, (before - date(1, 1, 1)).days))
    count, first = db.execute("SELECT count(DISTINCT order_id), min(order_day) FROM (SELECT order_id, order_day FROM coming UNION ALL "
                              "SELECT order_id, order_day FROM changed) WHERE order_day < $since", {"since": since}).fetchall()[0]
    if count:
        raise Problem("state_too_late", file=orders.name, orders=count, since=since, late_days=late_days, last=before,
                      needed=(before - first).days)


def _no_return_in_place_of_an_order(db: duckdb.DuckDBPyConnection, orders: Path) -> None:
    """Refuse returns that bear the id of the order they undo: as a correction, they would take the sale away."""
    count = _one(db, "SELECT count(*) FROM coming AS s JOIN changed AS c ON c.order_id = s.order_id "
                     "WHERE c.is_order = 1 AND s.is_order = 0 AND s.order_day > c.order_day")
    if count:
        raise Problem("state_return_id", file=orders.name, orders=count)


def _one(db: duckdb.DuckDBPyConnection, query: str, **bound: object):
    return db.execute(query, bound or None).fetchall()[0][0]
