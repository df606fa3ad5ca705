"""The tables of the page as plain data: headings once, cells with a shown text and a value to sort by."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd
from markupsafe import Markup, escape

from custlib.i18n import integer, money, number, percent, text
from custlib.report.context import Run, interval, move, named, step_name, why
from custlib.report.definitions import thresholds

SHOWN_CUSTOMERS = 100


@dataclass(frozen=True)
class Words:
    """The languages of one page; every text goes through here, escaped, English under Chinese in ``bi``."""

    langs: tuple[str, ...]

    @classmethod
    def of(cls, lang: str) -> "Words":
        """Give the words of a page in ``zh``, ``en`` or ``bi``."""
        return cls(("zh", "en") if lang == "bi" else (lang,))

    def each(self, said: Callable[[str], str]) -> Markup:
        """Escape what `said` gives for each language; equal texts stand once."""
        texts = list(dict.fromkeys(said(lang) for lang in self.langs))
        under = (Markup('<span class="en" lang="en">{}</span>').format(one) for one in texts[1:])
        return escape(texts[0]) + Markup("").join(under)

    def say(self, key: str, **values: object) -> Markup:
        """Give the text of `key` as markup."""
        return self.each(lambda lang: text(key, lang, **values))

    def pick(self, both: dict[str, str]) -> Markup:
        """Give a text that comes with its own ``zh`` and ``en``."""
        return self.each(lambda lang: both[lang])

    def attribute(self, key: str, **values: object) -> str:
        """Give the text of `key` for an attribute, where no markup may stand."""
        return self.line(lambda lang: text(key, lang, **values))

    def line(self, said: Callable[[str], str]) -> str:
        """Join what `said` gives for each language on one line."""
        return " / ".join(dict.fromkeys(said(lang) for lang in self.langs))


@dataclass(frozen=True)
class Cell:
    """One cell: what is shown, what it sorts by, small print under it, and an optional bar (value, low, high in %)."""

    shown: str | Markup
    value: float | None = None
    note: str = ""
    bar: tuple[float, float, float] | None = None
    kind: str = "text"


@dataclass(frozen=True)
class Grid:
    """One table of the page. `columns` are pairs of catalogue name and kind (text, number, wide, id)."""

    name: str
    caption: Markup
    columns: list[tuple[Markup, str]]
    rows: list[list[Cell]]
    sortable: bool = True
    filterable: bool = False
    totals: set[int] = field(default_factory=set)


def _columns(words: Words, *names: str) -> list[tuple[Markup, str]]:
    """Turn ``name`` or ``name:kind`` into headings; plain names are numbers."""
    pairs = [name.partition(":") for name in names]
    return [(words.say(f"report.col.{name}"), kind or "number") for name, _, kind in pairs]


def _said(shown: str | Markup, kind: str = "text") -> Cell:
    return Cell(shown, kind=kind)


def _figure(value: float | None, shown: str, note: str = "") -> Cell:
    return Cell(shown, None if pd.isna(value) else float(value), note, kind="number")


def _share(row: dict, column: str, scale: float) -> Cell:
    share = row[column]
    ends = [row.get(f"{column}_low"), row.get(f"{column}_high")]
    known = not any(pd.isna(end) for end in ends)
    low, high = ends if known else (share, share)
    # a share below zero (returns only) has no bar to draw
    bar = tuple(round(max(part, 0) / scale * 100, 2) for part in (share, low, high)) if scale > 0 else None
    return Cell(percent(share), float(share), interval(row, column) if known else "", bar, "number")


def _scale(frame: pd.DataFrame, *columns: str) -> float:
    present = [column for column in columns if column in frame]
    return float(frame[present].max().max()) if len(frame) else 0.0


def ledger_grid(run: Run, words: Words) -> Grid:
    """Give the ledger in its own order: in, each exit, kept. It does not sort, since the order is the sum."""
    ledger, currency = run.tables["ledger"], run.currency
    read = max(int(ledger.loc[ledger["step"] == "in", "rows"].sum()), 1)
    rows = [
        [
            _said(words.each(lambda lang, step=row["step"]: step_name(run, step, lang))),
            _figure(row["rows"], integer(row["rows"])),
            _figure(row["rows"] / read, percent(row["rows"] / read)),
            *(_figure(row[part], money(row[part], currency)) for part in ("gross", "returned", "net")),
        ]
        for row in ledger.to_dict("records")
    ]
    columns = _columns(words, "step:text", "rows", "row_share", "gross", "returned", "net")
    ends = {0, len(rows) - 1}
    return Grid("ledger", words.say("report.h.ledger"), columns, rows, sortable=False, totals=ends)


def _rule(rule: str) -> Markup:
    """Let a rule of several parts break between the parts, never inside one."""
    return Markup(" | ").join(Markup("<span>{}</span>").format(part) for part in str(rule).split(" | "))


def segment_grid(run: Run, words: Words) -> Grid:
    """Give the named segments, best first, with shares, intervals, medians and the rule."""
    frame = run.tables["segments"].sort_values("rank")
    scale = _scale(frame, "customer_share_high", "amount_share_high", "customer_share", "amount_share")
    rows = [
        [
            Cell(words.each(lambda lang, name=row["segment"]: named("segment", name, lang)), float(row["rank"])),
            _said(_rule(row["rule"]), "rule"),
            _figure(row["customers"], integer(row["customers"])),
            _share(row, "customer_share", scale),
            _figure(row["net_amount"], money(row["net_amount"], run.currency, 0)),
            _share(row, "amount_share", scale),
            _figure(row["median_recency_days"], number(row["median_recency_days"], 0)),
            _figure(row["median_orders"], number(row["median_orders"], 0)),
            _figure(row["median_net_amount"], money(row["median_net_amount"], run.currency, 0)),
        ]
        for row in frame.to_dict("records")
    ]
    names = ("segment:text", "rule:rule", "customers", "customer_share", "net_amount", "amount_share")
    columns = _columns(words, *names, "median_recency", "median_orders", "median_net")
    return Grid("segments", words.say("report.h.segments"), columns, rows, filterable=True)


def _class_rows(frame: pd.DataFrame, section: str, run: Run, words: Words, extra: str | None) -> list[list[Cell]]:
    scale = _scale(frame, "customer_share", "amount_share")
    return [
        [
            _said(words.each(lambda lang, name=row["class"]: named(section, name, lang))),
            _figure(row["customers"], integer(row["customers"])),
            _share(row, "customer_share", scale),
            _figure(row["net_amount"], money(row["net_amount"], run.currency, 0)),
            _share(row, "amount_share", scale),
            *([_figure(row[extra], money(row[extra], run.currency))] if extra else []),
        ]
        for row in frame.to_dict("records")
    ]


def abc_grid(run: Run, words: Words) -> Grid:
    """Give the three ABC classes with the smallest net amount of each."""
    names = ("class:text", "customers", "customer_share", "net_amount", "amount_share", "threshold")
    rows = _class_rows(run.tables["abc"], "abc", run, words, "threshold")
    return Grid("abc", words.say("report.h.abc"), _columns(words, *names), rows)


def cn8_grid(people: pd.DataFrame, run: Run, words: Words) -> Grid:
    """Give customers and net amount of the eight Chinese classes, the largest amount first."""
    frame = people.groupby("cn8", as_index=False).agg(customers=("cn8", "size"), net_amount=("net_amount", "sum"))
    frame = frame.rename(columns={"cn8": "class"}).sort_values(["net_amount", "class"], ascending=[False, True])
    frame["customer_share"] = frame["customers"] / max(len(people), 1)
    total = frame["net_amount"].sum()
    frame["amount_share"] = frame["net_amount"] / total if total else float("nan")
    names = ("class:text", "customers", "customer_share", "net_amount", "amount_share")
    return Grid("cn8", words.say("report.h.cn8"), _columns(words, *names), _class_rows(frame, "cn8", run, words, None))


def customer_grid(people: pd.DataFrame, run: Run, words: Words) -> Grid:
    """Give the customers with the largest net amount, each with why they stand where they do."""
    rows = [_customer(row, run, words) for row in people.head(SHOWN_CUSTOMERS).to_dict("records")]
    names = ("customer:id", "segment:text", "stability", "abc:text", "net_amount", "orders", "recency", "score:rule")
    columns = _columns(words, *names, "why:wide", "next:wide")
    return Grid("customers", words.say("report.h.customers"), columns, rows, filterable=True)


def _customer(row: dict, run: Run, words: Words) -> list[Cell]:
    evidence = json.loads(row["evidence"]) if isinstance(row["evidence"], str) else {}
    scores = "-".join(str(evidence[part]) for part in "rfm" if evidence.get(part) is not None)
    return [
        _said(str(row["identity_id"]), "id"),
        Cell(words.each(lambda lang: named("segment", row["named"], lang)), float(row["segment_rank"])),
        _figure(row["stability"], percent(row["stability"], 0)),
        _said(row["abc"] if row["abc"] in "ABC" else words.each(lambda lang: named("abc", row["abc"], lang))),
        _figure(row["net_amount"], money(row["net_amount"], run.currency)),
        _figure(row["orders"], integer(row["orders"])),
        _figure(row["recency_days"], number(row["recency_days"], 0)),
        _said(scores or "–", "rule"),
        _said(words.each(lambda lang: why(evidence, lang)), "wide"),
        _said(words.each(lambda lang: move(evidence, lang, run.currency, best=row["segment_rank"] == 1)), "wide"),
    ]


def threshold_grid(run: Run, words: Words) -> Grid:
    """Give every threshold of the run."""
    rows = _side_by_side(words, *(thresholds(run, lang) for lang in words.langs))
    columns = _columns(words, "definition:text", "level:text", "limit:text")
    return Grid("definitions", words.say("report.h.definitions"), columns, rows, filterable=True)


def _side_by_side(words: Words, *tables: Iterable[tuple[str, ...]]) -> list[list[Cell]]:
    return [
        [_said(words.each(dict(zip(words.langs, texts, strict=True)).__getitem__)) for texts in zip(*rows, strict=True)]
        for rows in zip(*tables, strict=True)
    ]


def number_grid(run: Run, words: Words) -> Grid:
    """Give every number that the notebooks wrote, as it stands."""
    rows = [
        [
            _said(summary["notebook"]),
            _said(name, "id"),
            *(_figure(item.get(part), _plain(item.get(part))) for part in ("value", "low", "high")),
            _said(str(item.get("unit") or "")),
            _figure(item.get("n"), integer(item.get("n"))),
        ]
        for summary in run.summaries
        for name, item in summary.get("numbers", {}).items()
    ]
    columns = _columns(words, "notebook:text", "number:id", "value", "low", "high", "unit:text", "n")
    return Grid("numbers", words.say("report.h.numbers"), columns, rows, filterable=True)


def _plain(value: float | None) -> str:
    return number(value, 0 if value is None or float(value).is_integer() else 4)
