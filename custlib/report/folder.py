"""The run folder: filled beside its place, published by a rename, kept for resuming when something fails."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custlib.i18n import Problem, Trouble
from custlib.tables.store import read_json, swap

MARK = ".custlib-run"


@contextmanager
def filling(out: Path) -> Iterator[Path]:
    """Give the working folder of a run that will be published as `out`; what an earlier try finished is still in it.

    Raises
    ------
    Problem
        `out` holds something that is no run.
    Trouble
        Another run is writing to `out`, or nothing can be written there.
    """
    out = out.absolute()
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "manifest.json").exists())):
        raise Problem("out_not_run", folder=out.name)
    work = out.parent / f".{out.name}.partial"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock = (out.parent / f".{out.name}.lock").open("a")
    except OSError as error:
        raise Trouble("out_unwritable", folder=out.name, detail=error.strerror) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Trouble("out_busy", folder=out.name) from error
        if not (work / MARK).exists():
            _begin(out, work)
        for part in ("tables", "figures", "summary", "sql", "notebooks"):
            (work / part).mkdir(exist_ok=True)
        yield work


def _begin(out: Path, work: Path) -> None:
    """Start from the published run, where there is one: its unchanged steps need not run again."""
    shutil.rmtree(work, ignore_errors=True)
    if (out / "manifest.json").exists():
        shutil.copytree(out, work)
    work.mkdir(exist_ok=True)
    (work / MARK).touch()


def publish(work: Path, out: Path) -> None:
    """Put a finished run in its place; the earlier one goes only when this one stands."""
    out = out.absolute()
    (work / MARK).unlink(missing_ok=True)
    if out.exists() and not any(out.iterdir()):
        out.rmdir()
    swap(work, out)


def is_done(work: Path, name: str, input_hash: str, writes: tuple[str, ...]) -> bool:
    """Tell whether a step's summary holds this input hash and all that it declares to write is there."""
    summary = read_json(work / "summary" / f"{name}.json")
    return bool(summary) and summary.get("input_hash") == input_hash and (work / "notebooks" / f"{name}.ipynb").exists() and all(
        any(work.glob(written)) for written in writes)


def clear_step(work: Path, name: str) -> None:
    """Remove what an earlier run of a step left, so that nothing stale is published."""
    before = read_json(work / "summary" / f"{name}.json") or {}
    written = {path for pattern in before.get("writes", ()) for path in work.glob(pattern)}
    left = [*work.glob(f"summary/{name}.json"), *work.glob(f"notebooks/{name}.ipynb"), *work.glob(f"figures/{name[:2]}_*"), *written]
    for path in left:
        path.unlink(missing_ok=True)


def clear_vanished(work: Path, names: list[str]) -> None:
    """Remove what notebooks left in an earlier run that are no longer there."""
    for path in [*work.glob("summary/*.json"), *work.glob("notebooks/*.ipynb")]:
        if path.stem not in names:
            clear_step(work, path.stem)


def no_sales(work: Path) -> None:
    """Leave no trace of sales that an earlier run had, and a ledger without rows: nothing came in and nothing went out."""
    import pandas as pd

    for path in work.glob("sql/*.sql"):
        path.unlink()
    types = {"step": "object", "rows": "int64", "gross": "float64", "returned": "float64", "net": "float64"}
    empty = pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in types.items()})
    empty.to_parquet(work / "tables" / "ledger.parquet", index=False)
