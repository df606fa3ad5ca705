"""How unequally value is spread: Lorenz, Gini, whale curve, ABC head counts, histograms. Frames that figures draw."""

import numpy as np
import pandas as pd

from custlib.checks import require

POINTS = 400  # a curve of more points is thinned: no eye and no printer sees the difference


def lorenz(customers: pd.DataFrame) -> pd.DataFrame:
    """Give the Lorenz curve of net amount, poorest customers first; amounts below zero count as zero.

    Returns
    -------
    DataFrame, one row per point, from (0, 0) to (1, 1)
        ``customer_share``, ``amount_share`` (shares of 1).

    Raises
    ------
    Problem
        ``net_amount`` is missing.

    Examples
    --------
    >>> lorenz(pd.DataFrame({"net_amount": [1., 3.]}))["amount_share"].tolist()
    [0.0, 0.25, 1.0]
    """
    amounts = np.sort(_positive(customers))
    total = amounts.sum()
    even = np.linspace(0, 1, len(amounts) + 1)
    shares = np.concatenate([[0.0], np.cumsum(amounts) / total]) if total else even
    return _thinned(pd.DataFrame({"customer_share": even, "amount_share": shares}))


def gini(customers: pd.DataFrame) -> float:
    """Give the Gini coefficient of net amount (0 all equal, towards 1 one customer has all); below zero counts as zero.

    Examples
    --------
    >>> gini(pd.DataFrame({"net_amount": [1., 1.]})), gini(pd.DataFrame({"net_amount": [0., 1.]}))
    (0.0, 0.5)
    """
    return gini_of(_positive(customers))


def gini_of(amounts: np.ndarray) -> float:
    """Give the Gini coefficient of an array of amounts ≥ 0; 0 where the total is 0."""
    ordered, n = np.sort(amounts), len(amounts)
    total = ordered.sum()
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total)) if total else 0.0


def whale(customers: pd.DataFrame) -> pd.DataFrame:
    """Give the whale curve: cumulative net amount, best customers first; it tops 1 where some customers cost money.

    Returns
    -------
    DataFrame, one row per point
        ``customer_share`` (of 1), ``amount_share`` (cumulative net amount over the total).

    Examples
    --------
    >>> whale(pd.DataFrame({"net_amount": [3., 2., -1.]}))["amount_share"].tolist()
    [0.0, 0.75, 1.25, 1.0]
    """
    require(customers, ["net_amount"], name="customers")
    amounts = np.sort(customers["net_amount"].to_numpy(dtype="float64"))[::-1]
    total = amounts.sum()
    even = np.linspace(0, 1, len(amounts) + 1)
    shares = np.concatenate([[0.0], np.cumsum(amounts) / total]) if total > 0 else np.full(len(even), np.nan)
    return _thinned(pd.DataFrame({"customer_share": even, "amount_share": shares}))


def abc_table(customers: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """Count heads and money of the classes A, B and C; the money shares are of the positive amounts.

    Returns
    -------
    DataFrame, one row per class, A to C
        ``class``, ``customers``, ``customer_share``, ``net_amount`` (currency), ``amount_share``, ``threshold`` (smallest net
        amount in the class, currency; blank for an empty class).

    Examples
    --------
    >>> people = pd.DataFrame({"net_amount": [70., 20., 10.]})
    >>> abc_table(people, pd.Series(["A", "B", "C"]))["amount_share"].tolist()
    [0.7, 0.2, 0.1]
    """
    amounts, positive = customers["net_amount"].to_numpy(dtype="float64"), _positive(customers)
    rows = []
    for name in ("A", "B", "C"):
        inside = (classes == name).to_numpy()
        rows.append({"class": name, "customers": int(inside.sum()), "customer_share": float(inside.mean()) if len(inside) else 0.0,
                     "net_amount": round(float(amounts[inside].sum()), 2),
                     "amount_share": float(positive[inside].sum() / positive.sum()) if positive.sum() else 0.0,
                     "threshold": float(amounts[inside].min()) if inside.any() else np.nan})
    return pd.DataFrame(rows)


def histogram(customers: pd.DataFrame, column: str, *, bins: int = 30) -> pd.DataFrame:
    """Count customers in bins of one column: equal steps for days, equal ratios for orders and money above zero.

    Returns
    -------
    DataFrame, one row per bin
        ``left``, ``right`` (in the unit of the column), ``customers`` (left ≤ value < right; the last bin holds its right).

    Examples
    --------
    >>> histogram(pd.DataFrame({"recency_days": [0, 5, 10]}), "recency_days", bins=2)["customers"].tolist()
    [1, 2]
    """
    require(customers, [column], name="customers")
    values = customers[column].dropna().to_numpy(dtype="float64")
    if column != "recency_days":
        values = values[values > 0]
    if not len(values):
        return pd.DataFrame({"left": [], "right": [], "customers": []}, dtype="float64")
    low, high = values.min(), values.max()
    if low == high:
        edges = np.array([low, low + 1 if column == "recency_days" else low * 1.1])
    elif column == "recency_days":
        edges = np.linspace(low, high, bins + 1)
    elif column == "orders":  # whole numbers: no bin may be narrower than one
        edges = np.unique(np.concatenate([np.floor(np.geomspace(low, high, bins + 1)), [high]])).astype("float64")
    else:
        edges = np.geomspace(low, high, bins + 1)
    edges[-1] = max(edges[-1], high)
    counts, _ = np.histogram(values, bins=edges)
    return pd.DataFrame({"left": edges[:-1], "right": edges[1:], "customers": counts})


def _positive(customers: pd.DataFrame) -> np.ndarray:
    require(customers, ["net_amount"], name="customers")
    return np.maximum(customers["net_amount"].to_numpy(dtype="float64"), 0)


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    if len(curve) <= POINTS:
        return curve
    kept = np.unique(np.rint(np.linspace(0, len(curve) - 1, POINTS)).astype(int))
    return curve.iloc[kept].reset_index(drop=True)
