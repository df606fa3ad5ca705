"""What an append of one order in a hundred costs beside a rebuild: in one process, in turn, nothing written out.

    python tests/benchmarks/append.py LINES [ROUNDS [FOLDER]]

LINES order lines of LINES / 4 orders and a million customers (a tenth as many customers as orders below 10⁷ lines), three years; then
ROUNDS days of one in a hundred of them each. *Rebuild* is the customer table from tables that lie there checked; reading and
checking the history, which a rebuild from files needs too, is given apart. *Append* is everything from the batch's files to the
committed state, and the customer table from it. FOLDER keeps the history for another time.
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
START = date(2022, 1, 1)
DAYS = 1096
MEMORY = "6GB"
# the customer of an order: few have many orders; ids in no order
ORDERS = """
SELECT CAST(i AS BIGINT) AS order_id,
    CAST(hash(CAST(floor(pow((hash(i * 7 + 1) % 1000003) / 1000003.0, 1.5) * {customers}) AS BIGINT)) % 9000000000 AS BIGINT) AS customer_id,
    TIMESTAMP '{start}' + to_minutes(CAST({first} * 1440 + hash(i * 13 + 5) % ({days} * 1440) AS BIGINT)) AS order_ts,
    CASE hash(i * 23) % 3 WHEN 0 THEN 'web' WHEN 1 THEN 'app' ELSE 'shop' END AS channel
FROM range({low}, {high}) AS t(i)
"""
LINES = """
SELECT CAST(floor(j / 4) AS BIGINT) AS order_id, CAST(1 + hash(j * 29) % 3 AS INTEGER) AS quantity,
    CAST(CASE WHEN hash(floor(j / 4) * 19) % 50 = 0 THEN -1 ELSE 1 END * (1 + hash(j * 17 + 3) % 20000) / 100.0 AS DECIMAL(18,2)) AS net_amount,
    CAST(CASE WHEN hash(j * 31) % 5 = 0 THEN 1.5 ELSE 0 END AS DECIMAL(18,2)) AS discount_amount
FROM range({low} * 4, {high} * 4) AS t(j)
"""


def made(folder: Path, low: int, high: int, *, first: int, days: int, customers: int) -> tuple[Path, Path]:
    """Write orders low to high, of `days` days from day `first` on, and their lines."""
    given = {"low": low, "high": high, "first": first, "days": days, "customers": customers, "start": START}
    paths = folder / f"orders-{low}.parquet", folder / f"lines-{low}.parquet"
    with duckdb.connect(config={"memory_limit": MEMORY, "preserve_insertion_order": False, "temp_directory": str(folder / "spill")}) as db:
        for path, text in zip(paths, (ORDERS, LINES), strict=True):
            db.execute(f"COPY ({text.format(**given)}) TO '{path}' (FORMAT parquet)")
    return paths


def rebuild(build: Path, as_of: date, table: str) -> float:
    """Seconds of the customer table from tables that lie there checked."""
    from custlib.engine import DuckEngine

    started = time.monotonic()
    with DuckEngine(build, as_of, memory=MEMORY, spill=build / "spill") as engine:
        engine.prepare(table)
        return time.monotonic() - started


def grown(state: Path, orders: Path, lines: Path, as_of: date, table: str) -> tuple[float, float]:
    """Seconds of the append, and of the customer table from the state after it."""
    from custlib.engine.state import StateEngine, append

    started = time.monotonic()
    append(state, orders, lines=lines, memory=MEMORY, full=table == "customer_full")
    appended = time.monotonic() - started
    with StateEngine(state, as_of, memory=MEMORY, spill=state.with_name("spill")) as engine:
        engine.prepare(table)
        return appended, time.monotonic() - started - appended


def history(work: Path, lines: int) -> dict:
    """Make the checked tables and the state of so many lines, once; give what that took."""
    from custlib.engine import tables_in
    from custlib.engine.state import append

    done, build, state = work / "history.json", work / "build", work / "state"
    if done.exists():
        return json.loads(done.read_text())
    orders, customers = lines // 4, 1_000_000 if lines >= 10_000_000 else lines // 40
    first = made(work, 0, orders, first=0, days=DAYS, customers=customers)
    build.mkdir()
    started = time.monotonic()
    tables_in.take(tables_in.opened(first[0], "orders", lines=True), tables_in.opened(first[1], "lines"), build, memory=MEMORY)
    found = {"lines": lines, "orders": orders, "customers": customers, "taken": time.monotonic() - started}
    started = time.monotonic()
    append(state, first[0], lines=first[1], memory=MEMORY)
    found |= {"begun": time.monotonic() - started, "bytes": state.stat().st_size}
    for one in first:
        one.unlink()
    done.write_text(json.dumps(found))
    return found


def measured(lines: int, rounds: int, work: Path) -> dict:
    """Run everything; give the seconds and the shares of customers touched."""
    found = history(work, lines) | {"runs": {}}
    orders, customers, build, state = found["orders"], found["customers"], work / "build", work / "state"
    with duckdb.connect() as db:
        there = db.execute(f"SELECT count(DISTINCT customer_id) FROM read_parquet('{build / 'orders.parquet'}')").fetchall()[0][0]
        db.execute(f"ATTACH '{state}' AS state (READ_ONLY)")
        day = (db.execute("SELECT max(order_day) FROM state.order_index").fetchall()[0][0] - START).days + 1
    for table, times in (("customers", rounds), ("customer_full", max(rounds // 2, 1))):
        runs = []
        for _ in range(times):
            low = orders + (day - DAYS) * (orders // 100)
            batch = made(work, low, low + orders // 100, first=day, days=1, customers=customers)
            day += 1
            as_of = START + timedelta(day)
            with duckdb.connect() as db:
                touched = db.execute(f"SELECT count(DISTINCT customer_id) FROM read_parquet('{batch[0]}')").fetchall()[0][0]
            appended, read = grown(state, *batch, as_of, table)
            runs.append({"rebuild": rebuild(build, as_of, table), "append": appended, "read": read, "touched": touched / there})
            print(f"bench: {lines:,} lines, {table}: {runs[-1]}", file=sys.stderr, flush=True)
        found["runs"][table] = runs
    return found


def rows(found: dict) -> list[str]:
    """Give the lines of the README: medians, and how they stand to what is allowed."""
    said = []
    for table, runs in found["runs"].items():
        took, rebuilt = (statistics.median(one) for one in ([r["append"] + r["read"] for r in runs], [r["rebuild"] for r in runs]))
        share, touched = statistics.median([(r["append"] + r["read"]) / r["rebuild"] for r in runs]), statistics.median([r["touched"] for r in runs])
        allowed = 0.05 if table == "customers" else 1.5 * touched + 0.05
        said.append(f"| {found['lines']:,} | {table} | {rebuilt:.2f} s | {took:.2f} s | {share:.1%} | {allowed:.1%} | {touched:.1%} | {len(runs)} |")
    return said


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    work = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp(prefix="custlib-append-"))
    work.mkdir(exist_ok=True)
    try:
        found = measured(int(float(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else 3, work)
        print("| Lines | Table | Rebuild | Append and read | Share | Allowed | Customers touched | n |\n|---|---|---|---|---|---|---|---|")
        print("\n".join(rows(found)))
        print(json.dumps({name: value for name, value in found.items() if name != "runs"}))
    finally:
        if len(sys.argv) < 4:
            shutil.rmtree(work, ignore_errors=True)
