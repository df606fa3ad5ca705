"""How time and memory grow with orders: the customer table beside the bare aggregation and other tools, each in a process of its own."""

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
AS_OF = date(2025, 1, 1)
SIZES = (100_000, 1_000_000, 10_000_000, 100_000_000)
ROUNDS = 5
MEMORY = "2GB"
LIMITS = ("512MB", "1GB", "2GB", "4GB")
MOST_IN_MEMORY = 10_000_000  # pandas holds all rows: more orders than this are not given to it
SPARK_ORDERS = 10_000_000
LINE_WAYS = ("bare", "rfm", "table", "spark1_table", "spark2_table")
SPARK = {"spark1": 3, "spark2": 3, "spark1_scored": 1, "spark2_scored": 1}  # way → runs
PEERS = ("polars", "openretailscience")

# order → customer, as one would write it by hand: no rule, no check, amounts as they stand
BARE = """
SELECT customer_id, count(*) AS orders, date_diff('day', max(day), DATE '2025-01-01') AS recency_days, sum(amount) AS net_amount
FROM (
    SELECT customer_id, order_id, max(order_day) AS day, sum(net_amount) AS amount
    FROM read_parquet('{orders}')
    WHERE order_day < DATE '2025-01-01' AND customer_id IS NOT NULL
    GROUP BY customer_id, order_id
)
GROUP BY customer_id
"""
# one line of a shop's till: a tenth as many customers as orders, few of them with many orders, ids in no order, two in a hundred returns
ORDERS = """
SELECT CAST(i AS BIGINT) AS order_id,
    CAST(hash(CAST(floor(pow((hash(i * 7 + 1) % 1000003) / 1000003.0, 2) * {customers}) AS BIGINT)) % 9000000000 AS BIGINT) AS customer_id,
    TIMESTAMP '2021-01-01' + to_minutes(CAST(hash(i * 13 + 5) % (1461 * 1440) AS BIGINT)) AS order_ts,
    CAST((hash(i * 17 + 3) % 50000) / 100.0 - CASE WHEN hash(i * 19) % 50 = 0 THEN 600 ELSE 0 END AS DECIMAL(18,2)) AS net_amount
FROM range({orders}) AS t(i)
"""


# the same from order lines: four to an order
BARE_LINES = """
SELECT customer_id, count(*) AS orders, date_diff('day', max(day), DATE '2025-01-01') AS recency_days, sum(amount) AS net_amount
FROM (
    SELECT customer_id, o.order_id, max(order_day) AS day, sum(l.net_amount) AS amount
    FROM read_parquet('{lines}') AS l
    JOIN read_parquet('{orders}') AS o ON o.order_id = l.order_id
    WHERE order_day < DATE '2025-01-01' AND customer_id IS NOT NULL
    GROUP BY customer_id, o.order_id
)
GROUP BY customer_id
"""
LINES = """
SELECT CAST(hash(i * 3 + 1) % {orders} AS BIGINT) AS order_id, CAST(hash(i) % 500 AS BIGINT) AS product_id,
    CAST((hash(i * 17 + 3) % 50000) / 100.0 - CASE WHEN hash(i * 19) % 50 = 0 THEN 600 ELSE 0 END AS DECIMAL(18,2)) AS net_amount
FROM range({lines}) AS t(i)
"""


@dataclass(frozen=True)
class Took:
    """One run of one way: seconds of the work itself, and the largest memory of its process (MB)."""

    seconds: float
    memory: float


def made(folder: Path, orders: int, *, lines: int = 0) -> Path:
    """Make so many orders (and lines) as Parquet files, and the build that the engines read; give the folder of the build."""
    import duckdb

    from custlib.engine import tables_in

    raw, detail, build = folder / "raw.parquet", folder / "lines.parquet", folder / "build"
    if not build.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(config={"memory_limit": "4GB", "preserve_insertion_order": False, "temp_directory": str(folder / "spill")}) as db:
            what = "* EXCLUDE net_amount" if lines else "*"
            db.execute(f"COPY (SELECT {what} FROM ({ORDERS.format(orders=orders, customers=max(orders // 10, 1))})) TO '{raw}' (FORMAT parquet)")
            if lines:
                db.execute(f"COPY ({LINES.format(orders=orders, lines=lines)}) TO '{detail}' (FORMAT parquet)")
        build.mkdir()
        started = time.monotonic()
        given = tables_in.opened(detail, "lines") if lines else None
        tables_in.take(tables_in.opened(raw, "orders", lines=bool(lines)), given, build, memory=MEMORY)
        (folder / "built.json").write_text(json.dumps({"seconds": time.monotonic() - started}))
        raw.unlink()
        detail.unlink(missing_ok=True)
    return build


