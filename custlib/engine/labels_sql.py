"""The thresholds of an ``edges.json`` as parameters of the label queries: what names mean comes in as data."""

import json
import math
from pathlib import Path

import duckdb

from custlib.checks import within
from custlib.engine.connection import quoted

AXES = {"r": "recency_days", "f": "orders", "m": "net_amount"}
MOST = 10
SCHEMES = ("rfm.cell", "rfm.named", "rfm.cn8", "value.tier3", "value.abc", "freq.hml", "lifecycle.behaviour")
CELLS = "scheme VARCHAR, r INTEGER, f INTEGER, m INTEGER, label VARCHAR, score DOUBLE, rule VARCHAR"
STAGES = ("lost", "new", "loyal")


def label_parameters(thresholds: dict) -> dict[str, object]:
    """Give what ``scored`` and ``labels`` bind.

    Parameters
    ----------
    thresholds : dict
        ``rfm``, ``cn8``, ``abc``, ``tier3`` as ``edges.json`` holds them, and, where those schemes are wanted, ``freq`` (``hml``:
        edges of the order rate) and ``lifecycle`` (``lost_days``, ``new_days``, ``loyal_days``; None: never).

    Raises
    ------
    Problem
        There are more than ten scores.

    Examples
    --------
    >>> cut = {"edges": {"1": 30.0}, "top": 2, "bins": 2, "reversed": True}
    >>> plain = {**cut, "reversed": False}
    >>> money = {"edges": {"A": 9.5, "B": None}}
    >>> given = {"rfm": {"recency_days": cut, "orders": plain, "net_amount": plain}, "abc": money,
    ...          "cn8": {"recency_days": 5.0, "orders": 2.0, "net_amount": 6.0}, "tier3": {"edges": {"high": 9.5, "mid": 1.0}}}
    >>> found = label_parameters(given)
    >>> found["r_edge_1"], found["r_edge_2"], found["r_base"], found["r_sign"], found["abc_a"], found["abc_b"]
    (30.0, None, 3, -1, 950.0, None)
    """
    rfm = {axis: thresholds["rfm"][column] for axis, column in AXES.items()}
    bins = max(one["bins"] for one in rfm.values())
    within("bins", bins, 2, MOST)
    found: dict[str, object] = {"mark": "" if bins < MOST else "-"}
    for axis, one in rfm.items():
        found |= {f"{axis}_edge_{score}": one["edges"].get(str(score)) for score in range(1, MOST)}
        found |= {f"{axis}_top": one["top"], f"{axis}_base": one["bins"] + 1 if one["reversed"] else 0,
                  f"{axis}_sign": -1 if one["reversed"] else 1}
    found |= {f"cn8_{axis}": _finite(thresholds["cn8"][column]) for axis, column in AXES.items()}
    found |= {f"abc_{name.lower()}": _cents(thresholds["abc"]["edges"][name]) for name in ("A", "B")}
    found |= {f"tier_{name}": _cents(thresholds["tier3"]["edges"][name]) for name in ("high", "mid")}
    hml = thresholds.get("freq", {}).get("hml")
    found |= {"with_frequency": int(hml is not None), "hml_edge_1": None, "hml_edge_2": None, "hml_top": None}
    if hml is not None:
        found |= {"hml_edge_1": hml["edges"].get("1"), "hml_edge_2": hml["edges"].get("2"), "hml_top": hml["top"]}
    cycle = thresholds.get("lifecycle")
    found |= {"with_lifecycle": int(cycle is not None), **{f"{name}_days": (cycle or {}).get(f"{name}_days") for name in STAGES}}
    return found | {f"{name}_rule": json.dumps(text, ensure_ascii=False) for name, text in stage_rules(cycle or {}).items()}


def stage_rules(cycle: dict) -> dict[str, str]:
    """Give the rule of every life-cycle stage, the first that fits wins.

    Examples
    --------
    >>> stage_rules({"lost_days": 160.0, "new_days": 90, "loyal_days": 3})["lost"]
    'recency_days > 160'
    """
    lost, new, loyal = (cycle.get(f"{name}_days") for name in STAGES)
    return {"lost": f"recency_days > {_plain(lost)}", "new": f"seen_days ≤ {_plain(new)}", "loyal": f"order_days ≥ {_plain(loyal)}",
            "other": "–"}


def write_in_order(db: duckdb.DuckDBPyConnection, sql: str, bound: dict[str, object], path: Path) -> int:
    """Write what the label query gives into one file, scheme after scheme; give the number of rows."""
    # branches of a union are written side by side: to stay apart, each scheme needs a file, joined afterwards
    parts = [path.with_name(f".{path.name}.{scheme}") for scheme in SCHEMES]
    try:
        for scheme, part in zip(SCHEMES, parts, strict=True):
            db.execute(f"COPY (SELECT * FROM ({sql}) WHERE scheme = {quoted(scheme)}) TO {quoted(part)} (FORMAT parquet)", bound)
        joined = f"SELECT * FROM read_parquet([{', '.join(map(quoted, parts))}])"
        return db.execute(f"COPY ({joined}) TO {quoted(path)} (FORMAT parquet)").fetchall()[0][0]
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _cents(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(round(value * 100))


def _plain(value: float | None) -> str:
    return "∞" if value is None else str(int(value)) if float(value).is_integer() else str(value)
