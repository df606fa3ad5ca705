"""The R x F grid: how many customers stand where, and what they spend."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from custlib.i18n import integer, percent, text
from custlib.plots.style import (
    FAINT,
    SEQUENCE,
    SMALL,
    by_language,
    canvas,
    dress,
    footer,
    need,
    readable_on,
    short_money,
    theme,
)

COLUMNS = ("r", "f", "customers", "customer_share", "median_net_amount")


def _check(cells: pd.DataFrame, bins: int) -> None:
    need(cells, COLUMNS, "cells")
    outside = sorted((set(cells["r"]) | set(cells["f"])) - set(range(1, bins + 1)))
    if outside:
        raise ValueError(f"scores must be 1 to bins = {bins}, got {', '.join(map(str, outside))}")


def _fill(ax: Axes, cells: pd.DataFrame, bins: int, currency: str, lang: str) -> None:
    mesh = ax.collections[0]
    found = {(int(row.r), int(row.f)): row for row in cells.itertuples()}
    for r in range(1, bins + 1):
        for f in range(1, bins + 1):
            x, y = f - 0.5, bins - r + 0.5
            row = found.get((r, f))
            if row is None:
                ax.add_patch(Rectangle((f - 1, bins - r), 1, 1, fill=False, hatch="///", edgecolor=FAINT, lw=0))
                continue
            words = f"{percent(row.customer_share)}\n{short_money(row.median_net_amount, currency, lang)}"
            colour = readable_on(mesh.cmap(mesh.norm(row.customers)))
            ax.text(x, y, words, color=colour, fontsize=SMALL, ha="center", va="center", linespacing=1.35)


def rfm_grid(
    cells: pd.DataFrame,
    *,
    lang: str,
    source: str,
    as_of: str,
    n: int,
    currency: str,
    bins: int = 5,
    simulated: bool = False,
) -> Axes:
    """Draw customers by recency and frequency score; the best corner is top right.

    Parameters
    ----------
    cells : DataFrame, one row per (r, f) that occurs
        Needs ``r``, ``f`` (1 to `bins`), ``customers`` (count), ``customer_share`` (0 to 1) and
        ``median_net_amount`` (`currency`). Cells that do not occur are hatched.
    lang : str
        ``zh``, ``en`` or ``bi``.
    source, as_of, n : str, str (ISO date), int
        For the line under the figure; `source` is in `lang`, without the word "source".
    currency : str
        ISO code.
    bins : int
        Scores on each axis.
    simulated : bool
        Write the watermark.

    Raises
    ------
    ValueError
        `cells` is empty, lacks a column, or holds a score outside 1 to `bins`.

    Examples
    --------
    >>> one = pd.DataFrame({"r": [5], "f": [5], "customers": [1], "customer_share": [1.0],
    ...                     "median_net_amount": [90.0]})
    >>> ax = rfm_grid(one, lang="en", source="Pinecone", as_of="2025-01-01", n=1, currency="CNY")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['5', '4', '3', '2', '1']
    """
    _check(cells, bins)
    scores = range(1, bins + 1)
    square = cells.pivot(index="r", columns="f", values="customers").reindex(index=scores[::-1], columns=scores)
    with theme():
        ax = canvas()
        bar = {"label": text("plots.customers", lang), "shrink": 0.8, "pad": 0.02, "aspect": 30}
        sns.heatmap(square.astype(float), ax=ax, cmap=SEQUENCE, vmin=0, linewidths=1.5, cbar_kws=bar)
        ax.collections[0].colorbar.ax.yaxis.label.set_linespacing(1.35)
        # no half customers on the colour bar
        ax.collections[0].colorbar.ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        _fill(ax, cells, bins, currency, lang)
        ax.set_xlabel(text("plots.rfm_grid.x", lang))
        ax.set_ylabel(text("plots.rfm_grid.y", lang))
        ax.tick_params(length=0)
        ax.set_yticklabels(ax.get_yticklabels(), rotation=0)
        return dress(
            ax, title=text("plots.rfm_grid.title", lang), note=text("plots.rfm_grid.note", lang),
            under=footer(lang, source=source, n=n, as_of=as_of), height=max(3.9, 0.72 * bins), simulated=simulated,
        )


def alt_rfm_grid(cells: pd.DataFrame, *, lang: str, currency: str, bins: int = 5) -> str:
    """Say in words what the grid shows: the fullest cell, the best corner and the worst.

    Parameters
    ----------
    cells, lang, currency, bins
        As in `rfm_grid`.

    Raises
    ------
    ValueError
        As in `rfm_grid`.

    Examples
    --------
    >>> one = pd.DataFrame({"r": [5], "f": [5], "customers": [1], "customer_share": [1.0],
    ...                     "median_net_amount": [90.0]})
    >>> alt_rfm_grid(one, lang="en", currency="CNY").split(": ")[0]
    'Heat map of recency score by frequency score'
    """
    _check(cells, bins)
    most = cells.sort_values(["customers", "r", "f"], ascending=False).iloc[0]
    share = cells.set_index(["r", "f"])["customer_share"]

    def say(one: str) -> str:
        return text(
            "plots.rfm_grid.alt", one, r=int(most["r"]), f=int(most["f"]), customers=integer(most["customers"]),
            share=percent(most["customer_share"]), median=short_money(most["median_net_amount"], currency, one),
            best=percent(share.get((bins, bins), 0.0)), worst=percent(share.get((1, 1), 0.0)), bins=bins,
        )

    return by_language(lang, say)
