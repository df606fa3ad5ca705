"""The reference: customers and labels of Online Retail written by hand in DuckDB and pandas, nothing checked, nothing kept.

Usage: python by_hand.py SALES.parquet OUT_FOLDER
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd

CUSTOMERS = """
WITH per_order AS (
    SELECT CAST(CAST(CustomerID AS BIGINT) AS VARCHAR) AS identity_id, InvoiceNo, min(CAST(InvoiceDate AS DATE)) AS day,
           sum(CAST(Quantity * UnitPrice AS DECIMAL(18,2))) AS money
    FROM read_parquet($sales) WHERE CustomerID IS NOT NULL AND Quantity > 0 AND UnitPrice > 0 GROUP BY 1, 2)
SELECT identity_id, min(day) AS first_order_day, max(day) AS last_order_day, date_diff('day', max(day), DATE '2011-12-10') AS recency_days,
       count(*) AS orders, count(DISTINCT day) AS order_days, CAST(sum(money) AS DOUBLE) AS net_amount
FROM per_order GROUP BY 1 ORDER BY 1
"""


def score(values: pd.Series) -> pd.Series:
    return (values.rank(method="average") * 5 / len(values)).apply(lambda one: -int(-one // 1))


def named(r: int, fm: int) -> str:
    if r >= 4:
        return ("new" if r == 5 else "promising") if fm == 1 else "potential_loyalist" if fm < 4 else "champions" if r + fm > 8 else "loyal"
    if r == 3:
        return "about_to_sleep" if fm < 3 else "need_attention" if fm == 3 else "loyal"
    return ("lost" if r == 1 else "hibernating") if fm < 3 else "at_risk" if fm < 5 else "cannot_lose"


def main(sales: str, out: Path) -> None:
    with duckdb.connect() as db:
        people = db.execute(CUSTOMERS, {"sales": sales}).df()
    r, f, m = (score(column) for column in (-people["recency_days"], people["orders"], people["net_amount"]))
    best = people["net_amount"].sort_values(ascending=False)
    below = (best.cumsum() - best) / best.sum()
    half = people[["recency_days", "orders", "net_amount"]].median()
    schemes = {
        "rfm.cell": r.astype(str) + f.astype(str) + m.astype(str),
        "rfm.named": pd.Series([named(a, (b + c + 1) // 2) for a, b, c in zip(r, f, m, strict=True)]),
        "rfm.cn8": (people["recency_days"] <= half["recency_days"]).astype(int).astype(str)
        + (people["orders"] >= half["orders"]).astype(int).astype(str) + (people["net_amount"] >= half["net_amount"]).astype(int).astype(str),
        "value.abc": pd.cut(below.sort_index(), [-1, 0.7, 0.9, 2], right=False, labels=["A", "B", "C"]).astype(str)}
    schemes["value.tier3"] = schemes["value.abc"].map({"A": "high", "B": "mid", "C": "low"})
    labels = pd.concat([pd.DataFrame({"identity_id": people["identity_id"], "scheme": scheme, "label": label}) for scheme, label in schemes.items()])
    out.mkdir(parents=True, exist_ok=True)
    people.to_parquet(out / "customers.parquet", index=False)
    labels.to_parquet(out / "labels.parquet", index=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