# ---- the ways: each gets the build folder and gives the seconds of its work

def bare(build: Path, memory: str) -> float:
    from custlib.engine import connect

    lines = build / "order_lines.parquet"
    query = BARE_LINES if lines.exists() else BARE
    with connect(memory=memory, spill=build / "spill") as db:
        started = time.monotonic()
        db.execute(f"CREATE TEMP TABLE customers AS {query.format(orders=build / 'orders.parquet', lines=lines)}")
        return time.monotonic() - started


def rfm(build: Path, memory: str) -> float:
    from custlib.engine import DuckEngine

    with DuckEngine(build, AS_OF, memory=memory, spill=build / "spill") as engine:
        started = time.monotonic()
        engine.prepare("rfm")
        return time.monotonic() - started


def table(build: Path, memory: str) -> float:
    from custlib.engine import DuckEngine

    with DuckEngine(build, AS_OF, memory=memory, spill=build / "spill") as engine:
        started = time.monotonic()
        engine.prepare("customers")
        return time.monotonic() - started


def scored(build: Path, memory: str) -> float:
    from custlib.engine import DuckEngine

    return _with_scores(DuckEngine(build, AS_OF, memory=memory, spill=build / "spill"), build)


def _with_scores(engine, build: Path) -> float:
    import custlib.value  # noqa: F401  what is imported once is not measured
    from custlib.report.parameters import PARAMETERS
    from custlib.report.segment_tables import found_in, label_cells

    target = build / f"labels-{os.getpid()}"
    with engine:
        started = time.monotonic()
        engine.prepare("rfm")
        found, more = found_in(engine, {name: one.default for name, one in PARAMETERS.items()})
        engine.write_labels(target, {**found.as_dict(), **more}, label_cells(found.map, 5))
        took = time.monotonic() - started
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    return took


def full(build: Path, memory: str) -> float:
    from custlib.engine import DuckEngine

    with DuckEngine(build, AS_OF, memory=memory, spill=build / "spill") as engine:
        started = time.monotonic()
        engine.prepare("customer_full")
        return time.monotonic() - started


def pandas(build: Path, memory: str) -> float:
    import pandas as pd

    started = time.monotonic()
    rows = pd.read_parquet(build / "orders.parquet", columns=["order_id", "customer_id", "order_day", "net_amount"])
    rows["order_day"], rows["net_amount"] = pd.to_datetime(rows["order_day"]), rows["net_amount"].astype("float64")
    rows = rows[rows["order_day"] < pd.Timestamp(AS_OF)]
    orders = rows.groupby(["customer_id", "order_id"], sort=False).agg(day=("order_day", "max"), amount=("net_amount", "sum")).reset_index()
    customers = orders.groupby("customer_id", sort=False).agg(orders=("order_id", "size"), day=("day", "max"), net_amount=("amount", "sum"))
    customers["recency_days"] = (pd.Timestamp(AS_OF) - customers["day"]).dt.days
    return time.monotonic() - started


def polars(build: Path, memory: str) -> float:
    import polars as pl

    started = time.monotonic()
    rows = pl.scan_parquet(build / "orders.parquet").filter((pl.col("order_day") < AS_OF) & pl.col("customer_id").is_not_null())
    orders = rows.group_by("customer_id", "order_id").agg(pl.col("order_day").max().alias("day"), pl.col("net_amount").sum().alias("amount"))
    orders.group_by("customer_id").agg(pl.len().alias("orders"), (pl.lit(AS_OF) - pl.col("day").max()).dt.total_days().alias("recency_days"),
                                       pl.col("amount").sum().alias("net_amount")).collect(engine="streaming")
    return time.monotonic() - started


def openretailscience(build: Path, memory: str) -> float:
    import ibis
    from openretailscience.segmentation.rfm import RFMSegmentation

    db = ibis.duckdb.connect(memory_limit=memory, temp_directory=str(build / "spill"))
    orders = db.read_parquet(build / "orders.parquet")
    named = orders.select("customer_id", transaction_id=orders.order_id, transaction_date=orders.order_ts, unit_spend=orders.net_amount)
    started = time.monotonic()
    db.create_table("scored", RFMSegmentation(named, current_date=AS_OF, r_segments=5, f_segments=5, m_segments=5).table, temp=True)
    return time.monotonic() - started


def spark(build: Path, memory: str, threads: int, table: str = "rfm") -> float:
    from custlib.engine.spark import SparkEngine

    with SparkEngine(build, AS_OF, memory="4GB", threads=threads, spill=build) as engine:
        started = time.monotonic()
        engine.prepare(table)
        return time.monotonic() - started


