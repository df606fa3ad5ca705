"""Speed and memory as ratios measured in one run; rewrites README.md beside this file. Run it with `make bench`."""

import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import scale

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROUNDS = 7


def whole(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command as a whole process and give its seconds and the peak of its memory (MB), children included."""
    started = time.monotonic()
    pid = os.spawnvpe(os.P_NOWAIT, words[0], words, environment)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(words)}")
    return time.monotonic() - started, used.ru_maxrss / 1024


def paired(first: list[str], second: list[str], environment: dict[str, str], before) -> dict[str, list]:
    """Run two commands in turn, so that what else the machine does touches both alike; `before` clears what they keep."""
    found = {"first": [], "second": []}
    for _ in range(ROUNDS):
        for name, words in (("first", first), ("second", second)):
            before()
            found[name].append(whole(words, environment))
    return found


def middle(rounds: list[tuple[float, float]], place: int) -> float:
    return statistics.median(one[place] for one in rounds)


def main() -> None:
    sales = Path(os.environ.get("CUSTLIB_DATA", ROOT.parent / "shared" / "data")) / "online_retail.parquet"
    if not sales.exists():
        raise SystemExit("bench: online_retail.parquet is not in the folder named by CUSTLIB_DATA; nothing measured, README.md unchanged")
    work = Path(tempfile.mkdtemp(prefix="custlib-bench-"))
    environment = {**os.environ, "CUSTLIB_DATA": str(sales.parent), "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's Python keeps its bytecode
    try:
        rows = [*segment_table(sales, work, environment), *report(work, environment), *import_time(environment)]
        grown = scale.measured(work, sizes())
        scale.picture(grown, HERE / "scale.png")
    finally:
        shutil.rmtree(work)
    write(rows, scale.tables(grown))


def sizes() -> tuple[int, ...]:
    """Give the numbers of orders to measure: those of the words SIZES=1e5,1e6, else all."""
    given = os.environ.get("SIZES")
    return tuple(int(float(one)) for one in given.split(",")) if given else scale.SIZES


def own(work: Path) -> Path:
    """Put Online Retail's description where this run may build without touching the user's data."""
    target = work / "online_retail" / "dataset.toml"
    target.parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / "data/online_retail/dataset.toml", target)
    return target


def segment_table(sales: Path, work: Path, environment: dict[str, str]) -> list[tuple[str, str, str, str]]:
    toml = own(work)
    mine = [sys.executable, "-m", "custlib", "customers", "--dataset", str(toml), "--out", str(work / "mine")]
    hand = [sys.executable, str(HERE / "by_hand.py"), str(sales), str(work / "hand")]
    found = paired(mine, hand, environment, lambda: shutil.rmtree(toml.parent / "build", ignore_errors=True))
    agree(work)
    again = [whole(mine, environment) for _ in range(ROUNDS)]
    ours, theirs = (middle(found[name], 0) for name in ("first", "second"))
    memory, theirs_memory = (middle(found[name], 1) for name in ("first", "second"))
    later, later_memory = middle(again, 0), middle(again, 1)
    return [("raw file → customers and labels, by hand (DuckDB + pandas, no checks, no canonical tables)", f"{theirs:.2f} s",
             f"{theirs_memory:.0f} MB", "1"),
            ("raw file → canonical tables → customers and labels, `custlib customers`", f"{ours:.2f} s", f"{memory:.0f} MB",
             f"{ours / theirs:.2f}"),
            ("the same when the tables are built already", f"{later:.2f} s", f"{later_memory:.0f} MB", f"{later / theirs:.2f}")]


def agree(work: Path) -> None:
    """Stop unless both ways gave the same customers and labels: a fast wrong answer is no reference."""
    mine, hand = (pd.read_parquet(work / name / "labels.parquet").set_index(["identity_id", "scheme"])["label"] for name in ("mine", "hand"))
    for scheme in ("rfm.cell", "rfm.named", "value.abc", "value.tier3"):
        pd.testing.assert_series_equal(mine.xs(scheme, level=1).sort_index(), hand.xs(scheme, level=1).sort_index())


def report(work: Path, environment: dict[str, str]) -> list[tuple[str, str, str, str]]:
    toml = own(work)
    shutil.rmtree(toml.parent / "build", ignore_errors=True)
    words = [sys.executable, "-m", "custlib", "report", "--dataset", str(toml), "--out", str(work / "run"), "--lang", "en"]
    seconds, memory = whole(words, environment)
    timings = json.loads((work / "run" / "manifest.json").read_text())["timings"]
    kernels = kernel_start(environment)
    steps = timings["notebooks"]
    return [("raw file → finished report, `custlib report`", f"{seconds:.1f} s", f"{memory:.0f} MB (largest process)", "–"),
            ("… of which building the tables", f"{timings['build']:.1f} s", "", f"{timings['build'] / seconds:.0%}"),
            (f"… executing the notebooks ({', '.join(f'{name} {one:.1f} s' for name, one in steps.items())})", f"{timings['execute']:.1f} s", "",
             f"{timings['execute'] / seconds:.0%}"),
            ("… … of which starting kernels (an empty notebook, twice: 00 and 04 start together)", f"{2 * kernels:.1f} s", "",
             f"{2 * kernels / seconds:.0%}"),
            ("… rendering HTML and Excel", f"{timings['render']:.1f} s", "", f"{timings['render'] / seconds:.0%}")]


def kernel_start(environment: dict[str, str]) -> float:
    """Give the seconds that a kernel takes to start, run nothing and end: the median of five."""
    code = ("import statistics, time, nbformat\nfrom nbclient import NotebookClient\nseen = []\nfor _ in range(5):\n"
            "    b = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('1')])\n    t = time.monotonic()\n"
            "    NotebookClient(b, kernel_name='python3').execute()\n    seen.append(time.monotonic() - t)\nprint(statistics.median(seen))")
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(ended.stdout.strip().splitlines()[-1])


def import_time(environment: dict[str, str]) -> list[tuple[str, str, str, str]]:
    bare = statistics.median(whole([sys.executable, "-c", "pass"], environment)[0] for _ in range(ROUNDS))
    mine = statistics.median(whole([sys.executable, "-c", "import custlib"], environment)[0] for _ in range(ROUNDS))
    return [("`import custlib`, above starting Python", f"{max(mine - bare, 0):.3f} s", "", f"{mine / bare:.2f}")]


def write(rows: list[tuple[str, str, str, str]], grown: list[str]) -> None:
    cores, memory = os.cpu_count(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    names = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pandas", "numpy", "pyarrow", "papermill"))
    lines = ["# Benchmarks", "", f"Made by `make bench` on {cores} cores, {memory:.0f} GB, Python {platform.python_version()}, {names}.",
             f"Whole processes, paired, median of {ROUNDS} (the report: once); Online Retail, 541,909 rows. Ratio: to the first row, or share",
             "of the report.", "",
             "| What | Time | Peak memory | Ratio |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows), "",
             "The hand-written reference gives the same labels (checked in the run) but accounts for no row, rejects nothing, keeps no",
             "canonical tables and explains no customer; what `custlib` does more is what the ratio pays for.", "",
             "## From 100,000 orders on", "",
             f"Made-up orders (a tenth as many customers), each way in a process of its own, in turn, median of {scale.ROUNDS}; the time of the work",
             f"itself, from Parquet, after imports; memory of the whole process; DuckDB's limit {scale.MEMORY}. Right of the sizes: time to that of",
             "the bare aggregation, size by size, and growth from 1,000,000 orders on (1.00: in proportion).", "", *grown, "",
             "![Seconds over orders](scale.png)"]
    (HERE / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[5:]))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
