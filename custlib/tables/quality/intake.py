"""The intake report as tables with heads and sentences in the user's language: sources, rules, parts, columns."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from custlib.engine import connect
from custlib.i18n import integer, number, percent, text
from custlib.tables import schema
from custlib.tables.quality.places import quoted
from custlib.tables.quality.score import floored
from custlib.tables.quality.settings import POLICY, REJECTS

if TYPE_CHECKING:
    import pandas as pd

NONE = "–"


class BuiltLike(Protocol):
    """What the tables need of a `custlib.tables.Built`."""

    folder: Path
    facts: dict


class Intake(NamedTuple):
    """The four tables of the intake report."""

    sources: "pd.DataFrame"
    rules: "pd.DataFrame"
    parts: "pd.DataFrame"
    columns: "pd.DataFrame"


def intake(built: BuiltLike, *, lang: str) -> Intake:
    """Give the four tables of the intake report.

    Parameters
    ----------
    built : Built
        Its facts hold ``quality`` (from `assess`), ``sources`` and, where the build tells, ``inputs``.
    lang : str
        ``zh``, ``en`` or ``bi``.

    Returns
    -------
    Intake
        ``sources`` (one row per file, or per source where files are not told), ``rules`` (one row per rule and place that was
        looked at), ``parts`` (one row per part and one for the whole), ``columns`` (one row per mapped column). Every cell is
        text or a number as people write it; what is not known is a dash.
    """
    return Intake(sources(built, lang=lang), rules(built, lang=lang), parts(built, lang=lang), columns(built, lang=lang))


def sources(built: BuiltLike, *, lang: str) -> "pd.DataFrame":
    """Tabulate what was read: file, kind, encoding, rows, kept and rejected, columns used, not used, new and gone."""
    facts, rows = built.facts, []
    for name, counts in facts.get("sources", {}).items():
        told = _told(facts, name)
        listed = {key: _names(told.get(key)) for key in ("used", "unused", "new", "gone")}
        whole = {key: integer(counts.get(key)) for key in ("rows_in", "kept", "rejected")}
        files = told.get("files") or [{}]
        for number_, one in enumerate(files):
            # kept and rejected are known per source: they stand in the row of its first file
            own = {**whole, **listed} if number_ == 0 else dict.fromkeys((*whole, *listed), "")
            sure = one.get("encoding_sure", True)
            encoding = one.get("encoding") or NONE
            rows.append({"source": name, "file": one.get("file", NONE), "kind": one.get("kind", NONE),
                         "encoding": encoding if sure else text("quality.guessed", lang, sep=" ", encoding=encoding),
                         "delimiter": _mark(one.get("delimiter")), "header_row": _whole(one.get("header_row")),
                         "rows_in_file": integer(one["rows"]) if one.get("rows") is not None else whole["rows_in"] if len(files) == 1 else NONE,
                         "left_aside": _whole(one.get("left_aside")), **own})
    heads = ("source", "file", "kind", "encoding", "delimiter", "header_row", "rows_in_file", "left_aside", "rows_in", "kept", "rejected",
             "used", "unused", "new", "gone")
    return _frame(rows, heads, lang)


def rules(built: BuiltLike, *, lang: str, found: bool = False) -> "pd.DataFrame":
    """Tabulate the rules: in words, where, severity, checked, failing, share, state and what to do; the worst first.

    With `found`, only rules that found something or could not look.
    """
    rows = []
    for one in sorted(_quality(built).get("rules", []), key=_weight):
        if one["rule"] in REJECTS and not one["failing"]:
            continue  # what the build never had to reject is no news
        if found and one["share"] == 0:
            continue
        named = one["detail"].get("named")
        said = text(f"quality.rule.{one['rule']}", lang, sep=" ")
        if one["rule"] in (POLICY, "other_reject"):
            said = f"{said} ({named})"
        state = "not_checked" if one["share"] is None else "clean" if not one["share"] else "broken" if one["broken"] else "within"
        key = f"reason.{one['reason']}" if one["reason"] else f"do.{one['rule']}" if one["share"] else ""
        do = text(f"quality.{key}", lang, sep=" ") if key else ""
        rows.append({"part": text(f"quality.part.{one['part']}", lang, sep=" "), "rule": said, "where": _where(one, lang),
                     "severity": text(f"quality.severity.{one['severity']}", lang, sep=" "), "checked": integer(one["checked"]),
                     "failing": integer(one["failing"]) if one["share"] is not None else NONE, "share": _percent(one["share"]),
                     "state": text(f"quality.state.{state}", lang, sep=" "), "found": _found(one["detail"]), "do": do})
    return _frame(rows, ("part", "rule", "where", "severity", "checked", "failing", "share", "state", "found", "do"), lang)


def parts(built: BuiltLike, *, lang: str) -> "pd.DataFrame":
    """Tabulate the parts of the score with their weights, and the whole in the last row."""
    quality = _quality(built)
    rows = [{"part": text(f"quality.part.{one['part']}", lang, sep=" "), "weight": percent(one["weight"]) if one["score"] is not None else NONE,
             "score": floored(one["score"]), "counted": integer(one["rules"])} for one in quality.get("parts", [])]
    if rows:
        rows.append({"part": text("quality.whole", lang, sep=" "), "weight": percent(sum(one["weight"] for one in quality["parts"])),
                     "score": floored(quality.get("score")), "counted": integer(sum(one["rules"] for one in quality["parts"]))})
    return _frame(rows, ("part", "weight", "score", "counted"), lang)


def columns(built: BuiltLike, *, lang: str) -> "pd.DataFrame":
    """Tabulate the mapped columns: blank share, different values, least and greatest value of what is not personal."""
    rows = []
    for one in _quality(built).get("columns", []):
        distinct = integer(one["distinct"]) if one["exact"] else f"≈ {integer(one['distinct'])}"
        rows.append({"table": _table_name(one["table"], lang), "column": _column_name(one["table"], one["column"], lang), "name": one["column"],
                     "rows": integer(one["rows"]), "blank_share": _percent(one["blank_share"]), "distinct": distinct,
                     "min": _value(one["min"]), "max": _value(one["max"])})
    return _frame(rows, ("table", "column", "name", "rows", "blank_share", "distinct", "min", "max"), lang)


def days(built: BuiltLike) -> "pd.DataFrame":
    """Count the orders of each day.

    Returns
    -------
    DataFrame, one row per day with an order, in order
        ``day``, ``orders`` (count); empty where the data set has no orders.
    """
    import pandas as pd

    path = Path(built.folder) / "orders.parquet"
    if not path.is_file():
        return pd.DataFrame({"day": pd.Series(dtype="object"), "orders": pd.Series(dtype="int64")})
    with connect() as db:
        found = db.execute(f"SELECT order_day, count(*) FROM read_parquet({quoted(path)}) GROUP BY 1 ORDER BY 1").fetchall()
    return pd.DataFrame(found, columns=["day", "orders"])


def _quality(built: BuiltLike) -> dict:
    return built.facts.get("quality") or {}


def _told(facts: dict, name: str) -> dict:
    told = (facts.get("inputs") or {}).get(name)
    return told if isinstance(told, dict) else {}


def _frame(rows: list[dict], heads: tuple[str, ...], lang: str) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame([[row[head] for head in heads] for row in rows],
                        columns=[text(f"quality.head.{head}", lang, sep=" ") for head in heads])


def _weight(row: dict) -> tuple:
    rank = {"stop": 0, "error": 1, "warning": 2, "info": 3}[row["severity"]]
    return (row["share"] is None, not row["share"], not row["broken"] and row["severity"] != "error", rank, -(row["share"] or 0))


def _where(row: dict, lang: str) -> str:
    source, table = row["detail"].get("source"), row["table"]
    name = _table_name(table, lang) if table in schema.tables() else table
    place = NONE if name == NONE and row["column"] == NONE else f"{name}: {row['column']}" if row["column"] != NONE else name
    return f"{place} ({source})" if source else place


def _found(detail: dict) -> str:
    """Write what a rule found as days, months and numbers."""
    if "gaps" in detail:
        return "; ".join(f"{first} – {last} ({length})" for first, last, length in detail["gaps"])
    if "months" in detail:
        return "; ".join(f"{one[0]} (×{number(one[1], 2)})" if isinstance(one, list) else one for one in detail["months"])
    return f"{detail['last_day']} ({detail['days']})" if "last_day" in detail else ""


def _table_name(name: str, lang: str) -> str:
    table = schema.table(name)
    return f"{table.zh} {table.en}" if lang == "bi" else getattr(table, lang)


def _column_name(table: str, name: str, lang: str) -> str:
    column = schema.table(table).column(name)
    return f"{column.zh} {column.en}" if lang == "bi" else getattr(column, lang)


def _percent(share: float | None) -> str:
    return NONE if share is None else "<0.1%" if 0 < share < 0.001 else ">99.9%" if 0.999 < share < 1 else percent(share)


def _names(names: list | None) -> str:
    return NONE if names is None else ", ".join(map(str, names)) or NONE


def _mark(mark: str | None) -> str:
    return {None: NONE, "": NONE, "\t": "TAB"}.get(mark, mark)


def _whole(value: object) -> str:
    return NONE if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _value(value: object) -> str:
    if value is None:
        return NONE
    return value if isinstance(value, str) else integer(value) if float(value).is_integer() else number(value)
