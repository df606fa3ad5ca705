"""Customers and labels straight from files of orders, however many: checked once, then all of it in the engine."""

import os
import re
import shutil
import time
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import duckdb

from custlib.checks import one_of
from custlib.engine import DuckEngine, tables_in
from custlib.i18n import Problem, Trouble
from custlib.report.parameters import PARAMETERS, check, pairs
from custlib.report.segment_tables import found_in, label_cells
from custlib.tables.store import Say, quiet, write_json

ENGINES = ("duckdb", "spark")
MEMORY = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?B)", re.IGNORECASE)


def write_from_orders(orders: Path, out: Path, *, lines: Path | None = None, as_of: str | None = None, engine: str = "duckdb",
                      set_: list[str] = (), memory: str = "2GB", full: bool = False, say: Say = quiet) -> Path:
    """Write ``customers.parquet``, ``labels.parquet`` and ``edges.json`` into `out`; all three, or none.

    Parameters
    ----------
    orders : Path
        Parquet or CSV, a file or a folder: one row per order, with order_id, customer_id (blank: anonymous), order_ts, net_amount
        (currency; below zero: a return). A channel, where there is one, is used.
    lines : Path, optional
        One row per order line, with order_id and net_amount (currency); an order's amount is then the sum of its lines.
        product_id, quantity and discount_amount, where there are such, are used.
    as_of : str
        The snapshot day; rows on or after it do not exist.
    engine : str
        ``duckdb``, or ``spark`` where that is installed.
    set_ : list of str
        Parameters as NAME=VALUE, such as bins=4.
    memory : str
        Memory limit of the engine.
    full : bool
        Write the customer table with all its columns.
    say : callable
        Gets the time of each step.

    Raises
    ------
    Problem
        Bad use, or bad data: a column missing or of a wrong type, a value blank or unreadable, an order id twice.
    Trouble
        The machine has too little memory or room.
    """
    one_of("engine", engine, ENGINES)
    if not MEMORY.fullmatch(memory.strip()):
        raise Problem("bad_parameter", name="memory", want="@want.memory", got=repr(memory))
    chosen = {name: one.default for name, one in PARAMETERS.items()} | check({**pairs(set_), "as_of": as_of} if as_of else pairs(set_))
    chosen["as_of"] = date.fromisoformat(chosen["as_of"]) if as_of or any(one.startswith("as_of=") for one in set_) else None
    if chosen["cut"] == "business" and not chosen["business_cuts"]:
        raise Problem("bad_parameter", name="business_cuts", want="@want.business", got="[]")
    made = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble("out_unwritable", folder=out.name, detail=os.strerror(error.errno)) from error
    work = out / f".work-{os.getpid()}"
    try:
        work.mkdir()
        _write(orders, lines, work, chosen, engine=engine, memory=memory, full=full, say=say)
        for name in ("customers.parquet", "labels.parquet", "edges.json"):
            _put(work / name, out / name)
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise Trouble("engine_memory", memory=memory) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if made and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
    return out


def _write(orders: Path, lines: Path | None, work: Path, chosen: dict, *, engine: str, memory: str, full: bool, say: Say) -> None:
    with ExitStack() as held:
        if engine == "spark":
            rows = _on_spark(orders, lines, work, chosen, memory, held, say)
        else:
            rows = held.enter_context(_on_duckdb(orders, lines, work, chosen, memory, say))
        started = time.monotonic()
        rows.write_customers(work / "customers.parquet", full=full)
        started = _told(say, "customer table", started)
        found, more = found_in(rows, chosen)
        if found.rfm["orders"].edges == {} and not _bought(rows):
            raise Problem("no_orders_before", file=orders.name, as_of=chosen["as_of"].isoformat())
        thresholds = {"as_of": chosen["as_of"].isoformat(), "dataset": orders.name, "engine": engine, "window_days": chosen["window_days"] or None,
                      "returns": "net", "zero": "count", "currency": None, **found.as_dict(), **more}
        started = _told(say, "thresholds", started)
        rows.write_labels(work / "labels.parquet", thresholds, label_cells(found.map, chosen["bins"]))
        _told(say, "labels", started)
        write_json(work / "edges.json", thresholds)


def _on_duckdb(orders: Path, lines: Path | None, work: Path, chosen: dict, memory: str, say: Say) -> DuckEngine:
    """Lay the files down, checked, and open the engine over them."""
    sale = tables_in.opened(orders, "orders", lines=lines is not None)
    detail = tables_in.opened(lines, "lines") if lines else None
    if chosen["as_of"] is None:
        last = tables_in.last_day(sale, memory=memory)
        raise Problem("as_of_missing", name=orders.name, last=last, next=last + timedelta(days=1)) if last else Problem("as_of_needed")
    started = time.monotonic()
    build = work / "build"
    build.mkdir()
    taken = tables_in.take(sale, detail, build, memory=memory, say=say)
    if not taken.orders:
        raise Problem("no_orders_before", file=orders.name, as_of=chosen["as_of"].isoformat())
    if chosen["as_of"] <= taken.first_day:
        raise Problem("as_of_too_early", as_of=chosen["as_of"], first=taken.first_day, next=taken.last_day + timedelta(days=1))
    say(f"{orders.name}: {taken.orders:,} orders" + (f", {taken.lines:,} lines" if detail else "") +
        f" of {taken.first_day} to {taken.last_day}, each order id once")
    _told(say, "tables built and checked", started)
    return DuckEngine(build, chosen["as_of"], window_days=chosen["window_days"] or None, memory=memory, spill=build / "spill")


def _on_spark(orders: Path, lines: Path | None, work: Path, chosen: dict, memory: str, held: ExitStack, say: Say):
    """Open Spark over the same files."""
    from custlib.engine.spark import SparkEngine  # a late import: an extra, with Java

    if chosen["as_of"] is None:
        raise Problem("as_of_needed")
    started = time.monotonic()
    source = {"orders": str(orders), **({"order_lines": str(lines)} if lines else {})}
    opened = held.enter_context(SparkEngine(source, chosen["as_of"], window_days=chosen["window_days"] or None, memory=memory, work=work, say=say))
    _told(say, "tables opened and checked", started)
    return opened


def _bought(rows) -> bool:
    """Tell whether anybody has an order: a lone value leaves no edge either."""
    return rows.middle("orders", "median") > 0


def _told(say: Say, what: str, started: float) -> float:
    now = time.monotonic()
    say(f"{what}: {now - started:.1f} s")
    return now


def _put(part: Path, target: Path) -> None:
    """Put a file, or a folder of part files, in the place of another."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif part.is_dir():
        target.unlink(missing_ok=True)
    os.replace(part, target)
