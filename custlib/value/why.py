"""Why a customer is where she is, and what would move her up: for every customer at once, from the stored edges."""

import numpy as np
import pandas as pd

from custlib.engine import Edges
from custlib.value.scores import score
from custlib.value.segment_map import UNKNOWN, SegmentMap

LEVERS = ("return", "order", "orders", "amount")


def place(scored: pd.DataFrame, plan: SegmentMap, *, bins: int) -> pd.Series:
    """Give the segment of every customer; scores of another number of bins are scaled to the map's.

    Parameters
    ----------
    scored : DataFrame, one row per identity
        Needs ``r``, ``f``, ``m``; blank scores give ``unknown``.
    bins : int
        Number of scores that `scored` was cut into.

    Examples
    --------
    >>> from custlib.value.segment_map import load_map
    >>> place(pd.DataFrame({"r": [5], "f": [5], "m": [5]}), load_map(), bins=5).tolist()
    ['champions']
    """
    names = _names(plan)
    known = scored["r"].notna().to_numpy()
    codes = [_scaled(scored[axis].fillna(1).to_numpy(dtype="int64"), bins, plan.bins) for axis in "rfm"]
    return pd.Series(np.where(known, names[codes[0], codes[1], codes[2]], UNKNOWN), index=scored.index)


def moves(customers: pd.DataFrame, scored: pd.DataFrame, *, edges: dict[str, Edges], plan: SegmentMap) -> pd.DataFrame:
    """Give the smallest single step that lifts each customer into a better segment.

    The levers, tried in this order: ``return`` (buys again at once for nothing more than showing up: only recency moves),
    ``order`` (one more order now, of her average amount), ``orders`` (that many more orders in all, at her average, the last
    one now), ``amount`` (that much more money, spent on what she has already bought: nothing else moves). Edges stay
    where they are; other customers move too, so this says what would count today, not what will happen.

    Returns
    -------
    DataFrame, same rows and order
        ``next_label``, ``lever`` (blank where no single step lifts), ``need`` (orders, or currency for ``amount``).
    """
    names, ranks = _names(plan), _ranks(plan)
    bins = max(one.bins for one in edges.values())
    r, f, m = (_scaled(scored[axis].fillna(1).to_numpy(dtype="int64"), bins, plan.bins) for axis in "rfm")
    now = np.full(len(customers), _scaled(score(np.array([0.0]), edges["recency_days"]), bins, plan.bins)[0])
    orders, money = customers["orders"].to_numpy(dtype="float64"), customers["net_amount"].to_numpy(dtype="float64")
    mean = np.divide(money, orders, out=np.zeros_like(money), where=orders > 0)
    best = {"label": np.full(len(customers), "", dtype=object), "lever": np.full(len(customers), "", dtype=object),
            "need": np.full(len(customers), np.nan)}

    def offer(lever: str, cells: tuple, need: np.ndarray) -> None:
        better = (ranks[cells] > ranks[r, f, m]) & (best["lever"] == "") & np.isfinite(need)
        best["label"][better], best["lever"][better], best["need"][better] = names[cells][better], lever, need[better]

    offer("return", (now, f, m), np.zeros(len(customers)))
    # so many orders that she passes an edge of orders, or one of money at her average
    by_orders = [_to_next(orders, edges["orders"], step) for step in range(1, bins)]
    by_money = [np.ceil(np.divide(_to_next(money, edges["net_amount"], step, unit=0.01), mean, out=np.full(len(mean), np.nan), where=mean > 0)
                        - 1e-9) for step in range(1, bins)]
    for place_, need in enumerate(np.sort([np.ones(len(orders)), *by_orders, *by_money], axis=0)):
        finite = np.nan_to_num(need)
        at = [_scaled(score(values, edges[column]), bins, plan.bins)
              for column, values in (("orders", orders + finite), ("net_amount", money + finite * mean))]
        offer("order" if place_ == 0 else "orders", (now, *at), need)
    for step in range(1, bins):
        need = _to_next(money, edges["net_amount"], step, unit=0.01)
        at_m = _scaled(score(money + np.nan_to_num(need), edges["net_amount"]), bins, plan.bins)
        offer("amount", (r, f, at_m), need)
    none = scored["r"].isna().to_numpy() | (best["lever"] == "")
    return pd.DataFrame({"next_label": np.where(none, None, best["label"]), "lever": np.where(none, None, best["lever"]),
                         "need": np.where(none, np.nan, best["need"].round(2))}, index=customers.index)


def _to_next(values: np.ndarray, edges: Edges, step: int, *, unit: float = 1.0) -> np.ndarray:
    """Give how much each value lacks to pass its `step`-th edge upward; NaN where there are no so many edges above it."""
    cuts = np.sort(np.array(list(edges.edges.values()), dtype="float64"))
    place_ = np.searchsorted(cuts, values, side="left") + step - 1
    return np.where(place_ < len(cuts), cuts[np.minimum(place_, len(cuts) - 1)] - values + unit, np.nan) if len(cuts) else \
        np.full(len(values), np.nan)


def _names(plan: SegmentMap) -> np.ndarray:
    names = np.full((plan.bins + 1,) * 3, UNKNOWN, dtype=object)
    for cell, name in plan.grid().items():
        names[cell] = name
    return names


def _ranks(plan: SegmentMap) -> np.ndarray:
    ranks = np.zeros((plan.bins + 1,) * 3, dtype="int64")
    for cell, name in plan.grid().items():
        ranks[cell] = plan.rank(name)
    return ranks


def _scaled(scores: np.ndarray, bins: int, wanted: int) -> np.ndarray:
    """Carry scores 1 … bins over to 1 … wanted: ends to ends, the rest in step, rounded half up."""
    return scores if bins == wanted else 1 + (2 * (scores - 1) * (wanted - 1) + bins - 1) // (2 * (bins - 1))
