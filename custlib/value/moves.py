"""What moved between two days: from label to label with intervals, and whether the population is still the one that was cut."""

from statistics import NormalDist

import numpy as np
import pandas as pd

from custlib.checks import require

LEVEL = 0.95
ABSENT = "absent"
WATCH, REFIT = 0.10, 0.25
BINS = 10
SMOOTHING = 0.5


def wilson(hits: np.ndarray, n: np.ndarray, *, level: float = LEVEL, cells: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Give Wilson's interval of a share; with `cells` > 1 Goodman's, which holds for all cells of a row of shares together.

    Examples
    --------
    >>> low, high = wilson(np.array([0, 5]), np.array([10, 10]))
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.2366], [0.2775, 0.7634])
    """
    z = NormalDist().inv_cdf(1 - (1 - level) / (2 * max(cells, 1)))
    count, total = np.asarray(hits, dtype="float64"), np.asarray(n, dtype="float64")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = count / total
        middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return np.where(count == 0, 0.0, np.clip(middle - half, 0, 1)), np.where(count == total, 1.0, np.clip(middle + half, 0, 1))


def migration(counts: pd.DataFrame) -> pd.DataFrame:
    """Give the whole matrix of moves between labels, cells that nobody took included, with intervals.

    Parameters
    ----------
    counts : DataFrame, one row per scheme and pair of labels that occurs
        ``scheme``, ``label_from``, ``label_to`` (``absent``: not there on that day), ``customers``.

    Returns
    -------
    DataFrame, one row per scheme, label before and label after
        ``customers``, ``n`` (all with that label before), ``share`` (of n, 0 to 1), ``share_low``, ``share_high`` (95 %, for all
        cells of a row together: Goodman's simultaneous intervals). Who was absent before has no share: the base of those who
        might have come is not known.

    Raises
    ------
    Problem
        A column is missing.

    Examples
    --------
    >>> seen = pd.DataFrame({"scheme": "s", "label_from": ["a", "a", "b"], "label_to": ["a", "b", "b"], "customers": [6, 2, 4]})
    >>> migration(seen)[["label_from", "label_to", "customers", "n", "share"]].to_numpy().tolist()
    [['a', 'a', 6, 8, 0.75], ['a', 'b', 2, 8, 0.25], ['b', 'a', 0, 4, 0.0], ['b', 'b', 4, 4, 1.0]]
    """
    require(counts, ["scheme", "label_from", "label_to", "customers"], name="counts")
    parts = []
    for scheme, one in counts.groupby("scheme", sort=False):
        wide = one.pivot_table(index="label_from", columns="label_to", values="customers", aggfunc="sum", fill_value=0)
        names = sorted((set(wide.index) | set(wide.columns)) - {ABSENT})
        more = [ABSENT] if ABSENT in wide.index or ABSENT in wide.columns else []
        wide = wide.reindex(index=names + (more if ABSENT in wide.index else []), fill_value=0)
        wide = wide.reindex(columns=names + (more if ABSENT in wide.columns else []), fill_value=0)
        long = wide.stack().rename("customers").reset_index()
        long.insert(0, "scheme", scheme)
        long["n"] = long.groupby("label_from")["customers"].transform("sum")
        low, high = wilson(long["customers"].to_numpy(), long["n"].to_numpy(), cells=len(wide.columns))
        known = ((long["label_from"] != ABSENT) & (long["n"] > 0)).to_numpy()
        n = long["n"].where(long["n"] > 0, 1)
        for column, values in (("share", long["customers"] / n), ("share_low", low), ("share_high", high)):
            long[column] = np.where(known, values, np.nan)
        parts.append(long)
    columns = ["scheme", "label_from", "label_to", "customers", "n", "share", "share_low", "share_high"]
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return whole[columns].astype({"scheme": "str", "label_from": "str", "label_to": "str", "customers": "int64", "n": "int64"})


def moved(matrix: pd.DataFrame) -> pd.DataFrame:
    """Sum up a `migration` matrix.

    Returns
    -------
    DataFrame, one row per scheme
        ``customers`` (there on both days), ``stayed``, ``stayed_share`` with its 95 % Wilson interval ``stayed_low``,
        ``stayed_high``; ``came`` and ``left`` (there on one day only).

    Examples
    --------
    >>> seen = pd.DataFrame({"scheme": "s", "label_from": ["a", "a", "absent"], "label_to": ["a", "b", "a"], "customers": [3, 1, 2]})
    >>> moved(migration(seen))[["customers", "stayed", "came", "left"]].to_numpy().tolist()
    [[4, 3, 2, 0]]
    """
    rows = []
    for scheme, one in matrix.groupby("scheme", sort=False):
        before, after, count = one["label_from"] == ABSENT, one["label_to"] == ABSENT, one["customers"]
        both, stayed = int(count[~before & ~after].sum()), int(count[~before & (one["label_from"] == one["label_to"])].sum())
        low, high = wilson(np.array([stayed]), np.array([both]))
        rows.append((scheme, both, stayed, stayed / both if both else np.nan, float(low[0]) if both else np.nan, float(high[0]) if both else np.nan,
                     int(count[before].sum()), int(count[after & ~before].sum())))
    return pd.DataFrame(rows, columns=["scheme", "customers", "stayed", "stayed_share", "stayed_low", "stayed_high", "came", "left"])


def psi(before: np.ndarray, after: np.ndarray) -> float:
    """Give the population stability index of two rows of counts over the same bins (METHODS 1.3: counts smoothed by ½).

    Examples
    --------
    >>> psi(np.array([50, 50]), np.array([50, 50])), round(psi(np.array([500, 500]), np.array([800, 200])), 3)
    (0.0, 0.415)
    """
    first, second = (np.asarray(one, dtype="float64") + SMOOTHING for one in (before, after))
    p, q = first / first.sum(), second / second.sum()
    return float(((p - q) * np.log(p / q)).sum())


def drift(before: pd.DataFrame, after: pd.DataFrame, *, columns: list[str]) -> pd.DataFrame:
    """Compare two days column by column: text by its values, numbers by the tenths of the earlier day; equal values share a bin.

    Parameters
    ----------
    before, after : DataFrame, one row per customer
        Need `columns`; blanks are left out.

    Returns
    -------
    DataFrame, one row per column
        ``name``, ``psi``, ``chance`` (what 95 of 100 pairs of samples of these sizes stay below where nothing moved),
        ``verdict`` (``stable`` below .10, ``watch`` to .25, ``refit`` above it; ``too_few`` where chance alone reaches as far),
        ``bins``, ``n_before``, ``n_after``.

    Raises
    ------
    Problem
        A column is missing.

    Examples
    --------
    >>> one, other = (pd.DataFrame({"orders": [low] * 400 + [9] * 600}) for low in (1, 9))
    >>> drift(one, one, columns=["orders"])["verdict"].tolist(), drift(one, other, columns=["orders"])["verdict"].tolist()
    (['stable'], ['refit'])
    """
    for name, frame in (("before", before), ("after", after)):
        require(frame, columns, name=name)
    return pd.DataFrame([shift(column, *_binned(before[column].dropna(), after[column].dropna())) for column in columns])


def shift(name: str, before: np.ndarray, after: np.ndarray) -> dict:
    """Give one row of `drift` from counts over the same bins.

    Examples
    --------
    >>> {name: value for name, value in shift("tier", [9, 1], [2, 8]).items() if name in ("verdict", "bins", "n_before")}
    {'verdict': 'refit', 'bins': 2, 'n_before': 10}
    """
    n, m = int(np.sum(before)), int(np.sum(after))
    value, chance, verdict = np.nan, np.nan, "too_few"
    if n and m:
        value, chance = psi(before, after), _chance(len(before), n, m)
        verdict = "stable" if value < WATCH else "too_few" if value <= chance else "watch" if value <= REFIT else "refit"
    return {"name": name, "psi": value, "chance": chance, "verdict": verdict, "bins": len(before), "n_before": n, "n_after": m}


def _binned(first: pd.Series, second: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    if not pd.api.types.is_numeric_dtype(first):
        names = sorted(set(first) | set(second))
        return tuple(one.value_counts().reindex(names, fill_value=0).to_numpy() for one in (first, second))
    one, other = (series.to_numpy(dtype="float64") for series in (first, second))
    if not len(one):
        return np.zeros(1), np.array([len(other)])
    limits = np.unique(np.quantile(one, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    sides = [np.searchsorted(limits, values, side="left") for values in (one, other)]
    counts = [np.bincount(side, minlength=len(limits) + 1) for side in sides]
    there = (counts[0] + counts[1]) > 0  # above the last limit there may be nobody on either day
    return counts[0][there], counts[1][there]


def _chance(bins: int, n: int, m: int) -> float:
    from scipy.stats import chi2  # what is imported late is not paid for by who needs no drift

    return float(chi2.ppf(LEVEL, bins - 1) * (1 / n + 1 / m)) if bins > 1 else 0.0
