"""Value classes by cumulative share, by head count, and by three binary cuts."""

import numpy as np
import pandas as pd

from custlib.checks import one_of, require
from custlib.i18n import Problem

ABC = ("A", "B", "C")
TIERS = ("high", "mid", "low")


def share_edges(customers: pd.DataFrame, shares: tuple[float, float]) -> tuple[float, float]:
    """Give the smallest net amount of the first and of the second class when customers are sorted by value.

    The customer who crosses a line belongs to the better class; equal amounts stay together; amounts of zero or less are
    never above a line (METHODS 1.3 `value.abc`).

    Raises
    ------
    Problem
        `shares` do not rise inside 0 to 1.

    Examples
    --------
    >>> share_edges(pd.DataFrame({"net_amount": [70., 20., 10.]}), (.7, .9))
    (70.0, 20.0)
    """
    require(customers, ["net_amount"], name="customers")
    if len(shares) != 2 or not 0 < shares[0] < shares[1] < 1:
        raise Problem("out_of_range", name="abc", low="0 < A", high="B < 1", got=list(shares))
    cents = np.sort(_cents(customers["net_amount"]))[::-1]
    cents = cents[cents > 0]
    if not len(cents):
        return (np.inf, np.inf)
    below = np.cumsum(cents) / cents.sum()
    # a share a hair under the line is on it: 0.7 of a total is not a binary fraction
    first, second = (cents[min(int(np.searchsorted(below, share - 1e-12)), len(cents) - 1)] / 100 for share in shares)
    return float(first), float(second)


def abc(customers: pd.DataFrame, *, edges: tuple[float, float]) -> pd.Series:
    """Give A, B or C for every customer from the edges of `share_edges`; zero and below is C.

    Examples
    --------
    >>> abc(pd.DataFrame({"net_amount": [70., 20., 10., -5.]}), edges=(70., 20.)).tolist()
    ['A', 'B', 'C', 'C']
    """
    return _cut(customers["net_amount"], edges, ABC)


def tier_edges(customers: pd.DataFrame, *, rule: str, shares: tuple[float, float]) -> tuple[float, float]:
    """Give the edges of high and mid value: by cumulative `shares`, or by the head-count quantiles .80 and .40.

    Raises
    ------
    Problem
        `rule` is neither ``share`` nor ``quantile``.

    Examples
    --------
    >>> tier_edges(pd.DataFrame({"net_amount": [1., 2., 3., 4., 5.]}), rule="quantile", shares=(.7, .9))
    (5.0, 3.0)
    """
    one_of("tier_rule", rule, ["share", "quantile"])
    if rule == "share":
        return share_edges(customers, shares)
    amounts = np.sort(customers["net_amount"].to_numpy(dtype="float64"))
    return tuple(float(amounts[min(int(np.floor(q * len(amounts))), len(amounts) - 1)]) for q in (0.8, 0.4))


def tier3(customers: pd.DataFrame, *, edges: tuple[float, float]) -> pd.Series:
    """Give high, mid or low for every customer from the edges of `tier_edges`; zero and below is low.

    Examples
    --------
    >>> tier3(pd.DataFrame({"net_amount": [5., 3., 1.]}), edges=(5., 3.)).tolist()
    ['high', 'mid', 'low']
    """
    return _cut(customers["net_amount"], edges, TIERS)


def binary_cuts(customers: pd.DataFrame, *, cut: str, business: dict[str, float] | None = None) -> dict[str, float]:
    """Give the three cuts of the eight Chinese classes over customers with an order.

    Parameters
    ----------
    cut : str
        ``median`` (default of the workbench), ``mean`` (common in tutorials, wrong on skewed data) or ``business``.
    business : dict, optional
        Column → cut, for ``business``.

    Raises
    ------
    Problem
        `cut` is none of the three, or a business cut is missing.

    Examples
    --------
    >>> people = pd.DataFrame({"recency_days": [1, 9], "orders": [1, 3], "net_amount": [5., 7.]})
    >>> binary_cuts(people, cut="median")["orders"]
    2.0
    """
    one_of("cut", cut, ["median", "mean", "business"])
    columns = ["recency_days", "orders", "net_amount"]
    if cut == "business":
        missing = [column for column in columns if column not in (business or {})]
        if missing:
            raise Problem("frame_lacks", name="business cuts", missing=", ".join(missing), have=", ".join(business or {}) or "–")
        return {column: float(business[column]) for column in columns}
    bought = customers.loc[customers["orders"] > 0, columns].astype("float64")
    return {column: round(float(value), 6) for column, value in getattr(bought, cut)().items()}


def business(numbers: list[float]) -> dict[str, float] | None:
    """Name three business cuts given in order: days, orders, amount; None where none are given.

    Examples
    --------
    >>> business([90, 3, 500])
    {'recency_days': 90, 'orders': 3, 'net_amount': 500}
    """
    return dict(zip(("recency_days", "orders", "net_amount"), numbers, strict=True)) if numbers else None


def cn8_scores(customers: pd.DataFrame, *, cuts: dict[str, float]) -> pd.DataFrame:
    """Give R, F and M as 2 (good side of the cut, the cut included) or 1; blank without an order.

    Examples
    --------
    >>> people = pd.DataFrame({"recency_days": [1, 9], "orders": [1, 3], "net_amount": [5., 7.]})
    >>> cn8_scores(people, cuts={"recency_days": 5, "orders": 2, "net_amount": 6}).to_numpy().tolist()
    [[2, 1, 1], [1, 2, 2]]
    """
    scored = pd.DataFrame({
        "r": 1 + (customers["recency_days"].astype("Float64") <= cuts["recency_days"]).fillna(False).astype("Int8"),
        "f": 1 + (customers["orders"] >= cuts["orders"]).astype("Int8"),
        "m": 1 + (customers["net_amount"] >= cuts["net_amount"]).astype("Int8")}, index=customers.index)
    scored.loc[(customers["orders"] <= 0).to_numpy(), :] = pd.NA
    return scored


def _cut(amounts: pd.Series, edges: tuple[float, float], names: tuple[str, str, str]) -> pd.Series:
    cents = _cents(amounts)
    first, second = (round(edge * 100) if np.isfinite(edge) else edge for edge in edges)
    above = cents > 0
    labels = np.where(above & (cents >= first), names[0], np.where(above & (cents >= second), names[1], names[2]))
    return pd.Series(labels, index=amounts.index)


def _cents(amounts: pd.Series) -> np.ndarray:
    return np.rint(amounts.to_numpy(dtype="float64") * 100)
