"""Write the report of a finished run as a workbook: every customer with every label, and why."""

import json
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from custlib.i18n import LANGS, text
from custlib.i18n.numbers import SIGNS
from custlib.report import intake, own_schemes
from custlib.report.context import (
    Run,
    conclusions,
    labelled,
    move,
    named,
    read_run,
    sentence,
    step_name,
    why,
    write_atomic,
)
from custlib.report.definitions import thresholds

_WIDE = {"why": 44, "next": 36, "conclusion": 110, "definition": 40, "level": 34, "limit": 44, "step": 40, "customer": 16,
         "segment": 20, "cn8": 20, "rule": 18, "raw": 28, "reject_rule": 28, "number": 26,
         "part": 22, "check": 48, "where": 30, "file": 30, "source": 20, "scheme": 22, "label": 24, "own_rule": 40}
_MONEY = {"gross", "returned", "net", "net_amount", "median_net", "threshold", "gross_amount", "returned_amount",
          "average_order"}
_SHARE = {"row_share", "stability", "weight", "failing_share"}
_COUNT = {"rows", "customers", "rank", "median_recency", "median_orders", "recency", "orders", "order_days", "tenure",
          "r", "f", "m", "row", "n", "failing", "checked", "rows_read"}


def write_xlsx(run_dir: Path, *, lang: str) -> Path:
    """Write ``report.xlsx`` into the run folder.

    Parameters
    ----------
    run_dir : Path
        A finished run; only this folder is read.
    lang : str
        ``zh``, ``en``, or ``bi`` (headings in both languages).

    Returns
    -------
    Path
        The workbook. Text is always text, never a formula or a link; the same run folder gives the same bytes.

    Raises
    ------
    ValueError
        `lang` is not one of the three.
    Problem
        A file of the run folder is missing.
    """
    if lang not in LANGS:
        raise ValueError(f"lang must be zh, en or bi, got {lang!r}")
    run, out = read_run(run_dir), BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, safe)
    # a fixed day instead of the clock, so that the same inputs give the same file
    created = datetime.fromisoformat(run.facts["as_of"])
    book.set_properties({"title": _line(lang, lambda one: run.facts["title"][one]), "created": created})
    formats = _formats(book, run.currency)
    for name, frame in _sheets(run, lang).items():
        _sheet(book.add_worksheet(text(f"report.sheet.{name}", lang, sep=" ")[:31]), frame, formats, lang)
    book.close()
    return write_atomic(run.folder / "report.xlsx", out.getvalue())


def _line(lang: str, said: Callable[[str], str], sep: str = " / ") -> str:
    return sep.join(dict.fromkeys(said(one) for one in (("zh", "en") if lang == "bi" else (lang,))))


def _formats(book: xlsxwriter.Workbook, currency: str) -> dict[str, Format]:
    sign = SIGNS.get(currency, f"{currency} ")
    plain = {"valign": "top", "font_name": "Microsoft YaHei", "font_size": 10}
    number = {"money": f'"{sign}"#,##0.00;-"{sign}"#,##0.00', "share": "0.0%", "count": "#,##0", "day": "yyyy-mm-dd",
              "value": "#,##0.####"}
    made = {kind: book.add_format({**plain, "num_format": code}) for kind, code in number.items()}
    head = {**plain, "bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True}
    # "@" tells Excel that a cell starting with = or + is text, also after somebody edits it
    made["text"] = book.add_format({**plain, "num_format": "@"})
    made["wrap"] = book.add_format({**plain, "num_format": "@", "text_wrap": True})
    return made | {"head": book.add_format(head)}


def _kind(column: str) -> str:
    if column in _MONEY:
        return "money"
    if column in _SHARE or column.startswith(("customer_share", "amount_share")):
        return "share"
    if column in _COUNT:
        return "count"
    if column in ("first_day", "last_day"):
        return "day"
    return "value" if column in ("value", "low", "high", "part_score") else "wrap" if column == "conclusion" else "text"


def _heading(column: str, lang: str) -> str:
    if column.startswith("x."):  # an own scheme is named by its user
        return column
    share, _, end = column.rpartition("_")
    if end in ("low", "high") and share:
        return f"{text(f'report.col.{share}', lang, sep=' ')} · {text(f'report.col.{end}', lang, sep=' ')}"
    return text(f"report.col.{column}", lang)


def _sheet(sheet: Worksheet, frame: pd.DataFrame, formats: dict[str, Format], lang: str) -> None:
    for place, column in enumerate(frame.columns):
        kind = _kind(column)
        sheet.write_string(0, place, _heading(column, lang), formats["head"])
        sheet.set_column(place, place, _WIDE.get(column, 16 if kind == "money" else 13))
        _column(sheet, place, frame[column].tolist(), kind, formats[kind])
    sheet.set_row(0, 32 if lang != "bi" else 44)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)


