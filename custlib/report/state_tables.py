"""What the commands over a state do: append, check, compact, erase, and the month's tables with what moved since the last."""

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import duckdb

from custlib.engine import state as states
from custlib.engine.labels_sql import SCHEMES, label_parameters
from custlib.engine.state.batch import LATE_DAYS
from custlib.i18n import GateRefused, Problem, Trouble
from custlib.i18n.catalogue import text
from custlib.report.orders_tables import MEMORY
from custlib.report.parameters import PARAMETERS, check, pairs
from custlib.report.segment_tables import found_in, label_cells
from custlib.tables.store import Say, quiet, read_json, write_json

FEATURES = ("recency_days", "orders", "net_amount", "average_order_amount")
CUTTING = ("bins", "cut", "business_cuts", "abc", "tier_rule")
SHOWN = 6


def append_batch(state: Path, orders: Path, *, lines: Path | None = None, late_days: int = LATE_DAYS, anyway: bool = False,
                 memory: str = "2GB", lang: str = "en", say: Say = quiet) -> str:
    """Append a batch of orders to a state; give the sentence that says what became of it."""
    _memory(memory)
    done = states.append(state, orders, lines=lines, late_days=late_days, memory=memory, anyway=anyway, say=say)
    counts = {name: f"{value:,}" for name, value in asdict(done).items() if type(value) is int}
    return _said("again" if done.again else "appended", lang, state=state.name, last=done.last_day or "–", **counts)


def check_state(state: Path, *, orders: Path | None = None, lines: Path | None = None, one_in: int = 1, memory: str = "2GB", lang: str = "en",
                say: Say = quiet) -> str:
    """Prove that a state is what a rebuild gives.

    Raises
    ------
    GateRefused
        It is not; table, column and number of rows are named.
    """
    _memory(memory)
    found = states.check(state, orders=orders, lines=lines, one_in=one_in, memory=memory, say=say)
    if found:
        shown = "; ".join(f"{one.table}.{one.column}: {one.rows:,}" for one in found[:SHOWN]) + (" …" if len(found) > SHOWN else "")
        raise GateRefused("state_differs", file=state.name, found=shown)
    return _said("equal" if one_in == 1 else "equal_sample", lang, state=state.name, one_in=one_in)


def compact_state(state: Path, *, memory: str = "2GB", lang: str = "en") -> str:
    """Write a state anew; say how large it was and is."""
    _memory(memory)
    before, after = states.compact(state, memory=memory)
    return _said("compacted", lang, state=state.name, before=f"{before / 1e6:,.1f}", after=f"{after / 1e6:,.1f}")


def erase_customers(state: Path, customers: Path, receipt: Path, *, memory: str = "2GB", lang: str = "en") -> str:
    """Erase the customers whose ids `customers` lists, one a line, and write the receipt as JSON.

    Raises
    ------
    Problem
        The list cannot be read or is empty, or a receipt stands there already; nothing is erased then.
    """
    _memory(memory)
    try:
        ids = customers.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise Problem("missing_file", file=customers.name) from error
    except UnicodeDecodeError as error:
        raise Problem("csv_unreadable", file=customers.name) from error
    if receipt.exists():
        raise Problem("receipt_there", file=receipt.name)
    with _written(receipt.parent):
        receipt.touch()  # a receipt that cannot be written is known before anything is erased
    try:
        done = states.erase(state, ids, memory=memory)
    except BaseException:
        receipt.unlink()
        raise
    write_json(receipt, done)
    return _said("erased", lang, state=state.name, found=f"{done['found']:,}", asked=f"{done['asked']:,}", orders=f"{done['orders']:,}",
                 receipt=receipt.name)


