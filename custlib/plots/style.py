"""The look all figures share: font, colours, title, source line, watermark. Nothing global is changed."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from custlib.i18n import LANGS, day, integer, money, number, text
from custlib.i18n.fonts import register
from custlib.i18n.numbers import UNKNOWN

# Okabe and Ito's palette: told apart with any kind of colour sight
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
INK, MUTED, FAINT = "#1A1A1A", "#595959", "#D0D0D0"
SEQUENCE = "Blues"
# inches: 11 points are then 10 px high on a phone 390 px wide, and still small enough for A4
WIDTH, MARGIN, SMALL = 5.4, 0.1, 9.5
_ROW = re.compile(r"[\u2e80-\uffef][，。；：、）]*|[^\s\u2e80-\uffef]+\s*|\s+")


@contextmanager
def theme() -> Iterator[None]:
    """Draw with the shared look inside a ``with`` block; every setting is put back at its end.

    The user's own matplotlibrc plays no part inside, so that the same frame gives the same bytes.

    Examples
    --------
    >>> size = mpl.rcParams["font.size"]
    >>> with theme():
    ...     mpl.rcParams["font.family"]
    ['Noto Sans SC']
    >>> mpl.rcParams["font.size"] == size
    True
    """
    look = {
        "font.family": [register()], "font.size": 11, "axes.labelsize": 11, "xtick.labelsize": 10,
        "ytick.labelsize": 10, "legend.fontsize": 10, "legend.title_fontsize": 10, "legend.frameon": False,
        "axes.unicode_minus": False, "axes.edgecolor": MUTED, "text.color": INK, "axes.labelcolor": INK,
        "xtick.color": INK, "ytick.color": INK, "grid.color": "#E6E6E6", "hatch.linewidth": 0.6,
        "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 110, "savefig.dpi": 200,
        "svg.hashsalt": "custlib", "svg.fonttype": "path",
    }
    plt.draw_if_interactive()  # a notebook's backend turns itself on at first use: inside the block that would be put back
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(sns.axes_style("whitegrid") | look)
        yield


def need(frame: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Refuse a frame that is empty or lacks a column, in a sentence that names both.

    Raises
    ------
    ValueError
        No rows, or a column is missing.

    Examples
    --------
    >>> need(pd.DataFrame({"r": []}), ["r"], "cells")
    Traceback (most recent call last):
    ValueError: cells has no rows: nothing to draw
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"{what} lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    if frame.empty:
        raise ValueError(f"{what} has no rows: nothing to draw")


def by_language(lang: str, say: Callable[[str], str], *, sep: str = "\n") -> str:
    """Join what `say` gives for zh and for en when `lang` is bi, else give it once.

    Examples
    --------
    >>> by_language("bi", str.upper, sep=" ")
    'ZH EN'
    """
    if lang not in LANGS:
        raise ValueError(f"lang must be zh, en or bi, got {lang!r}")
    return sep.join(say(one) for one in (("zh", "en") if lang == "bi" else (lang,)))


def short_money(value: float | None, currency: str, lang: str) -> str:
    """Write an amount in few signs: 万 and 亿 in zh, k and M elsewhere.

    Examples
    --------
    >>> short_money(674.48, "GBP", "en"), short_money(25600, "CNY", "zh"), short_money(20000, "GBP", "en")
    ('£674', '¥2.6万', '£20k')
    """
    steps = ((1e8, "亿"), (1e4, "万")) if lang == "zh" else ((1e9, "bn"), (1e6, "M"), (1e4, "k"))
    if value is None or value != value:
        return UNKNOWN
    for least, sign in steps:
        if abs(value) >= least:
            part = round(value / (1e3 if sign == "k" else least), 1)
            return money(part, currency, 0 if part.is_integer() else 1) + sign
    return money(value, currency, 0 if abs(value) >= 10 or float(value).is_integer() else 2)


def count_or_money(value: float, currency: str | None, lang: str) -> str:
    """Write `value` as short money when there is a `currency`, else as a plain number.

    Examples
    --------
    >>> count_or_money(4.272, None, "en"), count_or_money(93, None, "en"), count_or_money(93, "GBP", "en")
    ('4.3', '93', '£93')
    """
    if currency:
        return short_money(value, currency, lang)
    return integer(value) if value >= 100 or float(value).is_integer() else number(value, 1)


def readable_on(colour: object) -> str:
    """Give black or white, whichever stands out more on `colour` (always 4.5 : 1 or better).

    Examples
    --------
    >>> readable_on("#FFFFFF"), readable_on("#08306B")
    ('#000000', '#FFFFFF')
    """
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    light = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
    return "#000000" if (light + 0.05) ** 2 > 1.05 * 0.05 else "#FFFFFF"


def wrap(line: str, ems: float) -> list[str]:
    """Break a line to at most `ems` letter widths; Chinese breaks anywhere, English between words.

    Examples
    --------
    >>> wrap("来源：网店 Online Retail", 8)
    ['来源：网店', 'Online Retail']
    """
    rows, width = [""], 0.0
    for piece in _ROW.findall(line):
        wide = sum(1 if "\u2e80" <= letter <= "\uffef" else 0.56 for letter in piece.rstrip())
        if rows[-1] and width + wide > ems:
            rows.append("")
            width = 0.0
        rows[-1] += piece
        width += wide + 0.3 * (len(piece) - len(piece.rstrip()))
    return [row.rstrip() for row in rows]


def canvas() -> Axes:
    """Open one figure with one Axes; `dress` gives it its size and closes the layout."""
    return plt.subplots(layout="constrained")[1]


def footer(lang: str, *, source: str, n: int, as_of: str) -> str:
    """Write the line under a figure: source, n, as-of day; in ``bi`` a two-line `source` is shared out.

    Examples
    --------
    >>> footer("en", source="Online Retail", n=4338, as_of="2011-12-10")
    'Source: Online Retail · n = 4,338 customers · as of 10 Dec 2011'
    """
    sources = dict(zip(("zh", "en"), source.split("\n") * 2, strict=False)) if lang == "bi" else {lang: source}
    stamp = date.fromisoformat(str(as_of))

    def say(one: str) -> str:
        return text("plots.footer", one, source=sources[one], n=integer(n), as_of=day(stamp, one))

    return by_language(lang, say)


def _rows(words: str, size: float, colour: str) -> list[tuple[str, float, str]]:
    ems = (WIDTH - 2 * MARGIN) * 72 / size
    return [(row, size, colour) for line in words.split("\n") if line for row in wrap(line, ems)]


def _write(ax: Axes, rows: list[tuple[str, float, str]], top: float) -> None:
    # a font of one weight: size and colour alone tell the title from the rest
    for row, size, colour in rows:
        top -= size * 1.4 / 72
        place = (MARGIN / WIDTH, top / ax.figure.get_figheight())
        ax.figure.text(*place, row, fontsize=size, color=colour, va="baseline")


def dress(
    ax: Axes, *, title: str, under: str, note: str = "", height: float = 3.9, simulated: bool = False
) -> Axes:
    """Write title, note and the line `under` the figure, then fix its size and layout.

    Parameters
    ----------
    ax : Axes
        From `canvas`, drawn.
    title, note, under : str
        Each may hold two lines (``bi``); long lines are broken.
    height : float
        Inches for the Axes and its labels.
    simulated : bool
        Write the watermark over the figure.
    """
    figure = ax.figure
    first, *rest = title.split("\n")
    head = _rows(first, 13, INK) + [row for line in rest for row in _rows(line, 11, MUTED)]
    head += _rows(note, SMALL, MUTED)
    foot = _rows(under, SMALL - 1, MUTED)
    above, below = (sum(size * 1.4 / 72 for _, size, _ in rows) + 0.12 for rows in (head, foot))
    whole = above + height + below
    figure.set_size_inches(WIDTH, whole)
    _write(ax, head, whole - 0.04)
    _write(ax, foot, below - 0.06)
    if simulated:
        figure.text(0.5, 0.5, text("plots.simulated", "zh"), fontsize=30, color=MUTED, alpha=0.22, rotation=25,
                    ha="center", va="center", zorder=10)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_linespacing(1.35)
    # ticks made later, outside the theme, must keep the font
    ax.tick_params(labelfontfamily=register())
    figure.get_layout_engine().set(rect=(0, below / whole, 1, height / whole))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return ax
