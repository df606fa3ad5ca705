"""Named segments: the share of customers beside the share of revenue."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from custlib.i18n import keys, percent, text
from custlib.plots.style import BLUE, INK, ORANGE, SMALL, by_language, canvas, dress, footer, need, theme

PAIRS = (("customer_share", BLUE, ""), ("amount_share", ORANGE, "///"))
COLUMNS = ("segment", "rank", *(f"{share}{end}" for share, *_ in PAIRS for end in ("", "_low", "_high")))
_THICK = 0.38


def _ordered(segments: pd.DataFrame) -> pd.DataFrame:
    need(segments, COLUMNS, "segments")
    return segments.sort_values("rank", kind="stable").reset_index(drop=True)


def _bars(ax: Axes, table: pd.DataFrame, share: str, colour: str, hatch: str, shift: float, label: str) -> None:
    value, low, high = (table[f"{share}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high"))
    place = np.arange(len(table)) + shift
    ax.barh(place, value, _THICK, color=colour, hatch=hatch, edgecolor="white", lw=0, label=label)
    known = ~(np.isnan(low) | np.isnan(high))
    reach = np.vstack([value - low, high - value])[:, known].clip(min=0)
    ax.errorbar(value[known], place[known], xerr=reach, fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
    for y, x, end in zip(place, value, np.fmax(np.fmax(high, value), 0), strict=True):
        ax.annotate(percent(x), (end, y), (5, 0), textcoords="offset points", va="center", fontsize=SMALL - 0.5)


def segment_bars(
    segments: pd.DataFrame,
    *,
    lang: str,
    source: str,
    as_of: str,
    n: int,
    simulated: bool = False,
) -> Axes:
    """Draw two bars per segment, share of customers and share of revenue, with 95 % intervals.

    Parameters
    ----------
    segments : DataFrame, one row per named segment
        Needs ``segment``, ``rank`` (1 = best, drawn on top), ``customer_share`` and ``amount_share``
        (shares of 1; revenue below zero is drawn to the left), each with ``_low`` and ``_high``
        (blank: no whisker).
    lang : str
        ``zh``, ``en`` or ``bi``.
    source, as_of, n : str, str (ISO date), int
        For the line under the figure; `source` is in `lang`, without the word "source".
    simulated : bool
        Write the watermark.

    Raises
    ------
    ValueError
        `segments` is empty or lacks a column.

    Examples
    --------
    >>> row = {"segment": ["loyal"], "rank": [1]} | {name: [1.0] for name in COLUMNS[2:]}
    >>> ax = segment_bars(pd.DataFrame(row), lang="zh", source="x", as_of="2025-01-01", n=1)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['忠诚客户']
    """
    table = _ordered(segments)
    names = [_named(name, lang) for name in table["segment"]]
    with theme():
        ax = canvas()
        for (share, colour, hatch), shift in zip(PAIRS, (-0.2, 0.2), strict=True):
            _bars(ax, table, share, colour, hatch, shift, text(f"plots.segments.{share}", lang, sep=" "))
        ax.set_yticks(range(len(table)), names, linespacing=1.2, multialignment="right")
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.margins(x=0.14)
        ax.grid(axis="y", visible=False)
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: percent(share, 0)))
        ax.set_xlabel(text("plots.segments.x", lang))
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1 if lang == "bi" else 2)
        return dress(ax, title=text("plots.segments.title", lang), note=text("plots.segments.note", lang),
                     under=footer(lang, source=source, n=n, as_of=as_of), simulated=simulated,
                     height=1.3 + 0.46 * len(table))


def alt_segment_bars(segments: pd.DataFrame, *, lang: str) -> str:
    """Say in words what the bars show: the largest segment and the one that brings most.

    Parameters
    ----------
    segments, lang
        As in `segment_bars`.

    Raises
    ------
    ValueError
        As in `segment_bars`.

    Examples
    --------
    >>> row = {"segment": ["loyal"], "rank": [1]} | {name: [1.0] for name in COLUMNS[2:]}
    >>> alt_segment_bars(pd.DataFrame(row), lang="en").split(". ")[0]
    'Bars for each segment (1): Loyal is the largest with 100.0% of customers and 100.0% of revenue'
    """
    table = _ordered(segments)
    many, rich = (table.iloc[table[share].astype(float).argmax()] for share, *_ in PAIRS)

    def say(one: str) -> str:
        return text(
            "plots.segments.alt", one, count=len(table),
            many=_named(many["segment"], one), rich=_named(rich["segment"], one),
            many_customers=percent(many["customer_share"]), many_amount=percent(many["amount_share"]),
            rich_customers=percent(rich["customer_share"]), rich_amount=percent(rich["amount_share"]),
        )

    return by_language(lang, say)


def _named(name: str, lang: str) -> str:
    """Give the display name of a segment; one of a map of the user's own stands as it is."""
    key = f"segment.{name}"
    return text(key, lang) if key in keys("zh") else name
