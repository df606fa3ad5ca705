"""How one number is spread over the customers, with its mean, its median and the score edges."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from custlib.i18n import integer, percent, text
from custlib.plots.style import (
    BLUE,
    INK,
    RED,
    SMALL,
    by_language,
    canvas,
    count_or_money,
    dress,
    footer,
    need,
    short_money,
    theme,
)

MONEY = ("net_amount", "gross_amount", "average_order_amount")
COLUMNS = (*MONEY, "orders", "order_days", "recency_days", "tenure_days")
_DAYS = ("recency_days", "tenure_days")


def _check(histogram: pd.DataFrame, column: str, currency: str | None) -> None:
    need(histogram, ("left", "right", "customers"), "histogram")
    if column not in COLUMNS:
        raise ValueError(f"column must be one of {', '.join(COLUMNS)}, got {column!r}")
    if column in MONEY and not currency:
        raise ValueError(f"{column} is money: currency must be given")


def _bars(ax: Axes, histogram: pd.DataFrame, log: bool) -> int:
    """Draw the bars; give the number of customers that a log axis cannot show (at or below zero)."""
    shown = histogram[histogram["left"] > 0] if log else histogram
    left, right = (shown[side].to_numpy(dtype=float) for side in ("left", "right"))
    # one value only: a bar of no width would not be seen
    wide = np.where(right > left, right - left, left * 0.2 if log else 1.0)
    ax.bar(left, shown["customers"], width=wide, align="edge", color=BLUE, alpha=0.75, edgecolor="white", lw=0.6)
    return int(histogram["customers"].sum() - shown["customers"].sum())


def _log_axis(ax: Axes) -> None:
    low, high = ax.get_xlim()
    steps = (1,) if high / low > 2000 else (1, 3) if high / low > 100 else (1, 2, 5)
    ax.xaxis.set_major_locator(LogLocator(subs=steps))
    ax.xaxis.set_minor_locator(NullLocator())


def _edges(ax: Axes, edges: Iterable[float], lang: str) -> None:
    low, high = ax.get_xlim()
    inside = [float(edge) for edge in edges if low <= edge <= high]
    label = text("plots.distribution.edges", lang, sep=" ")
    if inside:
        ax.vlines(inside, 0.94, 1, transform=ax.get_xaxis_transform(), color=INK, lw=1, ls="-", gid="edges")
        # in the legend the tick stands upright, as in the figure
        ax.plot([], [], ls="", marker="|", ms=9, mew=1, color=INK, label=label)


def distribution(
    histogram: pd.DataFrame,
    *,
    lang: str,
    source: str,
    as_of: str,
    n: int,
    column: str,
    mean: float,
    median: float,
    edges: Mapping[str, float] | Iterable[float] = (),
    currency: str | None = None,
    simulated: bool = False,
) -> Axes:
    """Draw how customers spread over one column; orders and money on a log axis.

    Parameters
    ----------
    histogram : DataFrame, one row per bin
        ``left``, ``right`` (in the column's unit) and ``customers`` (count).
    lang : str
        ``zh``, ``en`` or ``bi``.
    source, as_of, n : str, str (ISO date), int
        For the line under the figure; `source` is in `lang`, without the word "source".
    column : str
        One of ``COLUMNS``.
    mean, median : float
        Drawn as lines; one outside the axis stands in the legend only.
    edges : mapping of score to edge, or edges
        Upper edges of the scores, as thin ticks at the top.
    currency : str, optional
        ISO code; needed for money.
    simulated : bool
        Write the watermark.

    Raises
    ------
    ValueError
        `histogram` is empty or lacks a column, `column` is unknown, money without `currency`, or a
        log axis would have no bar above zero.

    Examples
    --------
    >>> bars = pd.DataFrame({"left": [1, 2], "right": [2, 4], "customers": [3, 1]})
    >>> ax = distribution(bars, lang="en", source="x", as_of="2025-01-01", n=4, column="orders",
    ...                   mean=1.5, median=1)
    >>> ax.get_xscale(), [float(bar.get_height()) for bar in ax.patches]
    ('log', [3.0, 1.0])
    """
    _check(histogram, column, currency)
    log = column not in _DAYS
    if log and not (histogram["left"] > 0).any():
        raise ValueError(f"{column} has no customer above zero: a log axis cannot show the others")
    with theme():
        ax = canvas()
        ax.set_xscale("log" if log else "linear")
        hidden = _bars(ax, histogram, log)
        span = ax.get_xlim()
        money = currency if column in MONEY else None
        for name, value, look in (("mean", mean, (RED, "-")), ("median", median, (INK, "--"))):
            words = f"{text(f'plots.distribution.{name}', lang, sep=' ')} {count_or_money(value, money, lang)}"
            spot = [value] if span[0] <= value <= span[1] else [np.nan]
            ax.plot(spot * 2, [0, 1], transform=ax.get_xaxis_transform(), color=look[0], ls=look[1], lw=1.8,
                    label=words, gid=name)
        ax.set_xlim(span)
        # room for the ticks above the tallest bar
        ax.set_ylim(0, max(ax.get_ylim()[1], 1) * 1.06)
        if log:
            _log_axis(ax)
        _edges(ax, edges.values() if isinstance(edges, Mapping) else edges, lang)
        _name_axes(ax, column, lang, currency)
        note = text("plots.distribution.hidden", lang, customers=integer(hidden)) if hidden else ""
        return dress(ax, title=text(f"plots.distribution.{column}", lang), note=note,
                     under=footer(lang, source=source, n=n, as_of=as_of), simulated=simulated)


def _name_axes(ax: Axes, column: str, lang: str, currency: str | None) -> None:
    shown = currency if column in MONEY else None
    if ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: short_money(x, shown, lang) if shown else integer(x)))
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: integer(y)))
    ax.grid(axis="x", visible=False)
    ax.set_xlabel(text(f"plots.axis.{column}", lang, **({"currency": currency} if shown else {})))
    ax.set_ylabel(text("plots.customers", lang))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1 if lang == "bi" else 3, fontsize=SMALL)


def alt_distribution(
    histogram: pd.DataFrame,
    *,
    lang: str,
    column: str,
    mean: float,
    median: float,
    currency: str | None = None,
) -> str:
    """Say in words what the histogram shows: the fullest bin, the mean and the median.

    Parameters
    ----------
    histogram, lang, column, mean, median, currency
        As in `distribution`.

    Raises
    ------
    ValueError
        As in `distribution`.

    Examples
    --------
    >>> bars = pd.DataFrame({"left": [1, 2], "right": [2, 4], "customers": [3, 1]})
    >>> alt_distribution(bars, lang="en", column="orders", mean=1.5, median=1).split(";")[0]
    'Histogram of orders per customer: the fullest bin, 1 to 2, holds 75.0% of customers'
    """
    _check(histogram, column, currency)
    most = histogram.sort_values("customers", ascending=False, kind="stable").iloc[0]
    shown = currency if column in MONEY else None

    def say(one: str) -> str:
        low, high, middle, centre = (
            count_or_money(value, shown, one) for value in (most["left"], most["right"], mean, median)
        )
        share = percent(most["customers"] / histogram["customers"].sum())
        return text("plots.distribution.alt", one, what=text(f"plots.column.{column}", one), share=share,
                    low=low, high=high, mean=middle, median=centre)

    return by_language(lang, say)
