"""How many customers carry the net total: the whale curve, best first, and what lies above 100 %."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from custlib.i18n import percent, text
from custlib.plots.concentration import points, share_axes, thin
from custlib.plots.style import BLUE, INK, MUTED, ORANGE, RED, SMALL, by_language, canvas, dress, footer, theme


def _marks(curve: pd.DataFrame) -> dict[str, tuple[float, float] | None]:
    """Find where the whale curve first reaches 80 %, and its peak where that is above 100 %."""
    x, y = points(curve)
    reached, top = np.flatnonzero(y >= 0.8 - 1e-12), int(y.argmax())
    first = (x[reached[0]], y[reached[0]]) if len(reached) else None
    return {"eighty": first, "peak": (x[top], y[top]) if y[top] > 1 + 1e-9 else None}


def whale_curve(
    curve: pd.DataFrame,
    *,
    lang: str,
    source: str,
    as_of: str,
    n: int,
    simulated: bool = False,
) -> Axes:
    """Draw the amount brought by the best customers, best first; above 100 % where some bring less than nothing.

    Parameters
    ----------
    curve : DataFrame, one row per point, best customer first
        ``customer_share`` (0 to 1) and ``amount_share`` (cumulative share of the net total, may pass 1).
    lang, source, as_of, n, simulated
        As in `custlib.plots.lorenz`.

    Raises
    ------
    ValueError
        `curve` is empty, lacks a column, or holds a blank.

    Examples
    --------
    >>> line = pd.DataFrame({"customer_share": [.5, 1], "amount_share": [1.2, 1]})
    >>> ax = whale_curve(line, lang="en", source="x", as_of="2025-01-01", n=2)
    >>> [words.get_text().split(":")[0] for words in ax.texts]
    ['80% reached', 'Peak']
    """
    x, y = thin(*points(curve))
    marks = _marks(curve)
    if x[0] > 0:
        x, y = np.insert(x, 0, 0.0), np.insert(y, 0, 0.0)
    with theme():
        ax = canvas()
        ax.plot(x, y, color=BLUE, lw=2.2, gid="curve", clip_on=False)
        ax.axhline(1, color=MUTED, lw=1.2, ls="--")
        if marks["peak"]:
            ax.fill_between(x, 1, y, where=y > 1, color=ORANGE, alpha=0.5, hatch="//", lw=0, interpolate=True)
        for name, spot in marks.items():
            if spot:
                _mark(ax, name, spot, text(f"plots.whale.{name}", lang, x=percent(spot[0]), y=percent(spot[1])))
        share_axes(ax, float(y.max()) * 1.05 + (0.13 if marks["peak"] else 0))
        ax.set_ylim(bottom=min(0.0, float(y.min())))
        ax.set_xlabel(text("plots.whale.x", lang))
        ax.set_ylabel(text("plots.whale.y", lang))
        return dress(ax, title=text("plots.whale.title", lang), simulated=simulated,
                     under=footer(lang, source=source, n=n, as_of=as_of))


def _mark(ax: Axes, name: str, spot: tuple[float, float], words: str) -> None:
    # the curve bends downwards: above its peak, and below it on the right, there is always room
    colour, marker = (RED, "o") if name == "eighty" else (INK, "D")
    ax.plot(*spot, color=colour, marker=marker, ms=7, zorder=4, clip_on=False)
    look = {"fontsize": SMALL + 0.5, "linespacing": 1.3}
    if name == "peak":
        side = "right" if spot[0] > 0.5 else "left"
        ax.annotate(words, spot, (0, 7), textcoords="offset points", ha=side, va="bottom", **look)
    elif spot[0] < 0.5:
        ax.annotate(words, spot, (10, -12), textcoords="offset points", ha="left", va="top", **look)
    else:
        line = {"arrowstyle": "-", "color": MUTED, "lw": 0.8, "shrinkB": 6}
        ax.annotate(words, spot, (0.97, 0.42), ha="right", va="top", arrowprops=line, **look)


def alt_whale_curve(curve: pd.DataFrame, *, lang: str) -> str:
    """Say in words what the whale curve shows: who brings 80 %, and how far the peak passes 100 %.

    Parameters
    ----------
    curve, lang
        As in `whale_curve`.

    Raises
    ------
    ValueError
        As in `whale_curve`.

    Examples
    --------
    >>> line = pd.DataFrame({"customer_share": [.5, 1], "amount_share": [.9, 1]})
    >>> alt_whale_curve(line, lang="en").split(": ")[1]
    'the best 50.0% of customers bring 90.0% of the net amount. No customer is below zero.'
    """
    marks = _marks(curve)

    def say(one: str) -> str:
        parts = []
        if marks["eighty"]:
            x, y = marks["eighty"]
            parts.append(text("plots.whale.alt", one, x=percent(x), y=percent(y)))
        if marks["peak"]:
            x, y = marks["peak"]
            parts.append(text("plots.whale.alt_peak", one, x=percent(x), y=percent(y)))
        else:
            parts.append(text("plots.whale.alt_no_peak", one))
        return text("plots.join", one).join(parts)

    return by_language(lang, say)