def _column(sheet: Worksheet, place: int, values: list, kind: str, style: Format) -> None:
    for row, value in enumerate(values, start=1):
        if value is None or value is pd.NaT or value is pd.NA or value != value:
            continue
        if kind in ("text", "wrap"):
            words = str(value)
            # the library takes a text of this form for ready-made XML: a mark of no width makes it text again
            sheet.write_string(row, place, f"\u200b{words}" if words.startswith("<r>") and words.endswith("</r>") else words, style)
        elif kind == "day":
            sheet.write_datetime(row, place, date.fromisoformat(str(value)[:10]), style)
        else:
            sheet.write_number(row, place, value, style)


def _sheets(run: Run, lang: str) -> dict[str, pd.DataFrame]:
    sheets = {"conclusions": pd.DataFrame({"conclusion": [_line(lang, lambda one, it=item: sentence(it, one), "\n")
                                                          for item in conclusions(run)]})}
    people = _customers(run, lang) if run.sold else None
    if people is not None:
        sheets["ledger"] = _ledger(run, lang)
    sheets |= _intake(run, lang)
    if people is not None:
        sheets |= {"segments": _segments(run, lang), "customers": people.drop(columns="segment_rank"), "lists": _lists(people)}
    if len(run.own):
        sheets |= {"schemes": _schemes(run, lang), "labels": own_schemes.wide(run, lang)}
    if people is not None:
        sheets["definitions"] = _definitions(run, lang)
    return {**sheets, "rejects": run.tables["rejects"].rename(columns={"rule": "reject_rule", "value": "raw"})}


def _intake(run: Run, lang: str) -> dict[str, pd.DataFrame]:
    """Give the sheets of the intake that the run knows of: the judgement, and the files."""
    columns = ["part", "weight", "part_score", "check", "where", "severity", "failing", "checked", "failing_share"]
    judged, files = list(intake.rows(run, lang)), intake.files(run)
    found = {"quality": pd.DataFrame(judged, columns=columns).astype(object).where(lambda frame: frame.notna(), None)} if judged else {}
    if files:
        found["files"] = pd.DataFrame(files)[["file", "source", "kind", "encoding", "rows"]].rename(columns={"rows": "rows_read"})
    return found


def _schemes(run: Run, lang: str) -> pd.DataFrame:
    found = own_schemes.counts(run)
    names = [own_schemes.shown(run, scheme, label, lang) for scheme, label in zip(found["scheme"], found["label"], strict=True)]
    return found.assign(label=names).rename(columns={"rule": "own_rule"})


def _ledger(run: Run, lang: str) -> pd.DataFrame:
    ledger = run.tables["ledger"]
    names = [_line(lang, lambda one, it=step: step_name(run, it, one)) for step in ledger["step"]]
    return ledger.assign(step=names)[["step", "rows", "gross", "returned", "net"]]


def _segments(run: Run, lang: str) -> pd.DataFrame:
    frame = run.tables["segments"].sort_values("rank")
    names = [named("segment", name, lang) for name in frame["segment"]]
    medians = {"median_recency_days": "median_recency", "median_net_amount": "median_net"}
    return frame.assign(segment=names).rename(columns=medians)


def _words(frame: pd.DataFrame, column: str, section: str, lang: str) -> pd.Series:
    return frame[column].map({name: named(section, name, lang) for name in frame[column].unique()})


def _customers(run: Run, lang: str) -> pd.DataFrame:
    people = labelled(run)
    evidence = [json.loads(one) if isinstance(one, str) else {} for one in people["evidence"]]
    return pd.DataFrame({
        "customer": people["identity_id"],
        "segment": _words(people, "named", "segment", lang),
        "abc": _words(people, "abc", "abc", lang),
        "tier3": _words(people, "tier3", "tier3", lang),
        "cn8": _words(people, "cn8", "cn8", lang),
        "score": people["cell"].where(people["cell"] != "unknown"),
        **{part: [one.get(part) for one in evidence] for part in "rfm"},
        "recency": people["recency_days"], "orders": people["orders"], "net_amount": people["net_amount"],
        "why": [_line(lang, lambda one, it=it: why(it, one)) for it in evidence],
        "next": [_line(lang, lambda one, it=it, place=place: move(it, one, run.currency, best=place == 1))
                 for it, place in zip(evidence, people["segment_rank"], strict=True)],
        "stability": people["stability"], "gross_amount": people["gross_amount"],
        "returned_amount": people["returned_amount"], "average_order": people["average_order_amount"],
        "order_days": people["order_days"], "first_day": people["first_order_day"],
        "last_day": people["last_order_day"], "tenure": people["tenure_days"], "segment_rank": people["segment_rank"],
    })


def _lists(people: pd.DataFrame) -> pd.DataFrame:
    ranked = people.sort_values(["segment_rank", "net_amount", "customer"], ascending=[True, False, True])
    return ranked[["segment", "customer", "net_amount", "orders", "recency", "abc", "last_day", "next"]]


def _definitions(run: Run, lang: str) -> pd.DataFrame:
    tables = [thresholds(run, one) for one in (("zh", "en") if lang == "bi" else (lang,))]
    rows = [[" / ".join(dict.fromkeys(texts)) for texts in zip(*row, strict=True)] for row in zip(*tables, strict=True)]
    return pd.DataFrame(rows, columns=["definition", "level", "limit"])