def write_from_state(state: Path, out: Path, *, as_of: str | None = None, frozen: Path | None = None, before: Path | None = None,
                     set_: list[str] = (), memory: str = "2GB", full: bool = False, say: Say = quiet) -> Path:
    """Write ``customers.parquet``, ``labels.parquet`` and ``edges.json`` of a state into `out`; all of them, or none.

    Parameters
    ----------
    as_of : str
        The snapshot day, past or the day after the last order.
    frozen : Path, optional
        An earlier ``edges.json``: its thresholds are used instead of new ones.
    before : Path, optional
        The folder of an earlier day: ``moves.parquet`` (from label to label, with intervals) and ``drift.json`` (what moved, and
        whether the population is still the same) are written too.

    Raises
    ------
    Problem
        Bad use, or no such state, thresholds or folder.
    Trouble
        Another process is writing the state, or there is no room.
    """
    _memory(memory)
    given = check({**pairs(set_), "as_of": as_of} if as_of else pairs(set_))
    chosen = {name: one.default for name, one in PARAMETERS.items()} | given
    if chosen["cut"] == "business" and not chosen["business_cuts"]:
        raise Problem("bad_parameter", name="business_cuts", want="@want.business", got="[]")
    fixed = _frozen(frozen, given) if frozen else None
    if fixed:
        chosen["window_days"] = fixed["window_days"] or 0
    day = date.fromisoformat(chosen["as_of"]) if "as_of" in given else None
    earlier = _earlier(before, day) if before else None
    with _engine(state, day, chosen, memory) as rows, _written(out), _work(out) as work:
        started = time.monotonic()
        rows.write_customers(work / "customers.parquet", full=full)
        started = _told(say, "customer table", started)
        if not rows.middle("orders", "median") > 0:
            raise Problem("no_orders_before", file=state.name, as_of=day.isoformat())
        thresholds, plan = _thresholds(rows, state, chosen, fixed)
        started = _told(say, "thresholds", started)
        rows.write_labels(work / "labels.parquet", thresholds, label_cells(plan, thresholds["bins"]))
        write_json(work / "edges.json", thresholds)
        started = _told(say, "labels", started)
        if earlier:
            _moves(rows, before, earlier, work, thresholds)
            _told(say, "moves and drift", started)
        for one in sorted(work.iterdir()):
            target = out / one.name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            os.replace(one, target)
    return out


def _engine(state: Path, day: date | None, chosen: dict, memory: str) -> states.StateEngine:
    rows = states.StateEngine(state, day or date.max, window_days=(chosen["window_days"] or None) if day else None, memory=memory)
    try:
        if rows.last_day is None:
            raise Problem("no_orders_before", file=state.name, as_of=day or "–")
        if day is None:
            raise Problem("as_of_missing", name=state.name, last=rows.last_day, next=rows.last_day + timedelta(days=1))
        if day <= rows.first_day:
            raise Problem("as_of_too_early", as_of=day, first=rows.first_day, next=rows.last_day + timedelta(days=1))
    except BaseException:
        rows.close()
        raise
    return rows


def _thresholds(rows: states.StateEngine, state: Path, chosen: dict, fixed: dict | None):
    """Give what ``edges.json`` holds, and the map behind the named segments."""
    from custlib import value

    told = {"as_of": rows.as_of.isoformat(), "dataset": state.name, "engine": "duckdb", "window_days": chosen["window_days"] or None,
            "returns": "net", "zero": "count", "currency": None}
    if fixed:
        plan = value.sound(chosen["segment_map"] or "named")
        rules = {one.name: {"rank": one.rank, "rule": plan.rule(one.name)} for one in plan.segments}
        if plan.name != fixed["map"]["name"] or fixed["map"].get("segments", rules) != rules:
            raise Problem("frozen_map", name=fixed["map"]["name"], got=plan.name)
        return {**fixed, **told, "frozen_from": fixed.get("frozen_from") or fixed["as_of"]}, plan
    found, more = found_in(rows, chosen)
    return {**told, **found.as_dict(), **more}, found.map


def _frozen(path: Path, given: dict) -> dict:
    """Read thresholds of an earlier day and prove that labels can be given by them."""
    cutting = [name for name in (*CUTTING, "window_days") if name in given]
    if cutting:
        raise Problem("frozen_parameters", file=path.name, names=", ".join(cutting))
    if not path.is_file():
        raise Problem("missing_file", file=str(path))
    found = read_json(path)
    try:
        label_parameters(found)
        if not (isinstance(found["bins"], int) and isinstance(found["map"]["name"], str) and date.fromisoformat(found["as_of"])):
            raise TypeError
        if (found.get("returns", "net"), found.get("zero", "count")) != ("net", "count"):
            raise Problem("frozen_policies", file=path.name)
        return {"window_days": None, **found}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, Problem):
            raise
        raise Problem("frozen_broken", file=path.name) from error


