"""The data set's own schemes and those of the user's notebooks: how many customers have each label, and by which rule."""

import json

import pandas as pd

from custlib.i18n import integer, percent
from custlib.report.context import Run, named
from custlib.report.grids import Cell, Grid, Words
from custlib.value.segment_map import UNKNOWN


def counts(run: Run) -> pd.DataFrame:
    """Count the customers of every label of an own scheme.

    Returns
    -------
    DataFrame, one row per scheme and label; labels in the order they were declared, else the highest mean score first
        ``scheme``, ``label``, ``rule`` ("" where none is stored), ``customers``, ``customer_share`` (of those the scheme labels).
    """
    rows = []
    for scheme, group in run.own.groupby("scheme", sort=True):
        declared = (run.edges.get("schemes") or {}).get(scheme, {}).get("labels", {})
        size = group["label"].value_counts()
        mean = group.groupby("label")["score"].mean()
        others = sorted(set(size.index) - set(declared) - {UNKNOWN}, key=lambda label: (-mean.fillna(0)[label], label))
        for label in [*declared, *others, *([UNKNOWN] if UNKNOWN in size.index else [])]:
            rule = declared[label]["rule"] if label in declared else _rule(group.loc[group["label"] == label, "evidence"])
            heads = int(size.get(label, 0))
            rows.append((scheme, label, rule, heads, heads / len(group)))
    return pd.DataFrame(rows, columns=["scheme", "label", "rule", "customers", "customer_share"])


def shown(run: Run, scheme: str, label: str, lang: str) -> str:
    """Give the display name of a label: the one declared in dataset.toml, else the catalogue's for a map, else the label."""
    declared = (run.edges.get("schemes") or {}).get(scheme, {})
    zh = declared.get("labels", {}).get(label, {}).get("zh")
    if zh:
        return zh if lang == "zh" else label if lang == "en" else f"{zh} {label}"
    return named("segment", label, lang) if label == UNKNOWN or "map" in declared else label


def grid(run: Run, words: Words) -> Grid | None:
    """Give the table of the page; None where there is no own scheme."""
    found = counts(run)
    if found.empty:
        return None
    top = float(found["customer_share"].max())
    rows = [[Cell(row.scheme, kind="id"), Cell(words.each(lambda lang, row=row: shown(run, row.scheme, row.label, lang))),
             Cell(row.rule or "–", kind="rule"), Cell(integer(row.customers), float(row.customers), kind="number"),
             Cell(percent(row.customer_share), row.customer_share, kind="number", bar=(round(row.customer_share / top * 100, 2),) * 3)]
            for row in found.itertuples()]
    heads = (("scheme", "id"), ("label", "text"), ("own_rule", "rule"), ("customers", "number"), ("customer_share", "number"))
    columns = [(words.say(f"report.col.{name}"), kind) for name, kind in heads]
    return Grid("schemes", words.say("report.h.schemes"), columns, rows, filterable=len(rows) > 12)


def wide(run: Run, lang: str) -> pd.DataFrame:
    """Give one row per identity and one column per own scheme, with display names; blank where a scheme says nothing."""
    names = run.own[["scheme", "label"]].drop_duplicates()
    said = {(row.scheme, row.label): shown(run, row.scheme, row.label, lang) for row in names.itertuples()}
    labels = [said[pair] for pair in zip(run.own["scheme"], run.own["label"], strict=True)]
    table = run.own.assign(label=labels).pivot(index="identity_id", columns="scheme", values="label")
    return table.rename_axis(index="customer", columns=None).reset_index()


def _rule(evidence: pd.Series) -> str:
    """Give the rule that every row of a label names, or none."""
    rules = set()
    for one in evidence:
        try:
            said = json.loads(one)
        except (TypeError, ValueError):
            return ""
        rules.add(str(said.get("rule") or "") if isinstance(said, dict) else "")
        if len(rules) > 1:
            return ""
    return next(iter(rules), "")
