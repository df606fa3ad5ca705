"""How unevenly money lies: the Lorenz curve, poorest first, with Gini and the classes A, B, C."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter

from custlib.i18n import number, percent, text
from custlib.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    SMALL,
    by_language,
    canvas,
    dress,
    footer,
    need,
    theme,
)

CURVE = ("customer_share", "amount_share")
# hatches besides colours: the areas stay apart in grey print
_LOOKS = {"A": (ORANGE, "//"), "B": (BLUE, ".."), "C": (GREEN, "\\\\")}


def points(curve: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give the two columns of a concentration curve, or refuse it with the reason.

    Examples
    --------
    >>> points(pd.DataFrame({"customer_share": [0, 1], "amount_share": [0, 1]}))[1].tolist()
    [0.0, 1.0]
    """
    need(curve, CURVE, "curve")
    x, y = (curve[name].to_numpy(dtype=float) for name in CURVE)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("curve holds a blank or infinite share: is the total amount above zero?")
    return x, y


def thin(x: np.ndarray, y: np.ndarray, most: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most `most` points, even along the curve: a million customers must not make a 40 MB picture.

    Examples
    --------
    >>> line = np.linspace(0, 1, 5001)
    >>> drawn = thin(line, line**20)
    >>> len(drawn[0]) <= 800, drawn[0][0], drawn[0][-1]
    (True, np.float64(0.0), np.float64(1.0))
    """
    if len(x) <= most:
        return x, y
    # along both axes, since a Lorenz curve is flat for long and then steep
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], most)).clip(0, len(x) - 1))
    return x[kept], y[kept]


def _classes(abc: pd.DataFrame) -> pd.DataFrame:
    need(abc, ("class", "customer_share", "amount_share"), "abc")
    shares = abc.set_index("class")[["customer_share", "amount_share"]].astype(float)
    return shares.reindex(["C", "B", "A"], fill_value=0.0)


def share_axes(ax: Axes, top: float) -> None:
    """Let both axes run from 0 %, x to 100 % and y to `top` (a share), in steps of 20 %."""
    for axis, end in ((ax.xaxis, 1.0), (ax.yaxis, top)):
        axis.set_major_locator(FixedLocator(np.arange(0, end + 1e-9, 0.2)))
        axis.set_major_formatter(FuncFormatter(lambda share, _: percent(share, 0)))
    ax.set(xlim=(0, 1), ylim=(0, top))


def _areas(ax: Axes, x: np.ndarray, y: np.ndarray, classes: pd.DataFrame) -> list[Patch]:
    cuts = np.concatenate([[0.0], classes["customer_share"].cumsum()]).clip(0, 1)
    keys = []
    for name, left, right in zip(classes.index, cuts[:-1], cuts[1:], strict=True):
        colour, hatch = _LOOKS[name]
        inside = np.concatenate([[left], x[(x > left) & (x < right)], [right]])
        look = {"facecolor": to_rgba(colour, 0.35), "edgecolor": colour, "hatch": hatch, "lw": 0}
        ax.fill_between(inside, np.interp(inside, x, y), gid=f"class_{name}", **look)
        row = classes.loc[name]
        keys.append(Patch(label=f"{name}  {percent(row['customer_share'])} · {percent(row['amount_share'])}", **look))
        if right - left > 0.05:
            middle = np.interp((left + right) / 2, x, y)
            ax.annotate(name, ((left + right) / 2, middle), (0, 4), textcoords="offset points", ha="right", fontsize=12)
    for cut in cuts[(cuts > 0) & (cuts < 1)]:
        height = np.interp(cut, x, y)
        ax.plot([cut, cut, 0], [0, height, height], color=MUTED, lw=1, ls=":", gid="cut")
        ax.annotate(percent(height), (0.42, height), (0, 2), textcoords="offset points", fontsize=SMALL, color=MUTED)
    return keys[::-1]


def _gini(gini: float, interval: tuple[float, float] | None, lang: str) -> str:
    if interval is None:
        return text("plots.lorenz.gini", lang, gini=number(gini, 3))
    low, high = (number(end, 3) for end in interval)
    return text("plots.lorenz.gini_interval", lang, gini=number(gini, 3), low=low, high=high)


def lorenz(
    curve: pd.DataFrame,
    *,
    lang: str,
    source: str,
    as_of: str,
    n: int,
    gini: float,
    abc: pd.DataFrame,
    interval: tuple[float, float] | None = None,
    simulated: bool = False,
) -> Axes:
    """Draw the Lorenz curve, poorest first, with the areas of the classes C, B, A below it.

    Parameters
    ----------
    curve : DataFrame, one row per point
        ``customer_share`` and ``amount_share`` (0 to 1, cumulative, from 0, 0 to 1, 1).
    lang : str
        ``zh``, ``en`` or ``bi``.
    source, as_of, n : str, str (ISO date), int
        For the line under the figure; `source` is in `lang`, without the word "source".
    gini : float
        0 (all spend alike) to 1.
    abc : DataFrame, one row per class
        ``class`` (A, B, C), ``customer_share`` and ``amount_share`` (0 to 1); a class may be absent.
    interval : (float, float), optional
        95 % interval of `gini`.
    simulated : bool
        Write the watermark.

    Raises
    ------
    ValueError
        A frame is empty, lacks a column, or the curve holds a blank.

    Examples
    --------
    >>> line = pd.DataFrame({"customer_share": [0, .5, 1], "amount_share": [0, .2, 1]})
    >>> abc = pd.DataFrame({"class": ["A", "B"], "customer_share": [.5, .5], "amount_share": [.8, .2]})
    >>> lorenz(line, lang="en", source="x", as_of="2025-01-01", n=2, gini=.3, abc=abc).texts[-1].get_text()
    '20.0%'
    """
    x, y = thin(*points(curve))
    classes = _classes(abc)
    with theme():
        ax = canvas()
        keys = _areas(ax, x, y, classes)
        line = {"color": MUTED, "lw": 1.2, "ls": "--", "label": text("plots.lorenz.equality", lang, sep=" ")}
        keys += ax.plot([0, 1], [0, 1], **line)
        ax.plot(x, y, color=INK, lw=2, gid="curve", clip_on=False)
        share_axes(ax, 1.0)
        legend = ax.legend(handles=keys, title=text("plots.lorenz.legend", lang), loc="upper left", alignment="left",
                  fontsize=SMALL, title_fontsize=SMALL, borderaxespad=0.1)
        legend.get_title().set_linespacing(1.35)
        ax.set_xlabel(text("plots.lorenz.x", lang))
        ax.set_ylabel(text("plots.lorenz.y", lang))
        return dress(ax, title=text("plots.lorenz.title", lang), note=_gini(gini, interval, lang),
                     under=footer(lang, source=source, n=n, as_of=as_of), height=4.4, simulated=simulated)


def alt_lorenz(
    curve: pd.DataFrame,
    *,
    lang: str,
    gini: float,
    abc: pd.DataFrame,
    interval: tuple[float, float] | None = None,
) -> str:
    """Say in words what the Lorenz curve shows: the Gini, the poorer half, and class A.

    Parameters
    ----------
    curve, lang, gini, abc, interval
        As in `lorenz`.

    Raises
    ------
    ValueError
        As in `lorenz`.

    Examples
    --------
    >>> line = pd.DataFrame({"customer_share": [0, .5, 1], "amount_share": [0, .2, 1]})
    >>> abc = pd.DataFrame({"class": ["A", "B"], "customer_share": [.5, .5], "amount_share": [.8, .2]})
    >>> "spend less bring 20.0% of the amount" in alt_lorenz(line, lang="en", gini=.3, abc=abc)
    True
    """
    x, y = points(curve)
    best = _classes(abc).loc["A"]

    def say(one: str) -> str:
        return text("plots.lorenz.alt", one, gini=_gini(gini, interval, one), half=percent(np.interp(0.5, x, y)),
                    share=percent(best["customer_share"]), amount=percent(best["amount_share"]))

    return by_language(lang, say)
