"""The orders of each day, with the stretches in which there are none."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator

from custlib.i18n import day, integer, number, text
from custlib.plots.quality import rows_footer
from custlib.plots.style import BLUE, ORANGE, by_language, canvas, dress, need, theme
from custlib.tables.quality.plausible import GAP

LONG = 730  # days beyond which months are drawn instead of days


def _days(days: pd.DataFrame) -> pd.DataFrame:
    need(days, ("day", "orders"), "days")
    return days.assign(day=[pd.Timestamp(one).date() for one in days["day"]]).sort_values("day", kind="stable").reset_index(drop=True)


def _gaps(when: list[date]) -> list[tuple[date, date]]:
    return [(before + timedelta(1), after) for before, after in pairwise(when) if (after - before).days > GAP]


def _monthly(table: pd.DataFrame) -> tuple[list[date], list[float]]:
    """Give the orders per day of each month; of the first and last month only the days within the span count."""
    first, last = table["day"].iloc[0], table["day"].iloc[-1]
    sums = table["orders"].groupby(table["day"].map(lambda one: one.replace(day=1))).sum()
    months, means = [], []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        begin, end = max(date(year, month, 1), first), min(date(year, month, monthrange(year, month)[1]), last)
        months.append(begin)
        means.append(float(sums.get(date(year, month, 1), 0)) / ((end - begin).days + 1))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months, means


def rows_per_day(days: pd.DataFrame, *, lang: str, source: str, as_of: str, n: int, simulated: bool = False) -> Axes:
    """Draw the orders of each day, or the daily mean of each month beyond two years; long stretches without one are shaded.

    Parameters
    ----------
    days : DataFrame, one row per day with an order
        ``day`` (date), ``orders`` (count), as `custlib.tables.quality.days` gives them.
    lang, source, as_of, n, simulated
        As in `quality_parts`.

    Raises
    ------
    ValueError
        `days` is empty or lacks a column.

    Examples
    --------
    >>> rows = pd.DataFrame({"day": [date(2025, 1, 1), date(2025, 1, 20)], "orders": [3, 1]})
    >>> ax = rows_per_day(rows, lang="en", source="x", as_of="2025-02-01", n=4)
    >>> [line.get_ydata().tolist()[:3] for line in ax.lines if line.get_gid() == "orders"]
    [[3.0, 0.0, 0.0]]
    """
    table = _days(days)
    first, last = table["day"].iloc[0], table["day"].iloc[-1]
    long = (last - first).days > LONG
    if long:
        x, y = _monthly(table)
    else:
        counts = dict(zip(table["day"], table["orders"], strict=True))
        x = [first + timedelta(step) for step in range((last - first).days + 1)]
        y = [float(counts.get(one, 0)) for one in x]
    gaps = _gaps(list(table["day"]))
    with theme():
        ax = canvas()
        for begin, end in gaps:
            ax.axvspan(begin, end, facecolor=ORANGE, alpha=0.35, hatch="///", edgecolor="white", lw=0, gid="gap")
        ax.plot(x, np.array(y), color=BLUE, lw=1.0, gid="orders", marker="o" if len(x) < 3 else None, ms=5)
        locator = AutoDateLocator(minticks=3, maxticks=6)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, formats=["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S"],
                                                          zero_formats=["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M"], show_offset=False))
        ax.set_ylim(0, max(max(y) * 1.08, 1))
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=max(y) >= 5))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: integer(value) if max(y) >= 5 else number(value, 1)))
        ax.grid(axis="x", visible=False)
        ax.set_ylabel(text("plots.per_day.month" if long else "plots.per_day.y", lang))
        note = text("plots.per_day.note", lang, days=GAP, gaps=len(gaps)) if gaps else text("plots.per_day.no_gap", lang, days=GAP)
        return dress(ax, title=text("plots.per_day.title", lang), note=note, under=rows_footer(lang, source, n, as_of), height=3.6,
                     simulated=simulated)


def alt_rows_per_day(days: pd.DataFrame, *, lang: str) -> str:
    """Say in words what the line shows: the span, the median day, the largest day and how many long gaps.

    Examples
    --------
    >>> rows = pd.DataFrame({"day": [date(2025, 1, 1), date(2025, 1, 20)], "orders": [3, 1]})
    >>> alt_rows_per_day(rows, lang="en").split(": ")[0]
    'Line of orders per day, 1 Jan 2025 to 20 Jan 2025'
    """
    table = _days(days)
    most = table.iloc[int(table["orders"].to_numpy().argmax())]
    gaps, middle = len(_gaps(list(table["day"]))), float(table["orders"].median())
    return by_language(lang, lambda one: text(
        "plots.per_day.alt", one, first=day(table["day"].iloc[0], one), last=day(table["day"].iloc[-1], one),
        median=number(middle, 0 if middle.is_integer() else 1), most=integer(most["orders"]), when=day(most["day"], one), days=GAP, gaps=gaps))
