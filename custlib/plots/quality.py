"""Data quality: the score of each part and the blanks of each column."""

from datetime import date

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from custlib.i18n import day, integer, percent, text
from custlib.plots.style import BLUE, FAINT, INK, MUTED, ORANGE, SMALL, by_language, canvas, dress, need, theme
from custlib.tables import schema
from custlib.tables.quality.score import floored

MOST = 15  # columns that are shown


def rows_footer(lang: str, source: str, n: int, as_of: str) -> str:
    """Write the line under a figure whose n are rows; in ``bi`` a two-line `source` is shared out.

    Examples
    --------
    >>> rows_footer("en", "Online Retail", 541909, "2011-12-10")
    'Source: Online Retail · n = 541,909 rows · as of 10 Dec 2011'
    """
    sources = dict(zip(("zh", "en"), source.split("\n") * 2, strict=False)) if lang == "bi" else {lang: source}
    stamp = date.fromisoformat(str(as_of))
    return by_language(lang, lambda one: text("plots.rows_footer", one, source=sources[one], n=integer(n), as_of=day(stamp, one)))


def _whole(parts: pd.DataFrame) -> float | None:
    known = parts[parts["score"].notna()]
    total = float(known["weight"].sum())
    return float((known["weight"] * known["score"]).sum()) / total if total else None


def quality_parts(parts: pd.DataFrame, *, lang: str, source: str, as_of: str, n: int, simulated: bool = False) -> Axes:
    """Draw the score of each part of data quality, with its weight, and name the whole.

    Parameters
    ----------
    parts : DataFrame, one row per part
        ``part``, ``weight`` (share of 1), ``score`` (0 to 100; blank: could not be checked), as `assess` gives them.
    lang : str
        ``zh``, ``en`` or ``bi``.
    source, as_of, n : str, str (ISO date), int
        For the line under the figure; `source` is in `lang`, `n` counts the rows that were read.
    simulated : bool
        Write the watermark.

    Raises
    ------
    ValueError
        `parts` is empty or lacks a column.

    Examples
    --------
    >>> rows = pd.DataFrame({"part": ["validity"], "weight": [1.0], "score": [90.0]})
    >>> ax = quality_parts(rows, lang="en", source="x", as_of="2025-01-01", n=1)
    >>> [float(bar.get_width()) for bar in ax.patches if bar.get_gid() == "score"]
    [90.0]
    """
    need(parts, ("part", "weight", "score"), "parts")
    score, weight = (parts[name].to_numpy(dtype=float) for name in ("score", "weight"))
    place, blank = np.arange(len(parts)), np.isnan(score)
    with theme():
        ax = canvas()
        ax.barh(place, 100, 0.55, color=FAINT, lw=0, zorder=1.5, alpha=0.6)
        for bar in ax.barh(place[~blank], score[~blank], 0.55, color=BLUE, lw=0, zorder=2):
            bar.set_gid("score")
        for y, value in zip(place, score, strict=True):
            words = text("plots.quality_parts.unknown", lang, sep=" ") if np.isnan(value) else floored(value)
            ax.annotate(words, (0 if np.isnan(value) else 100, y), (6, 0), textcoords="offset points", va="center", fontsize=SMALL,
                        color=MUTED if np.isnan(value) else INK, annotation_clip=False)
        names = [_part(part, share, unknown, lang) for part, share, unknown in zip(parts["part"], weight, blank, strict=True)]
        ax.set_yticks(place, names, linespacing=1.25, multialignment="right")
        ax.set_ylim(len(parts) - 0.5, -0.5)
        ax.set_xlim(0, 112)
        ax.set_xticks(range(0, 101, 20))
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(text("plots.quality_parts.x", lang))
        return dress(ax, title=text("plots.quality_parts.title", lang), simulated=simulated, under=rows_footer(lang, source, n, as_of),
                     note=text("plots.quality_parts.note", lang, score=floored(_whole(parts))),
                     height=1.0 + (0.72 if lang == "bi" else 0.52) * len(parts))


def _part(part: str, share: float, unknown: bool, lang: str) -> str:
    name = text(f"quality.part.{part}", lang, sep=" ")
    name = name[:1].upper() + name[1:]
    if unknown:
        return name
    before = [text("plots.quality_parts.weight", "zh", weight="").strip()] if lang == "bi" else []  # the number once, not twice
    return f"{name}\n{' '.join([*before, text('plots.quality_parts.weight', 'en' if lang == 'bi' else lang, weight=percent(share, 0))])}"