def spark_scored(build: Path, memory: str, threads: int) -> float:
    from custlib.engine.spark import SparkEngine

    return _with_scores(SparkEngine(build, AS_OF, memory="4GB", threads=threads, spill=build, say=lambda line: None), build)


WAYS = {one.__name__: one for one in (bare, rfm, table, scored, full, pandas, polars, openretailscience)} | {
    f"spark{cores}{end}": partial(way, threads=cores, **more) for cores in (1, 2)
    for end, way, more in (("", spark, {}), ("_table", spark, {"table": "customers"}), ("_scored", spark_scored, {}))
}


# ---- running them

def one(way: str, build: Path, memory: str, python: str = sys.executable) -> Took | None:
    """Run one way in a process of its own; None where it fails for want of memory."""
    words = [python, str(HERE / "scale.py"), way, str(build), memory]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} if python == sys.executable else dict(os.environ)
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or ["?"])[-1][:160]
        print(f"bench: {way} on {build.parent.name} with {memory}: {said}", file=sys.stderr)
        return None
    return Took(**json.loads(ended.stdout.strip().splitlines()[-1]))


def middle(runs: list[Took | None], what: str) -> float | None:
    """Give the median of seconds or memory; None where a run failed or none was made."""
    return statistics.median(getattr(run, what) for run in runs) if runs and all(runs) else None


