"""Named segments and RFM cells as tables: how many, how much, how sure, by which rule."""

import numpy as np
import pandas as pd

from custlib.checks import require
from custlib.value.resample import shares
from custlib.value.segment_map import UNKNOWN, SegmentMap


def segment_table(customers: pd.DataFrame, named: pd.Series, *, plan: SegmentMap, seed: int, times: int = 200) -> pd.DataFrame:
    """Describe every segment of a map, empty ones too.

    Parameters
    ----------
    customers : DataFrame, one row per identity
        The customer table.
    named : Series, same rows
        Segment of each customer.

    Returns
    -------
    DataFrame, one row per segment, best rank first
        ``segment``, ``rank`` (1 = best), ``rule``, ``customers`` (count), ``customer_share`` and ``amount_share`` (of 1; with ``_low`` and
        ``_high``, 95 % bootstrap over customers, blank for an empty segment), ``net_amount`` (currency),
        ``median_recency_days`` (days), ``median_orders``, ``median_net_amount`` (currency).

    Raises
    ------
    Problem
        A column is missing.
    """
    require(customers, ["recency_days", "orders", "net_amount"], name="customers")
    known = shares(customers, named, times=times, seed=seed).set_index("group")
    listed = sorted(plan.segments, key=lambda one: -one.rank)
    rows = [_row(customers, named, one.name, place, plan.rule(one.name), known) for place, one in enumerate(listed, 1)]
    if (named == UNKNOWN).any():
        rows.append(_row(customers, named, UNKNOWN, len(rows) + 1, "–", known))
    return pd.DataFrame(rows)


def _row(customers: pd.DataFrame, named: pd.Series, name: str, rank: int, rule: str, known: pd.DataFrame) -> dict:
    inside = customers[(named == name).to_numpy()]
    row = {"segment": name, "rank": rank, "rule": rule, "customers": len(inside), "customer_share": 0.0, "customer_share_low": np.nan,
           "customer_share_high": np.nan, "net_amount": round(float(inside["net_amount"].sum()), 2), "amount_share": 0.0,
           "amount_share_low": np.nan, "amount_share_high": np.nan}
    if name in known.index:
        row |= known.loc[name].to_dict()
    medians = {f"median_{column}": float(inside[column].astype("Float64").median()) if len(inside[column].dropna()) else np.nan
               for column in ("recency_days", "orders", "net_amount")}
    return row | medians


def cells(customers: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Describe every cell of recency and frequency that occurs.

    Returns
    -------
    DataFrame, one row per pair of scores that occurs
        ``r``, ``f``, ``customers``, ``customer_share`` (of 1), ``net_amount`` (currency), ``amount_share`` (of the positive
        amounts), ``median_net_amount`` (currency).

    Raises
    ------
    Problem
        A column is missing.

    Examples
    --------
    >>> people = pd.DataFrame({"net_amount": [1., 3.]})
    >>> cells(people, pd.DataFrame({"r": [1, 1], "f": [2, 2]}))["median_net_amount"].tolist()
    [2.0]
    """
    require(scored, ["r", "f"], name="scores")
    joined = scored[["r", "f"]].assign(net_amount=customers["net_amount"].to_numpy(dtype="float64")).dropna()
    total = max(joined["net_amount"].clip(lower=0).sum(), 1e-12)
    joined = joined.assign(positive=joined["net_amount"].clip(lower=0))
    grouped = joined.groupby(["r", "f"], as_index=False).agg(
        customers=("net_amount", "size"), net_amount=("net_amount", "sum"), positive=("positive", "sum"),
        median_net_amount=("net_amount", "median"))
    return grouped.assign(customer_share=grouped["customers"] / max(len(joined), 1), amount_share=grouped["positive"] / total,
                          net_amount=grouped["net_amount"].round(2)).astype({"r": "int64", "f": "int64"})[
        ["r", "f", "customers", "customer_share", "net_amount", "amount_share", "median_net_amount"]]
