"""From the frames of notebook 04 to its key numbers, sentences and warnings: what the report says, computed once."""

from datetime import date
from typing import Any

import pandas as pd

from custlib import tables, value
from custlib.i18n import integer, money, percent
from custlib.i18n import number as written
from custlib.report.summary import number, say

FEW = 100
SLIPPING = ("cannot_lose", "at_risk")
CONCENTRATED = 0.4  # an even split gives the top fifth a share of .2; twice that is called concentrated


def numbers(customers: pd.DataFrame, ledger: pd.DataFrame, abc_table: pd.DataFrame, *, intervals: dict[str, tuple[float, float]],
            currency: str) -> dict[str, dict]:
    """Give the key numbers of the value notebook.

    Parameters
    ----------
    customers, ledger, abc_table : DataFrame
        As the notebook made them.
    intervals : dict
        From `value.concentration_intervals`: 95 % bootstrap over customers.

    Returns
    -------
    dict
        Name → value, low, high, unit, n.
    """
    n, rows = len(customers), ledger.set_index("step")
    bought = customers[customers["orders"] > 0]
    heads = abc_table.set_index("class")
    found = {f"rows_{name}": number(rows.loc[name, "rows"], unit="rows", n=rows.loc["in", "rows"]) for name in ("in", "kept", "rejected")}
    found["rows_excluded"] = number(rows.loc["in", "rows"] - rows.loc[["kept", "rejected"], "rows"].sum(), unit="rows", n=rows.loc["in", "rows"])
    found |= {"customers": number(n, unit="customers", n=n), "orders": number(customers["orders"].sum(), unit="orders", n=n),
              "net_amount": number(rows.loc["kept", "net"], unit=currency, n=n),
              "not_above_zero": number((customers["net_amount"] <= 0).sum(), unit="customers", n=n),
              "returns_only": number((customers["orders"] == 0).sum(), unit="customers", n=n)}
    for column, unit in (("recency_days", "days"), ("orders", "orders"), ("net_amount", currency)):
        values = bought[column].astype("float64")
        found[f"mean_{column}"] = number(values.mean(), unit=unit, n=len(bought))
        found[f"median_{column}"] = number(values.median(), unit=unit, n=len(bought))
    for name, count in (("a_customers", heads.loc["A", "customers"]), ("ab_customers", heads.loc[["A", "B"], "customers"].sum())):
        found[name] = number(count, unit="customers", n=n)
    low, high = intervals["a_share"]
    found["a_share"] = number(heads.loc["A", "customer_share"], unit="share", n=n, low=low, high=high)
    found["a_amount_share"] = number(heads.loc["A", "amount_share"], unit="share", n=n)
    for name, figure in (("gini", value.gini(customers)), ("top20_share", value.top_share(customers["net_amount"].clip(lower=0).to_numpy(), 0.2))):
        low, high = intervals[name]
        found[name] = number(figure, unit="share", n=n, low=low, high=high)
    return found


def conclusions(found: dict[str, dict], segments: pd.DataFrame, customers: pd.DataFrame, named: pd.Series, *, currency: str,
                seed: int, times: int) -> list[dict]:
    """Give the sentences of the first page, each with its number and interval.

    Parameters
    ----------
    named : Series, same rows as `customers`
        Segment of each customer.
    seed, times : int
        Of the bootstrap over customers.
    """
    top, gini, share = found["top20_share"], found["gini"], found["a_share"]
    key = "concentration" if top["value"] >= CONCENTRATED else "even"
    said = [say(f"conclusion.{key}", share=percent(top["value"]), low=percent(top["low"]), high=percent(top["high"]),
                gini=written(gini["value"], 3), gini_low=written(gini["low"], 3), gini_high=written(gini["high"], 3))]
    filled = segments[(segments["customers"] > 0) & (segments["segment"] != "unknown")]
    if len(filled):
        said.append(_best(filled.iloc[0]))
    slipping = named.isin(SLIPPING)
    if slipping.any() and set(SLIPPING) <= set(segments["segment"]):
        said.append(_slipping(customers, slipping, currency, seed, times))
    said.append(say("conclusion.abc", customers=integer(found["a_customers"]["value"]), share=percent(share["value"]), low=percent(share["low"]),
                    high=percent(share["high"]), amount=percent(found["a_amount_share"]["value"])))
    said.append(say("conclusion.rows", rows=integer(found["rows_in"]["value"]), kept=integer(found["rows_kept"]["value"]),
                    rejected=integer(found["rows_rejected"]["value"])))
    return said


def warnings(customers: pd.DataFrame, edges: dict[str, Any], plan: value.SegmentMap, *, as_of: str, built: tables.Built) -> list[dict]:
    """Give what a reader must know before trusting the numbers."""
    n, bought = len(customers), customers[customers["orders"] > 0]
    last = date.fromisoformat(built.facts["span"]["last_day"])
    late = (date.fromisoformat(as_of) - last).days - 1
    none, only = int((customers["net_amount"] <= 0).sum()), int((customers["orders"] == 0).sum())
    bins = max(one.bins for one in edges.values())
    said = [say("warning.one_customer")] if n == 1 else [say("warning.few_customers", n=integer(n))] if n < FEW else []
    said += [say("warning.all_equal", column={"key": f"plots.column.{column}"}) for column in edges if n > 1 and bought[column].nunique() == 1]
    said += [say("warning.bins_lost", column={"key": f"plots.column.{column}"}, bins=bins, missing=", ".join(map(str, missing)))
             for column, one in edges.items() if n > 1 and (missing := missing_scores(one)) and bought[column].nunique() > 1]
    for key, count in (("returns_only", only), ("not_above_zero", none), ("rejected", built.facts["rejected"])):
        said += [say(f"warning.{key}", n=integer(count))] if count else []
    said += [say("warning.stale", as_of=as_of, last=last.isoformat(), days=late)] if late > 0 else []
    return said + ([say("warning.map_scaled", map_bins=plan.bins, bins=bins)] if plan.bins != bins else [])


def missing_scores(edges: Any) -> list[int]:
    """Give the scores of one column that no customer has.

    Examples
    --------
    >>> from custlib.engine import Edges
    >>> missing_scores(Edges({1: 1., 3: 3., 4: 5.}, 5, 5))
    [2]
    """
    present = {*edges.edges, edges.top}
    absent = [score for score in range(1, edges.bins + 1) if score not in present]
    return sorted(edges.bins + 1 - score for score in absent) if edges.reversed else absent


def _best(row: pd.Series) -> dict:
    return say("conclusion.best", segment={"key": f"segment.{row['segment']}"}, customers=integer(row["customers"]),
               share=percent(row["customer_share"]), low=percent(row["customer_share_low"]), high=percent(row["customer_share_high"]),
               amount=percent(row["amount_share"]), amount_low=percent(row["amount_share_low"]), amount_high=percent(row["amount_share_high"]))


def _slipping(customers: pd.DataFrame, inside: pd.Series, currency: str, seed: int, times: int) -> dict:
    people = customers[inside.to_numpy()]
    share = value.shares(customers, inside, times=times, seed=seed).set_index("group").loc[True]
    return say("conclusion.slipping", first={"key": f"segment.{SLIPPING[0]}"}, second={"key": f"segment.{SLIPPING[1]}"},
               customers=integer(len(people)), share=percent(share["customer_share"]), low=percent(share["customer_share_low"]),
               high=percent(share["customer_share_high"]), money=money(people["net_amount"].sum(), currency, 0),
               days=integer(people["recency_days"].astype("Float64").median()))