def _earlier(folder: Path, day: date | None) -> dict:
    """Read what an earlier run says of itself."""
    for name in ("customers.parquet", "labels.parquet", "edges.json"):
        if not (folder / name).exists():
            raise Problem("missing_file", file=str(folder / name))
    found = read_json(folder / "edges.json")
    try:
        before = date.fromisoformat(found["as_of"])
    except (KeyError, TypeError, ValueError) as error:
        raise Problem("frozen_broken", file="edges.json") from error
    if day is not None and before >= day:
        raise Problem("before_not_before", before=before, as_of=day)
    return found


def _moves(rows: states.StateEngine, before: Path, earlier: dict, work: Path, thresholds: dict) -> None:
    """Write ``moves.parquet`` and ``drift.json``."""
    import pandas as pd

    from custlib.value import moves

    start = date.fromisoformat(earlier["as_of"])
    try:
        parts = [rows.transitions((before / "labels.parquet", work / "labels.parquet"), scheme, start=start, end=rows.as_of).assign(scheme=scheme)
                 for scheme in SCHEMES]
        kept = [one for one in parts if not (one["label_from"] == moves.ABSENT).all() and not (one["label_to"] == moves.ABSENT).all()]
        matrix = moves.migration(pd.concat(kept) if kept else pd.DataFrame(columns=["scheme", "label_from", "label_to", "customers"]))
        matrix.to_parquet(work / "moves.parquet", index=False)
        features = [pd.read_parquet(folder / "customers.parquet", columns=list(FEATURES)) for folder in (before, work)]
    except (duckdb.Error, OSError, ValueError) as error:
        raise Problem("before_unreadable", folder=before.name) from error
    found = moves.drift(*features, columns=list(FEATURES)).to_dict("records")
    schemes = [moves.shift(scheme, *_heads(one)) for scheme, one in matrix.groupby("scheme", sort=False)]
    write_json(work / "drift.json", {
        "from": earlier["as_of"], "to": rows.as_of.isoformat(), "edges": "frozen" if thresholds.get("frozen_from") else "fresh",
        "psi": {"watch": moves.WATCH, "refit": moves.REFIT, "bins": moves.BINS, "smoothing": moves.SMOOTHING},
        "features": [_plain(one) for one in found], "schemes": [_plain(one) for one in schemes],
        "moved": [_plain(one) for one in moves.moved(matrix).to_dict("records")]})


def _heads(matrix) -> list:
    """Give how many customers had each label on either day, from the moves of one scheme."""
    from custlib.value.moves import ABSENT

    sides = [matrix[matrix[side] != ABSENT].groupby(side)["customers"].sum() for side in ("label_from", "label_to")]
    names = sorted(set(sides[0].index) | set(sides[1].index))
    counts = [one.reindex(names, fill_value=0) for one in sides]
    there = (counts[0] + counts[1]) > 0
    return [one[there].to_numpy() for one in counts]


def _plain(record: dict) -> dict:
    """Give a record of a frame JSON-ready: NaN is null."""
    return {name: None if isinstance(value, float) and value != value else round(value, 6) if isinstance(value, float) else value
            for name, value in record.items()}


@contextmanager
def _written(folder: Path):
    """Hold a folder for writing; what the machine refuses ends in a sentence, and an empty folder does not stay."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise Trouble("engine_memory", memory="–") from error
    except duckdb.IOException as error:
        raise Trouble("out_unwritable", folder=folder.name, detail="I/O") from error
    except OSError as error:
        raise Trouble("out_unwritable", folder=folder.name, detail=os.strerror(error.errno) if error.errno else "I/O") from error
    finally:
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def _work(out: Path):
    work = out / f".work-{os.getpid()}"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _memory(memory: str) -> None:
    if not MEMORY.fullmatch(memory.strip()):
        raise Problem("bad_parameter", name="memory", want="@want.memory", got=repr(memory))


def _said(key: str, lang: str, **values: object) -> str:
    return "\n".join(text(f"growth.{key}", one, **values) for one in (("zh", "en") if lang == "bi" else (lang,)))


def _told(say: Say, what: str, started: float) -> float:
    now = time.monotonic()
    say(f"{what}: {now - started:.1f} s")
    return now
