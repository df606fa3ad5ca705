"""The segment table alone: customers, labels and thresholds from a data set, without notebooks, figures or resampling."""

import itertools
import json
import os
from datetime import date
from pathlib import Path

from custlib import tables
from custlib.engine import rows_tier
from custlib.engine.edges import waiting_quantile
from custlib.i18n import Problem
from custlib.report.declared import has_orders, own
from custlib.report.parameters import check, pairs
from custlib.tables.store import Say, quiet, write_json

RFM = ("recency_days", "orders", "net_amount")
TIER_QUANTILES = (0.8, 0.4)
LOST_QUANTILE = 0.9
NEW_DAYS = 90
LOYAL_DAYS = 3


def write_segment_tables(dataset: str | Path, out: Path, *, as_of: str | None, set_: list[str] = (), memory: str = "1GB",
                         say: Say = quiet) -> Path:
    """Write ``customers.parquet``, ``labels.parquet`` and ``edges.json`` into `out`; the same rows as a report's tables.

    Raises
    ------
    Problem
        Bad use or a bad file; nothing is written then.
    """
    given = check({**pairs(set_), **({"as_of": as_of} if as_of else {})})
    data = tables.load(dataset)
    if data.segments:
        own(data)  # a broken map is refused before anything is read
    built = tables.build(data, say=say, memory=memory)
    # late imports: the build needs no pandas, and the two peaks of memory then do not meet
    from custlib import value
    from custlib.report.settle import settle

    if not has_orders(built):
        raise Problem("customers_need_orders", name=data.name)
    chosen = settle(data, built, given)
    customers, found = segment(data, built, chosen, memory=memory)
    labels = value.labels(customers, found, as_of=date.fromisoformat(chosen["as_of"]))
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in (("customers", customers), ("labels", labels)):
        part = out / f".{name}.{os.getpid()}.parquet"
        frame.to_parquet(part, index=False)
        os.replace(part, out / f"{name}.parquet")
    write_json(out / "edges.json", thresholds(data, chosen, found))
    return out


def segment(data: tables.Dataset, built: tables.Built, chosen: dict, *, memory: str = "1GB"):
    """Give the customer table and every threshold, as notebook 04 finds them."""
    from custlib import value

    with rows_tier(built.folder, date.fromisoformat(chosen["as_of"]), returns=data.returns, zero=data.zero,
                    window_days=chosen["window_days"] or None, memory=memory, engine=chosen["engine"]) as engine:
        customers = engine.customers()
        edges = {column: engine.edges(column, chosen["bins"], reverse=column == "recency_days")
                 for column in RFM}
    found = value.cuts(customers, edges, cut=chosen["cut"], business=value.business(chosen["business_cuts"]),
                       shares=tuple(chosen["abc"]), tier_rule=chosen["tier_rule"], plan=value.load_map(chosen["segment_map"]),
                       schemes=own(data).schemes)
    return customers, found


def thresholds(data: tables.Dataset, chosen: dict, found) -> dict:
    """Give what ``edges.json`` holds: the policies a run was made under and every threshold it used."""
    return {"as_of": chosen["as_of"], "dataset": data.name, "window_days": chosen["window_days"] or None, "returns": data.returns,
            "zero": data.zero, "currency": data.currency, **found.as_dict()}


def found_in(engine, chosen: dict):
    """Give the thresholds of a run, and its order rates and life cycle, from counts in the engine: no customer passes through pandas.

    Parameters
    ----------
    engine : DuckEngine or SparkEngine
        The rows tier at the snapshot day.
    chosen : dict
        ``bins``, ``cut``, ``business_cuts``, ``abc``, ``tier_rule``, ``segment_map``.

    Returns
    -------
    tuple
        ``value.Cuts``, and a dict with ``freq`` and ``lifecycle`` (days) as ``edges.json`` holds them.

    Raises
    ------
    Problem
        A parameter is out of range, or the map is not sound.
    """
    from custlib import value

    plan = value.sound(chosen["segment_map"] or "named")
    edges = {column: engine.edges(column, chosen["bins"], reverse=column == "recency_days") for column in RFM}
    shares = tuple(chosen["abc"])
    if chosen["cut"] == "business":
        eight = value.binary_cuts(None, cut="business", business=value.business(chosen["business_cuts"]))
    else:
        eight = {column: engine.middle(column, chosen["cut"]) for column in RFM}
    classes = engine.share_edges(shares)
    tiers = classes if chosen["tier_rule"] == "share" else engine.quantile_edges(TIER_QUANTILES)
    found = value.Cuts(edges, eight, chosen["cut"], classes, tiers, shares, chosen["tier_rule"], plan)
    return found, {"freq": {"hml": engine.rate_edges().as_dict()}, "lifecycle": _lifecycle(engine.gap_counts())}


def label_cells(plan, bins: int) -> list[tuple]:
    """Give what every cell of scores is called, for the engine's label query.

    Parameters
    ----------
    plan : SegmentMap
        The map behind ``rfm.named``.
    bins : int
        Number of scores of the run; they are scaled to the map's.

    Returns
    -------
    list of tuple
        (scheme, r, f, m, label, score, rule as JSON text) of ``rfm.named`` and ``rfm.cn8``.
    """
    import pandas as pd

    from custlib.value import load_map
    from custlib.value.why import place

    rows = []
    for scheme, one, scores in (("rfm.named", plan, bins), ("rfm.cn8", load_map("cn8"), 2)):
        grid = pd.DataFrame(list(itertools.product(range(1, scores + 1), repeat=3)), columns=list("rfm"))
        names = place(grid, one, bins=scores)
        rows += [(scheme, r, f, m, name, float(one.rank(name)), json.dumps(one.rule(name), ensure_ascii=False))
                 for r, f, m, name in zip(*(grid[axis].tolist() for axis in "rfm"), names.tolist(), strict=True)]
    return rows


def _lifecycle(counts) -> dict:
    """Give the days that part the stages: lost after nine tenths of gaps have ended by Kaplan and Meier, where the curve comes down so far."""
    days, ended, still_open = (counts[column].to_numpy() for column in ("gap_days", "ended", "still_open"))
    lost, rule = waiting_quantile(days, ended, still_open, LOST_QUANTILE), "kaplan_meier"
    if lost is None:
        # most one-time buyers never come back, so the curve stays up: then of the gaps that did end, and the file says so
        lost, rule = waiting_quantile(days, ended, still_open * 0, LOST_QUANTILE), "ended_gaps"
    return {"lost_days": lost, "lost_rule": rule, "quantile": LOST_QUANTILE, "new_days": NEW_DAYS, "loyal_days": LOYAL_DAYS}
