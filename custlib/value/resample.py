"""How sure the numbers are: customers drawn again, edges cut again, labels given again."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from custlib.engine.duck import edges_of
from custlib.value.concentration import gini_of
from custlib.value.scores import COLUMNS, rfm
from custlib.value.segment_map import SegmentMap
from custlib.value.tiers import abc, share_edges
from custlib.value.why import place

LEVEL = 0.95


def draws(n: int, *, times: int, seed: int) -> Iterator[np.ndarray]:
    """Give `times` bootstrap weights: how often each of `n` customers is drawn when `n` are drawn with replacement."""
    chance = np.random.default_rng(seed)
    for _ in range(times):
        yield np.bincount(chance.integers(0, n, n), minlength=n)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Give the 95 % percentile interval of resampled values.

    Examples
    --------
    >>> [round(one, 6) for one in interval(np.arange(101.))]
    [2.5, 97.5]
    """
    low, high = np.quantile(values, [round((1 - LEVEL) / 2, 6), round((1 + LEVEL) / 2, 6)])
    return float(low), float(high)


def shares(customers: pd.DataFrame, groups: pd.Series, *, times: int = 200, seed: int) -> pd.DataFrame:
    """Give each group's share of customers and of positive net amount with a 95 % bootstrap interval over customers.

    Returns
    -------
    DataFrame, one row per group
        ``customer_share``, ``customer_share_low``, ``customer_share_high``, ``amount_share``, ``amount_share_low``,
        ``amount_share_high`` (shares of 1).
    """
    codes, names = pd.factorize(groups, sort=True)
    amounts = np.maximum(customers["net_amount"].to_numpy(dtype="float64"), 0)
    order = np.lexsort((amounts, codes))  # drawn by value: neither ids nor the order of rows may move an interval
    codes, amounts = codes[order], amounts[order]
    heads, money = [], []
    for weight in draws(len(customers), times=times, seed=seed):
        heads.append(np.bincount(codes, weights=weight, minlength=len(names)) / weight.sum())
        sums = np.bincount(codes, weights=weight * amounts, minlength=len(names))
        money.append(sums / max(sums.sum(), 1e-12))
    total = max(amounts.sum(), 1e-12)
    rows = []
    for place_, name in enumerate(names):
        inside = codes == place_
        row = {"group": name, "customer_share": inside.mean(), "amount_share": amounts[inside].sum() / total}
        for label, drawn in (("customer_share", heads), ("amount_share", money)):
            row[f"{label}_low"], row[f"{label}_high"] = interval(np.array([one[place_] for one in drawn]))
        rows.append(row)
    return pd.DataFrame(rows)


def concentration_intervals(customers: pd.DataFrame, *, shares_: tuple[float, float], times: int = 200,
                            seed: int) -> dict[str, tuple[float, float]]:
    """Give 95 % bootstrap intervals of the Gini coefficient, the share of A customers and the top fifth's amount share."""
    amounts = np.sort(np.maximum(customers["net_amount"].to_numpy(dtype="float64"), 0))
    found: dict[str, list[float]] = {"gini": [], "a_share": [], "top20_share": []}
    for weight in draws(len(amounts), times=times, seed=seed):
        drawn = np.repeat(amounts, weight)
        found["gini"].append(gini_of(drawn))
        people = pd.DataFrame({"net_amount": drawn})
        found["a_share"].append(float((abc(people, edges=share_edges(people, shares_)) == "A").mean()))
        found["top20_share"].append(top_share(drawn, 0.2))
    return {name: interval(np.array(values)) for name, values in found.items()}


def top_share(amounts: np.ndarray, share: float) -> float:
    """Give the part of the total that the best `share` of customers hold (whole customers, rounded up).

    Examples
    --------
    >>> top_share(np.array([8., 1., 1., 0., 0.]), .2)
    0.8
    """
    best = np.sort(amounts)[::-1][: int(np.ceil(share * len(amounts) - 1e-9))]
    return float(best.sum() / amounts.sum()) if amounts.sum() else 0.0


def confidence(customers: pd.DataFrame, labels: pd.Series, *, plan: SegmentMap, bins: int, times: int = 200,
               seed: int) -> pd.Series:
    """Give, for each customer, how often she keeps her named segment when the edges are cut from customers drawn again.

    Returns
    -------
    Series of float, 0 to 1, same rows; blank for ``unknown``
    """
    bought = (customers["orders"] > 0).to_numpy()
    columns = {column: customers[column].to_numpy(dtype="float64", na_value=np.nan)[bought] for column in COLUMNS.values()}
    order = np.lexsort(tuple(columns.values()))
    kept = np.zeros(len(customers))
    for weight in draws(int(bought.sum()), times=times, seed=seed):
        edges = {}
        for column, values in columns.items():
            distinct, inverse = np.unique(values[order], return_inverse=True)
            counts = np.bincount(inverse, weights=weight).astype("int64")
            seen = counts > 0
            edges[column] = edges_of(distinct[seen], counts[seen], bins, reverse=column == "recency_days")
        kept += (place(rfm(customers, edges=edges), plan, bins=bins) == labels).to_numpy()
    return pd.Series(np.where(bought, kept / times, np.nan), index=customers.index)