def peers(work: Path) -> str | None:
    """Make an environment of the other tools, which pin older libraries than ours; None where they cannot be had."""
    uv, home = ROOT / ".venv/bin/uv", work / "peers"
    try:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, capture_output=True)
        subprocess.run([str(uv), "pip", "install", "-q", "--python", str(home / "bin/python"), "--require-hashes", "-r",
                        str(HERE / "peers.lock")], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("bench: the other tools could not be installed; their rows are left out", file=sys.stderr)
        return None
    return str(home / "bin/python")


def measured(work: Path, sizes: tuple[int, ...] = SIZES) -> dict:
    """Measure everything; give the runs by size and way, and what else the table needs."""
    theirs = peers(work)
    found: dict = {"grown": {}, "limits": {}, "spark": {}, "built": {}, "sizes": list(sizes)}
    for orders in sizes:
        build = made(work / f"{orders}", orders)
        found["built"][orders] = json.loads((build.parent / "built.json").read_text())["seconds"]
        ways = {"bare": sys.executable, "rfm": sys.executable, "table": sys.executable, "scored": sys.executable, "full": sys.executable}
        ways |= {"pandas": sys.executable} if orders <= MOST_IN_MEMORY else {}
        ways |= dict.fromkeys(PEERS, theirs) if theirs else {}
        runs: dict[str, list] = {way: [] for way in ways}
        for turn in range(ROUNDS):  # in turn, so that what else the machine does touches all alike
            for way, python in ways.items():
                if way in ("bare", "rfm") or orders <= MOST_IN_MEMORY or turn == 0:
                    runs[way].append(one(way, build, MEMORY, python))
            print(f"bench: {orders:,} orders, round {turn + 1} of {ROUNDS}", file=sys.stderr)
        found["grown"][orders] = runs
        if orders >= MOST_IN_MEMORY:
            found["limits"][orders] = {limit: {way: [one(way, build, limit)] for way in ("rfm", "scored")} for limit in LIMITS}
        if orders == SPARK_ORDERS:
            found["spark"] = {way: [one(way, build, MEMORY) for _ in range(rounds)] for way, rounds in SPARK.items()}
        shutil.rmtree(build.parent)
    if SPARK_ORDERS in sizes:
        build = made(work / "lines", SPARK_ORDERS // 4, lines=SPARK_ORDERS)
        found["lines"] = {way: [] for way in LINE_WAYS}
        for turn in range(ROUNDS):
            for way, runs in found["lines"].items():
                if turn < 1 or not way.startswith("spark"):
                    runs.append(one(way, build, MEMORY))
        shutil.rmtree(build.parent)
    return found


def exponent(found: dict, way: str, least: int = 1_000_000) -> float | None:
    """Give the slope of log seconds over log orders, by least squares, from `least` orders on; None with fewer than two sizes."""
    points = [(math.log(orders), math.log(middle(runs[way], "seconds"))) for orders, runs in found["grown"].items()
              if orders >= least and way in runs and middle(runs[way], "seconds")]
    return statistics.linear_regression(*zip(*points, strict=True)).slope if len(points) > 1 else None


# ---- the table and the picture

# way → how the table and the picture call it
NAMES = {
    "bare": ("bare two-level aggregation by hand (DuckDB)", "bare aggregation"),
    "rfm": ("**custlib**: recency, orders, money", "custlib: R, F, M"),
    "table": ("**custlib**: the same with days (the customer table)", "custlib: customer table"),
    "scored": ("**custlib**: customer table, thresholds, seven schemes of labels written", "custlib: with labels"),
    "full": ("**custlib**: customer table in full (40 columns)", "custlib: in full"),
    "pandas": ("pandas, two-level", "pandas"),
    "polars": ("Polars, two-level, streaming", "Polars"),
    "openretailscience": ("openretailscience, RFM scores (its own DuckDB)", "openretailscience"),
}


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f} s" if value < 1 else f"{value:.1f} s"


def tables(found: dict) -> list[str]:
    """Give the lines of the README about growth, memory and Spark."""
    sizes = found["sizes"]
    lines = ["| Way | " + " | ".join(f"{size:,} orders" for size in sizes) + " | to bare | grows |", "|---|" + "---|" * (len(sizes) + 2)]
    for way, (name, _) in NAMES.items():
        cells, ratios = [], []
        for size in sizes:
            runs = found["grown"][size].get(way, [])
            took, memory, base = middle(runs, "seconds"), middle(runs, "memory"), middle(found["grown"][size]["bare"], "seconds")
            cells.append("–" if took is None else f"{seconds(took)}, {memory:,.0f} MB" + (f" (n = {len(runs)})" if len(runs) < ROUNDS else ""))
            ratios.append("–" if took is None else f"{took / base:.2f}")
        slope = exponent(found, way)
        lines.append(f"| {name} | {' | '.join(cells)} | {' / '.join(ratios)} | {'–' if slope is None else f'n^{slope:.2f}'} |")
    built = " / ".join(seconds(found["built"][size]) for size in sizes)
    lines += ["", f"Before that, once per file and timed apart: reading, typing, proving that each order id stands once: {built}."]
    if found["limits"]:
        lines += ["", "| Orders | Memory limit | Recency, orders, money | With labels written |", "|---|---|---|---|"]
        for size, limits in found["limits"].items():
            for limit, ways in limits.items():
                cells = [f"{seconds(middle(runs, 'seconds'))}, {middle(runs, 'memory'):,.0f} MB" if all(runs) else "refused: needs more"
                         for runs in ways.values()]
                lines.append(f"| {size:,} | {limit} | {' | '.join(cells)} |")
    if found["spark"] and all(all(runs) for runs in found["spark"].values()):
        lines += ["", f"| Spark, {SPARK_ORDERS:,} orders (its start not counted) | local[1] | local[2] | 1 → 2 cores |",
                  "|---|---|---|---|"]
        for name, ways in (("recency, orders, money (median of 3)", ("spark1", "spark2")),
                           ("with labels written (one run)", ("spark1_scored", "spark2_scored"))):
            first, second = (middle(found["spark"][way], "seconds") for way in ways)
            lines.append(f"| {name} | {seconds(first)} | {seconds(second)} | {first / second:.2f} × |")
    if found.get("lines") and all(all(runs) for runs in found["lines"].values()):
        base = middle(found["lines"]["bare"], "seconds")
        names = {"bare": NAMES["bare"][0], "rfm": NAMES["rfm"][0], "table": NAMES["table"][0],
                 "spark1_table": "Spark local[1], the customer table (one run)", "spark2_table": "Spark local[2], the customer table (one run)"}
        lines += ["", f"| {SPARK_ORDERS:,} lines of {SPARK_ORDERS // 4:,} orders | Time | To bare | Core-µs a line |", "|---|---|---|---|"]
        for way, name in names.items():
            took, cores = middle(found["lines"][way], "seconds"), 1 if way.startswith("spark1") else os.cpu_count()
            lines.append(f"| {name} | {seconds(took)} | {took / base:.2f} | {took * cores / SPARK_ORDERS * 1e6:.2f} |")
    return lines


def picture(found: dict, target: Path) -> None:
    """Draw seconds over orders, both logarithmic, one line a way."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for way, (_, label) in NAMES.items():
        points = [(size, took) for size in found["sizes"] if (took := middle(found["grown"][size].get(way, []), "seconds"))]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", linewidth=2.4 if label.startswith("custlib") else 1.2,
                      linestyle="-" if label.startswith(("custlib", "bare")) else "--", label=label)
    axes.set(xscale="log", yscale="log", xlabel="orders", ylabel="seconds (median)", title="Orders → customers, on a built table")
    axes.grid(which="major", alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(target, dpi=110)
    plt.close(figure)


def peak() -> float:
    """Give the largest memory of this process (MB): the kernel's count since its start, where there is one."""
    import resource

    status = Path("/proc/self/status")
    if status.exists():  # a process begins with its parent's ru_maxrss
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)


if __name__ == "__main__":
    took = WAYS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
    print(json.dumps({"seconds": took, "memory": peak()}))
