"""Thresholds from the table value → number of customers, however many customers there are."""

from dataclasses import asdict, dataclass

import numpy as np

from custlib.checks import one_of
from custlib.i18n import Problem


@dataclass(frozen=True)
class Edges:
    """Where one column is cut into scores 1 to `bins`.

    ``edges``: score → largest value with that score (a score may not occur); ``top``: score above the last edge;
    ``reversed``: small values are the good ones, so score s is given as bins + 1 − s.
    """

    edges: dict[int, float]
    top: int
    bins: int
    reversed: bool = False

    def as_dict(self) -> dict:
        """Give the edges as JSON-ready values."""
        return {**asdict(self), "edges": {str(score): value for score, value in self.edges.items()}}


def edges_of(values, counts, bins: int, *, reverse: bool = False) -> Edges:
    """Give the edges of sorted distinct `values` that `counts` customers have: score = ⌈bins · average rank / N⌉.

    The rank runs from the worst value to the best, so with `reverse` from the largest to the smallest: one rule for R, F and M.

    Examples
    --------
    >>> edges_of([1, 2, 3], [4, 1, 1], 3).edges
    {2: 1.0}
    """
    numbers, heads = np.asarray(values, dtype="float64"), np.asarray(counts, dtype="int64")
    if not len(numbers):
        return Edges({}, bins, bins, reverse)
    up_to = np.cumsum(heads)
    total = int(up_to[-1])
    rank_twice = 2 * up_to - heads + 1  # twice the average rank, so that everything stays a whole number
    if reverse:
        raw = bins + 1 - -(-bins * (2 * total + 2 - rank_twice) // (2 * total))
    else:
        raw = -(-bins * rank_twice // (2 * total))
    last = {int(score): float(numbers[np.searchsorted(raw, score, side="right") - 1]) for score in np.unique(raw)}
    top = max(last)
    return Edges({score: value for score, value in last.items() if score != top}, top, bins, reverse)


def share_edges_of(values, counts, shares: tuple[float, float]) -> tuple[float, float]:
    """Give the smallest value of the first and of the second class when customers are sorted by value (METHODS 1.3 `value.abc`).

    Parameters
    ----------
    values, counts
        Distinct amounts (currency), rising, and how many customers have each.
    shares : tuple
        Cumulative shares of all amounts above zero that end the classes.

    Returns
    -------
    tuple
        Two amounts; infinite where no amount is above zero.

    Raises
    ------
    Problem
        `shares` do not rise inside 0 to 1.

    Examples
    --------
    >>> share_edges_of([-5., 10., 20., 70.], [1, 1, 1, 1], (.7, .9))
    (70.0, 20.0)
    """
    if len(shares) != 2 or not 0 < shares[0] < shares[1] < 1:
        raise Problem("out_of_range", name="abc", low="0 < A", high="B < 1", got=list(shares))
    cents = np.rint(np.asarray(values, dtype="float64")[::-1] * 100)
    heads = np.asarray(counts, dtype="float64")[::-1]
    above = cents > 0
    if not above.any():
        return (np.inf, np.inf)
    money = np.cumsum(cents[above] * heads[above])
    # a share a hair under the line is on it: 0.7 of a total is not a binary fraction
    first, second = (cents[min(int(np.searchsorted(money / money[-1], share - 1e-12)), int(above.sum()) - 1)] / 100 for share in shares)
    return float(first), float(second)


def quantile_edges_of(values, counts, quantiles: tuple[float, ...]) -> tuple[float, ...]:
    """Give the value at place ⌊q · N⌋ (from 0) of all customers sorted by value, for each q.

    Examples
    --------
    >>> quantile_edges_of([1., 2., 3., 4., 5.], [1] * 5, (.8, .4))
    (5.0, 3.0)
    """
    up_to = np.cumsum(np.asarray(counts, dtype="int64"))
    total = int(up_to[-1]) if len(up_to) else 0
    if not total:
        return tuple(np.inf for _ in quantiles)
    places = [min(int(np.floor(one * total)), total - 1) for one in quantiles]
    return tuple(float(values[int(np.searchsorted(up_to, place, side="right"))]) for place in places)


def middle_of(values, counts, how: str) -> float:
    """Give the median or the mean of all customers, rounded to six decimals; NaN without one.

    Examples
    --------
    >>> middle_of([1., 2., 9.], [1, 1, 2], "median"), middle_of([1., 2., 9.], [1, 1, 2], "mean")
    (5.5, 5.25)
    """
    one_of("cut", how, ["median", "mean"])
    numbers, heads = np.asarray(values, dtype="float64"), np.asarray(counts, dtype="int64")
    total = int(heads.sum())
    if not total:
        return float("nan")
    if how == "mean":
        return round(float((numbers * heads).sum() / total), 6)
    up_to = np.cumsum(heads)
    low, high = (numbers[np.searchsorted(up_to, place, side="right")] for place in ((total - 1) // 2, total // 2))
    return round(float((low + high) / 2), 6)


def waiting_quantile(days, ended, still_open, quantile: float) -> float | None:
    """Give the days within which that share of gaps has ended by Kaplan and Meier; None where the curve does not come down so far.

    Parameters
    ----------
    days, ended, still_open
        Lengths of gaps (days, rising), how many of each ended with an order, and how many were still open.

    Examples
    --------
    >>> waiting_quantile([5, 10, 20], [2, 1, 1], [0, 1, 0], .5), waiting_quantile([5, 9], [1, 0], [0, 3], .9)
    (10.0, None)
    """
    closed, censored = np.asarray(ended, dtype="float64"), np.asarray(still_open, dtype="float64")
    at_risk = np.cumsum((closed + censored)[::-1])[::-1]
    alive = np.cumprod(1 - closed / np.maximum(at_risk, 1))
    reached = np.flatnonzero(alive <= 1 - quantile + 1e-12)
    return float(days[int(reached[0])]) if len(reached) else None