def alt_quality_parts(parts: pd.DataFrame, *, lang: str) -> str:
    """Say in words what the bars show: the whole and the lowest part.

    Examples
    --------
    >>> rows = pd.DataFrame({"part": ["validity"], "weight": [1.0], "score": [90.0]})
    >>> alt_quality_parts(rows, lang="en").split(";")[0]
    'Bars of the score of each part: the whole is 90.0'
    """
    need(parts, ("part", "weight", "score"), "parts")
    known = parts[parts["score"].notna()]
    if known.empty:
        return by_language(lang, lambda one: text("plots.quality_parts.alt_unknown", one))
    worst = known.iloc[known["score"].astype(float).argmin()]
    return by_language(lang, lambda one: text(
        "plots.quality_parts.alt", one, score=floored(_whole(parts)), part=text(f"quality.part.{worst['part']}", one),
        value=floored(float(worst["score"])), weight=percent(worst["weight"], 0), count=len(known), unknown=len(parts) - len(known)))


def _blanks(columns: pd.DataFrame) -> pd.DataFrame:
    need(columns, ("table", "column", "blank_share"), "columns")
    known = columns[columns["blank_share"].notna()]
    need(known, (), "columns with rows")
    return known.assign(blank_share=known["blank_share"].astype(float)).sort_values("blank_share", ascending=False, kind="stable")


def _named(row: pd.Series, lang: str, sep: str) -> str:
    def say(one: str) -> str:
        table = schema.table(row["table"])
        return f"{getattr(table, one)}{'：' if one == 'zh' else ': '}{getattr(table.column(row['column']), one)}"

    return by_language(lang, say, sep=sep)


def missing_by_column(columns: pd.DataFrame, *, lang: str, source: str, as_of: str, n: int, simulated: bool = False) -> Axes:
    """Draw the share of blank rows of each mapped column, the emptiest on top; at most 15 columns.

    Parameters
    ----------
    columns : DataFrame, one row per mapped column
        ``table``, ``column`` (canonical names), ``blank_share`` (of 1; a column without rows is left out).
    lang, source, as_of, n, simulated
        As in `quality_parts`.

    Raises
    ------
    ValueError
        `columns` lacks a column, or none of its rows has a share.

    Examples
    --------
    >>> rows = pd.DataFrame({"table": ["orders"] * 2, "column": ["order_id", "customer_id"], "blank_share": [0, 0.25]})
    >>> ax = missing_by_column(rows, lang="en", source="x", as_of="2025-01-01", n=4)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Orders: Customer id', 'Orders: Order id']
    """
    table = _blanks(columns)
    shown = table.head(MOST)
    with theme():
        ax = canvas()
        share, place = shown["blank_share"].to_numpy(), np.arange(len(shown))
        ax.barh(place, share, 0.6, color=ORANGE, hatch="///", edgecolor="white", lw=0)
        for y, value in zip(place, share, strict=True):
            words = "<0.1%" if 0 < value < 0.001 else percent(value)
            ax.annotate(words, (value, y), (5, 0), textcoords="offset points", va="center", fontsize=SMALL - 0.5)
        ax.set_yticks(place, [_named(row, lang, "\n") for _, row in shown.iterrows()], linespacing=1.2, multialignment="right")
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.set_xlim(0, max(float(share.max()) * 1.2, 0.01))
        ax.grid(axis="y", visible=False)
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x, 0 if share.max() >= 0.05 else 1)))
        ax.set_xlabel(text("plots.missing.x", lang))
        note = text("plots.missing.note", lang, shown=len(shown), columns=len(table), full=int((table["blank_share"] == 0).sum()))
        return dress(ax, title=text("plots.missing.title", lang), note=note, under=rows_footer(lang, source, n, as_of), simulated=simulated,
                     height=0.9 + (0.5 if lang == "bi" else 0.32) * len(shown))


def alt_missing_by_column(columns: pd.DataFrame, *, lang: str) -> str:
    """Say in words which column is emptiest and how many are full.

    Examples
    --------
    >>> rows = pd.DataFrame({"table": ["orders"], "column": ["customer_id"], "blank_share": [0.25]})
    >>> alt_missing_by_column(rows, lang="en").split(";")[0]
    'Bars of the blank share of each column: Orders: Customer id has most, 25.0%'
    """
    table = _blanks(columns)
    full, first = int((table["blank_share"] == 0).sum()), table.iloc[0]
    if full == len(table):
        return by_language(lang, lambda one: text("plots.missing.alt_none", one, columns=len(table)))
    return by_language(lang, lambda one: text("plots.missing.alt", one, column=_named(first, one, " "), share=percent(first["blank_share"]),
                                              columns=len(table), full=full))
