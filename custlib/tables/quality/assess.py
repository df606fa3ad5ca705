"""Judge a build: every rule with its severity and what it found, the score of each part and of the whole; and the gate."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import GateRefused, integer, number, percent
from custlib.tables.quality.between import table_checks
from custlib.tables.quality.columns import columns
from custlib.tables.quality.places import Result, Tables, quoted
from custlib.tables.quality.plausible import per_day, plausible_checks
from custlib.tables.quality.rowwise import NEVER, row_checks
from custlib.tables.quality.score import floored, judged, score
from custlib.tables.quality.settings import REJECTS, DatasetLike, check_settings, reject_rule

if TYPE_CHECKING:
    import duckdb


def assess(db: "duckdb.DuckDBPyConnection", dataset: DatasetLike, folder: Path, facts: dict) -> dict:
    """Check the canonical tables in `folder` by every rule that they allow.

    Parameters
    ----------
    db : connection
        With a memory limit and a folder to spill to; while it holds the views of the sources, more can be checked.
    dataset : Dataset
        The declared mapping; `[quality]` changes severities, limits and weights.
    folder : Path
        Holds ``<table>.parquet`` for each mapped table.
    facts : dict
        ``sources`` (rows_in, kept, rejected of each), ``rules`` (source, table, column, rule, rows of what was rejected).

    Returns
    -------
    dict, ready for JSON
        ``rules`` (see `judged`), ``parts`` and ``score`` (see `score`; None where nothing could be checked), ``columns`` (see
        `columns`), ``latest`` (ISO day of the last sale, None without sales).

    Raises
    ------
    Problem
        `[quality]` of the data set is wrong.
    """
    settings = check_settings(dataset)
    tables = Tables(db, dataset, folder, settings)
    sold = per_day(tables) if tables.has("orders") else []
    results = [*_rejected(dataset, facts), *row_checks(tables, sold[-1][0] if sold else None), *table_checks(tables), *plausible_checks(tables)]
    rules = judged(results, settings)
    parts, whole = score(rules, settings.weights)
    return {"score": whole, "parts": parts, "rules": rules, "columns": columns(tables), "latest": _latest(tables)}


def _rejected(dataset: DatasetLike, facts: dict) -> list[Result]:
    """Give what the build rejected, each rule against all rows of its source; a source where it found nothing counts as a place."""
    came = {name: one.get("rows_in", 0) for name, one in facts.get("sources", {}).items()}
    looked = max(sum(rows > 0 for rows in came.values()), 1)
    names = [policy["name"] for policy in dataset.policies]
    found, hit = [], set()
    for row in facts.get("rules", []):
        rule, rows = reject_rule(row["rule"], names), came.get(row.get("source"), facts.get("rows_in", 0))
        where = row.get("column") or "–"
        found.append(Result(rule, row.get("table") or "–", where, max(rows, row["rows"]), row["rows"], places=looked,
                            detail={"source": row.get("source", "–"), "named": row["rule"]}))
        hit.add(rule)
    # a clean source is a finding too: without it a part that nothing else checks would have no score
    clean = [rule for rule in REJECTS if rule not in hit and rule != "other_reject"]
    return [*found, *(Result(rule, "–", "–", sum(came.values()), 0, "" if sum(came.values()) else "no_rows", places=looked) for rule in clean)]


def _latest(tables: Tables) -> str | None:
    if not tables.has("orders"):
        return None
    never = ", ".join(f"DATE {quoted(one)}" for one in NEVER)
    last = tables.rows(f"SELECT max(order_day) FROM {tables.scan('orders')} WHERE order_day NOT IN ({never}) "
                       f"AND order_day BETWEEN DATE {quoted(date.min)} AND DATE {quoted(date.max)}")[0][0]
    return last.isoformat() if last else None


def gate(dataset: DatasetLike, quality: dict, *, today: date | None = None) -> None:
    """Refuse a build that `[quality]` does not let pass.

    Parameters
    ----------
    dataset : Dataset
        Its `[quality]` says what is too little.
    quality : dict
        From `assess`.
    today : date, optional
        A sale after this day is impossible; not looked at without it, since no number depends on the clock.

    Raises
    ------
    GateRefused
        A rule of severity stop is broken beyond its limit, the score is below ``min_score``, or it is not known where one is asked for.
    """
    settings = check_settings(dataset)
    for row in quality["rules"]:
        if row["severity"] == "stop" and row["broken"]:
            raise GateRefused("quality_stop", file=dataset.path, name=row["rule"], rule=f"@quality.rule.{row['rule']}", table=row["table"],
                              column=row["column"], failing=integer(row["failing"]), checked=integer(row["checked"]),
                              share=_share(row["share"]), limit=_share(row["limit"]))
    late = settings.rules["after_today"].severity == "stop" and today and quality.get("latest")
    if late and date.fromisoformat(quality["latest"]) > today:
        raise GateRefused("quality_after_today", file=dataset.path, last=quality["latest"], today=today.isoformat())
    if settings.min_score > 0 and quality["score"] is None:
        raise GateRefused("quality_unknown", file=dataset.path, limit=number(settings.min_score, 1))
    if settings.min_score > 0 and quality["score"] < settings.min_score:
        scored = [one for one in quality["parts"] if one["score"] is not None]
        worst = max(scored, key=lambda one: one["weight"] * (100 - one["score"]))
        raise GateRefused("quality_too_low", file=dataset.path, score=floored(quality["score"]), limit=number(settings.min_score, 1),
                          part=f"@quality.part.{worst['part']}", value=floored(worst["score"]))


def _share(share: float) -> str:
    return "<0.1%" if 0 < share < 0.001 else percent(share)
