"""RFM: scores from stored edges, so that equal values share a score and next month can be cut like this month."""

import numpy as np
import pandas as pd

from custlib.checks import require, within
from custlib.engine import Edges
from custlib.i18n import Problem

COLUMNS = {"r": "recency_days", "f": "orders", "m": "net_amount"}


def rfm(customers: pd.DataFrame, *, edges: dict[str, Edges]) -> pd.DataFrame:
    """Score recency, frequency and money of every customer.

    Parameters
    ----------
    customers : DataFrame, one row per identity
        Needs ``identity_id``, ``recency_days`` (days), ``orders`` (count), ``net_amount`` (currency).
    edges : dict
        Column → Edges, from `engine.edges` or stored from last month.

    Returns
    -------
    DataFrame, same rows and order
        ``identity_id``, ``r``, ``f``, ``m`` (Int8, 1 = worst; blank for a customer without an order), ``cell`` ("545").

    Raises
    ------
    Problem
        A column is missing.

    Notes
    -----
    METHODS 1.3 and 2.1: a score is a function of the value only, whatever the order of the rows.

    Examples
    --------
    >>> people = pd.DataFrame({"identity_id": ["a", "b"], "recency_days": [3, 90], "orders": [1, 1], "net_amount": [5., 50.]})
    >>> cut = {"recency_days": Edges({1: 30.}, 2, 2, True), "orders": Edges({}, 1, 2), "net_amount": Edges({1: 20.}, 2, 2)}
    >>> rfm(people, edges=cut)["cell"].tolist()
    ['211', '112']
    """
    require(customers, ["identity_id", *COLUMNS.values()], name="customers")
    bought = (customers["orders"] > 0).to_numpy()
    scored = customers[["identity_id"]].copy()
    for axis, column in COLUMNS.items():
        if column not in edges:
            raise Problem("frame_lacks", name="edges", missing=column, have=", ".join(edges))
        values = customers[column].to_numpy(dtype="float64", na_value=np.nan)
        scored[axis] = pd.array(np.where(bought, score(values, edges[column]), 0), dtype="Int8")
        scored.loc[~bought, axis] = pd.NA
    mark = "" if max(one.bins for one in edges.values()) < 10 else "-"
    text = scored["r"].astype("string") + mark + scored["f"].astype("string") + mark + scored["m"].astype("string")
    return scored.assign(cell=text.fillna("unknown"))


def score(values: np.ndarray, edges: Edges) -> np.ndarray:
    """Give the score of each value: the smallest whose edge is not below it, else the top one.

    Examples
    --------
    >>> score(np.array([1., 2., 3., 9.]), Edges({1: 1., 3: 3.}, 5, 5)).tolist()
    [1, 3, 3, 5]
    """
    names = np.array([*sorted(edges.edges), edges.top])
    cuts = np.array([edges.edges[one] for one in sorted(edges.edges)], dtype="float64")
    raw = names[np.searchsorted(cuts, np.nan_to_num(values, nan=0.0), side="left")]
    return edges.bins + 1 - raw if edges.reversed else raw


def read_edges(raw: dict) -> dict[str, Edges]:
    """Read the ``rfm`` part of an ``edges.json`` back, to score another month with the same cuts.

    Examples
    --------
    >>> read_edges({"orders": {"edges": {"1": 1.0}, "top": 2, "bins": 2, "reversed": False}})["orders"].edges
    {1: 1.0}
    """
    return {column: Edges({int(s): float(v) for s, v in one["edges"].items()}, one["top"], one["bins"], one["reversed"])
            for column, one in raw.items()}


def order_dependent_share(customers: pd.DataFrame, *, bins: int, seed: int) -> float:
    """Give the share of F scores that change when rows are shuffled and ties are broken by position.

    The fault of ``rank(method="first")``, measured; the workbench's own scores never depend on row order.

    Raises
    ------
    Problem
        A column is missing or `bins` is outside 2 to 10.

    Examples
    --------
    >>> order_dependent_share(pd.DataFrame({"orders": [1, 2, 3, 4]}), bins=2, seed=1)
    0.0
    """
    require(customers, ["orders"], name="customers")
    within("bins", bins, 2, 10)
    orders = customers.loc[customers["orders"] > 0, "orders"].sort_values(ignore_index=True)
    if len(orders) < bins:
        return 0.0
    one, other = (orders.sample(frac=1, random_state=seed + place) for place in (0, 1))

    def cut(values: pd.Series) -> pd.Series:
        return np.ceil(values.rank(method="first") * bins / len(values))

    return float((cut(one).sort_index() != cut(other).sort_index()).mean())
