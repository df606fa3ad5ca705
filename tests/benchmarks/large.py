"""Files larger than memory: build a CSV of 20 million rows and one of more than 5 GB under a limit, and write what it took to large.md.

    .venv/bin/python tests/benchmarks/large.py [--memory 1GB] [--folder FOLDER]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
LINES = """SELECT 'L' || i AS line_id, 'O' || (i // 4) AS order_no, 'C' || (hash(i // 4) % 1000000) AS member_no,
  strftime(TIMESTAMP '2022-01-01' + to_seconds((i // 4) * 3), '%Y-%m-%d %H:%M:%S') AS paid_at, 'SKU' || (hash(i) % 5000) AS sku,
  1 + hash(i + 7) % 5 AS qty, printf('%.2f', 1 + (hash(i + 3) % 20000) / 100.0) AS price{note} FROM range({rows}) AS t(i)"""
NOTE = ", repeat('note ' || (hash(i + 5) % 100000) || ' ', 12) AS note"
TOML = """schema = 1
name = "large"
currency = "CNY"
timezone = "Asia/Shanghai"
[sources.lines]
path = "lines.csv"
[tables.order_lines]
source = "lines"
[tables.order_lines.columns]
order_id = "order_no"
product_id = "sku"
quantity = "qty"
unit_price = "price"
[tables.orders]
source = "lines"
collapse = true
[tables.orders.columns]
order_id = "order_no"
customer_id = "member_no"
order_ts = "paid_at"
"""
CASES = {"20 million rows": (20_000_000, ""), "more than 5 GB": (33_000_000, NOTE)}


def main() -> None:
    """Measure each case in a process of its own and write the table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--memory", default="1GB")
    asked.add_argument("--folder", type=Path)
    given = asked.parse_args()
    rows = [measured(name, count, note, given.memory, given.folder) for name, (count, note) in CASES.items()]
    machine = f"{os.cpu_count()} cores, duckdb {duckdb.__version__}"
    head = (f"# Files larger than memory\n\nMade by `tests/benchmarks/large.py` on {machine}. A CSV of order "
            f"lines → canonical tables,\nquality score included, by `custlib tables build --memory {given.memory}`.\n\n"
            "| CSV | Size | Rows | Time | Peak memory of the process |\n|---|---|---|---|---|\n")
    (HERE / "large.md").write_text(head + "".join(f"| {' | '.join(row)} |\n" for row in rows), encoding="utf-8")


def measured(name: str, count: int, note: str, memory: str, folder: Path | None) -> tuple[str, ...]:
    """Make one file, build it, and give the row of the table."""
    work = Path(tempfile.mkdtemp(dir=folder))
    try:
        with duckdb.connect(config={"memory_limit": "1GB"}) as db:
            db.execute(f"COPY ({LINES.format(rows=count, note=note)}) TO '{work / 'lines.csv'}' (HEADER)")
        (work / "dataset.toml").write_text(TOML, encoding="utf-8")
        size, began = (work / "lines.csv").stat().st_size, time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "custlib", "tables", "build", "--dataset", str(work / "dataset.toml"), "--memory", memory],
                                   stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        if status:
            raise SystemExit(f"{name}: the build ended with {os.waitstatus_to_exitcode(status)}")
        kept = duckdb.sql(f"SELECT count(*) FROM '{work / 'build/order_lines.parquet'}'").fetchall()[0][0]
        if kept != count:
            raise SystemExit(f"{name}: {kept:,} rows kept of {count:,}")
        return name, f"{size / 1e9:.1f} GB", f"{count:,}", f"{seconds:.0f} s", f"{used.ru_maxrss / 1024:,.0f} MB"
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
