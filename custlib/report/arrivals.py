"""Notebook 01: what came, from which channel, what it became, and whether it leaves again unchanged."""

from pathlib import Path

import pandas as pd

from custlib.engine import connect
from custlib.i18n import integer, number, percent, text
from custlib.report.summary import number as key_number
from custlib.report.summary import say
from custlib.tables import Built, Dataset, export, schema

CHANNELS = {"C02": ("surveys", "survey_items", "survey_responses"), "C03": ("observations",), "C04": ("survey_responses",),
            "C06": ("customers", "service_cases", "leads"), "C07": ("social_posts", "social_edges"), "C09": ("leads",)}
FORMATS = (".csv", ".sav", ".xpt", ".xlsx")


def mapping(data: Dataset, *, lang: str) -> pd.DataFrame:
    """Give what became what.

    Returns
    -------
    DataFrame, one row per mapped column
        Canonical table, column and display name, the source column it comes from, and the source.
    """
    rows = []
    for name, one in data.tables.items():
        for column, spec in one.columns.items():
            said = schema.table(name).column(column)
            rows.append((name, column, {"zh": said.zh, "en": said.en, "bi": f"{said.zh} {said.en}"}[lang], _origin(spec), " + ".join(one.sources)))
    return pd.DataFrame(rows, columns=[text(f"nb.{key}", lang, sep=" ") for key in ("table", "column", "meaning", "from", "source")])


def _origin(spec: dict) -> str:
    if "from" in spec:
        return spec["from"]
    return " + ".join(spec["concat"]) if "concat" in spec else f"= {spec['constant']}" if "constant" in spec else "#"


def channels(data: Dataset, *, lang: str) -> pd.DataFrame:
    """Say which ways of collecting these data hold.

    Returns
    -------
    DataFrame, one row per way of collecting
        Inventory row, what it is, 可用/不可用, and the tables that are missing.
    """
    rows = []
    for row, wanted in CHANNELS.items():
        there = [name for name in wanted if name in data.tables]
        state = text("nb.available" if there else "nb.unavailable", lang, sep=" ")
        listed = ", ".join(there) if there else text("nb.needs", lang, sep=" ", tables=", ".join(wanted))
        rows.append((row, text(f"nb.channel_{row}", lang, sep=" "), state, listed))
    return pd.DataFrame(rows, columns=[text(f"nb.{key}", lang, sep=" ") for key in ("row", "channel", "state", "tables")])


def by_channel(built: Built, *, lang: str) -> pd.DataFrame:
    """Count orders and customers of each sales channel; one row where the orders name none.

    Returns
    -------
    DataFrame, one row per channel, most orders first, then by name
        Channel, orders, share of orders, identified customers.
    """
    heads = [text(f"nb.{key}", lang, sep=" ") for key in ("channel", "orders", "share", "customers")]
    path = built.folder / "orders.parquet"
    if not path.is_file():
        return pd.DataFrame(columns=heads)
    with connect() as db:
        rows = db.execute(f"SELECT channel, count(*), count(DISTINCT customer_id) FROM read_parquet({_quoted(path)}) "
                          f"GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    total = sum(count for _, count, _ in rows)
    unnamed = text("nb.not_named", lang, sep=" ")
    return pd.DataFrame([(name or unnamed, count, percent(count / total), people) for name, count, people in rows], columns=heads)


def round_trip(built: Built, table: str, folder: Path, *, lang: str, rows: int = 1000) -> pd.DataFrame:
    """Write the first rows of a table in every format, read them again, and count the cells and labels that differ.

    Returns
    -------
    DataFrame, one row per format
        ``format``, ``rows``, ``cells`` (rows × columns), ``differences`` (cells), ``labels`` (variable labels that differ).
    """
    some = folder / "some"
    some.mkdir()
    with connect() as db:
        db.execute(f"COPY (SELECT * FROM read_parquet({_quoted(built.folder / f'{table}.parquet')}) ORDER BY ALL LIMIT {rows}) "
                   f"TO {_quoted(some / f'{table}.parquet')} (FORMAT parquet)")
    frame, book = export.read(export.export_table(Built(some, built.facts), table, folder / f"{table}.parquet", lang=lang)[0])
    found = []
    for suffix in FORMATS:
        again, told = export.read(export.write(frame, folder / f"{table}{suffix}", codebook=book, lang=lang)[0])
        differ = int((~((frame == again) | (frame.isna() & again.isna()))).to_numpy().sum())
        found.append({"format": suffix, "rows": len(again), "cells": int(frame.size), "differences": differ,
                      "labels": sum(told.labels.get(column) != label for column, label in book.labels.items())})
    return pd.DataFrame(found)


def numbers(built: Built) -> dict[str, dict]:
    """Give the key numbers of the intake."""
    facts, quality = built.facts, built.facts["quality"]
    found = {name: key_number(facts[name], unit="rows", n=facts["rows_in"]) for name in ("rows_in", "kept", "rejected")}
    found["quality_score"] = key_number(quality["score"], unit="points", n=facts["rows_in"])
    return found | {f"quality_{one['part']}": key_number(one["score"], unit="points", n=facts["rows_in"]) for one in quality["parts"]}


def conclusions(built: Built) -> list[dict]:
    """Say what came and how good it is, in one sentence."""
    facts, score = built.facts, built.facts["quality"]["score"]
    if score is None:
        return []
    worst = min((one for one in facts["quality"]["parts"] if one["score"] is not None), key=lambda one: (one["score"], one["part"]))
    return [say("conclusion.intake", rows=integer(facts["rows_in"]), rejected=integer(facts["rejected"]), share=percent(_share(facts)),
                score=number(score, 1), part={"key": f"quality.part.{worst['part']}"}, value=number(worst["score"], 1))]


def warnings(built: Built) -> list[dict]:
    """Say what a reader must know: columns that are new or gone, guessed encodings."""
    found = []
    for name, one in built.facts["inputs"].items():
        for key in ("new", "gone"):
            if one[key]:
                found.append(say(f"warning.columns_{key}", source=name, columns=", ".join(one[key])))
        found += [say("warning.encoding_guessed", file=file["file"], encoding=file["encoding"])
                  for file in one["files"] if file.get("encoding_sure") is False]
    return found


def skipped(data: Dataset) -> list[dict]:
    """List the inventory rows for which these data hold nothing."""
    return [{"row": row, **say("skipped.no_channel", tables=", ".join(wanted))} for row, wanted in CHANNELS.items()
            if not any(name in data.tables for name in wanted)]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _share(facts: dict) -> float:
    return facts["rejected"] / facts["rows_in"] if facts["rows_in"] else 0.0
