"""Write the canonical tables of a build as Parquet, and tell their span of days and what each policy spoke of."""

from pathlib import Path

import duckdb

from custlib.tables import plan, schema
from custlib.tables.dataset import Dataset
from custlib.tables.declared import Mapping
from custlib.tables.typing import literal

HAPPENED = ("ts", "answered_at", "opened_at", "registered_at", "first_touch", "valid_from", "from_ts", "assigned_at", "date")


def tables(db: duckdb.DuckDBPyConnection, dataset: Dataset, work: Path, alone: dict[str, bool]) -> None:
    """Write every mapped table and the trivial identity map; `alone`: groups of one file, whose row numbers are unique."""
    for name in ("order_lines", *(one for one in dataset.tables if one != "order_lines")):
        if name in dataset.tables:
            db.execute(f"COPY ({_table(dataset, name, work, alone)}) TO {literal(work / f'{name}.parquet')} (FORMAT parquet)")
    people = [f"SELECT customer_id FROM {literal(work / f'{name}.parquet')}" for name in dataset.tables
              if name != "order_lines" and any(column.name == "customer_id" for column in schema.table(name).columns)]
    people = people or ["SELECT CAST(NULL AS VARCHAR) AS customer_id"]
    db.execute(f"""COPY (
        SELECT 'customer' AS id_type, customer_id AS id_value, customer_id AS identity_id, CAST(1 AS DOUBLE) AS match_prob,
               'trivial' AS rule, CAST(NULL AS TIMESTAMP) AS valid_from, CAST(NULL AS TIMESTAMP) AS valid_to,
               CAST(NULL AS VARCHAR) AS reviewed_by, 'build' AS run_id
        FROM (SELECT DISTINCT customer_id FROM ({' UNION ALL '.join(people)})) WHERE customer_id IS NOT NULL ORDER BY 2
    ) TO {literal(work / 'identity_map.parquet')} (FORMAT parquet)""")


def _table(dataset: Dataset, name: str, work: Path, alone: dict[str, bool]) -> str:
    mapping = dataset.tables[name]
    if name == "order_lines":
        return _lines(dataset, mapping, alone[mapping.source])
    if name == "orders":
        return _orders(dataset, mapping, work)
    view = f"src_{mapping.source}"
    return plan.completed(dataset, name, plan.collapsed(mapping, view) if mapping.collapse else plan.plain(mapping, view), {})


def _lines(dataset: Dataset, mapping: Mapping, alone: bool) -> str:
    # one file's row numbers are unique already; counting the rows of several keeps one core busy alone
    place = "source_row" if alone else "row_number() OVER ()"
    select = (f"SELECT {', '.join(f'order_lines__{column} AS {column}' for column in mapping.columns)}, source_file, source_row, "
              f"amount, nothing, {plan.excluded_by(dataset, mapping.table)} AS left_out, {place} AS place "
              f"FROM {_with_twins(dataset, mapping)} WHERE {plan.sound(mapping)}")
    less = "coalesce(quantity < 0, false) OR amount < 0" if "quantity" in mapping.columns else "amount < 0"
    extra = {"net_amount": "amount", "is_return": less, "is_zero": "nothing", "excluded_by": "left_out"}
    return plan.completed(dataset, mapping.table, select, extra | ({} if "line_no" in mapping.columns else {"line_no": "place"}))


def _orders(dataset: Dataset, mapping: Mapping, work: Path) -> str:
    view, has = f"src_{mapping.source}", mapping.columns
    select = plan.collapsed(mapping, view) if mapping.collapse else plan.plain(mapping, view)
    returned = "returned_order_id IS NOT NULL" if "returned_order_id" in has else "false"
    extra = {"order_day": "CAST(order_ts AS DATE)", "is_return": returned, "is_zero": "false", "excluded_by": "NULL"}
    if {"customer_id", "returned_order_id"} <= set(has):  # a return that names no customer is of the customer of its order
        select = (f"SELECT s.* REPLACE (coalesce(s.customer_id, o.customer_id) AS customer_id) FROM ({select}) AS s LEFT JOIN "
                  f"(SELECT order_id AS k, customer_id FROM ({select})) AS o ON s.customer_id IS NULL AND o.k = s.returned_order_id")
    if any(policy["table"] == "orders" and policy["action"] == "exclude" for policy in dataset.policies):
        own = (f"SELECT order_id, min(left_out) AS left_out FROM (SELECT orders__order_id AS order_id, "
               f"{plan.excluded_by(dataset, 'orders')} AS left_out FROM {_with_twins(dataset, mapping)} WHERE {plan.sound(mapping)}) GROUP BY 1")
        select = f"SELECT s.*, e.left_out FROM ({select}) AS s JOIN ({own}) AS e USING (order_id)"
        extra["excluded_by"] = "left_out"
    if plan.sale_table(dataset) == "orders":
        extra |= {"is_return": f"{returned} OR net_amount < 0", "is_zero": "net_amount = 0"}
    elif "net_amount" not in has:
        select = (f"SELECT s.*, x.amount FROM ({select}) AS s LEFT JOIN (SELECT order_id, sum(net_amount) AS amount FROM "
                  f"{literal(work / 'order_lines.parquet')} GROUP BY 1) AS x USING (order_id)")
        extra["net_amount"] = "amount"
    return plan.completed(dataset, "orders", select, extra)


def _with_twins(dataset: Dataset, mapping: Mapping) -> str:
    """Number exact repeats of a source row where a policy leaves them out."""
    view = f"src_{mapping.source}"
    if not any(p["table"] == mapping.table and "duplicate" in p and p["action"] == "exclude" for p in dataset.policies):
        return view
    same = ", ".join(plan.identity_columns(dataset, mapping.source))
    return f"(SELECT *, row_number() OVER (PARTITION BY {same} ORDER BY source_file, source_row) AS twin FROM {view})"


def span(db: duckdb.DuckDBPyConnection, dataset: Dataset, work: Path) -> dict:
    """Give the first and last day of the sales; without sales, of whatever happened; empty where nothing has a day."""
    when = [("orders", "order_day")] if "orders" in dataset.tables else [
        (name, column) for name in dataset.tables for column in HAPPENED if any(one.name == column for one in schema.table(name).columns)]
    parts = [f"SELECT CAST({column} AS DATE) AS d FROM {literal(work / f'{name}.parquet')}" for name, column in when]
    first, last = db.execute(f"SELECT min(d), max(d) FROM ({' UNION ALL '.join(parts)})").fetchall()[0] if parts else (None, None)
    return {"first_day": first.isoformat(), "last_day": last.isoformat()} if first else {}


def policies(db: duckdb.DuckDBPyConnection, dataset: Dataset) -> dict:
    """Count the rows each declared policy speaks of, whatever it does with them."""
    rows = {}
    for source in {mapping.source for mapping in dataset.tables.values()}:
        asked = [policy for policy in dataset.policies if dataset.tables[policy["table"]].source == source]
        plain = [policy for policy in asked if "duplicate" not in policy]
        if plain:
            counts = ", ".join(f"count(*) FILTER ({plan.policy_test(policy)})" for policy in plain)
            found = db.execute(f"SELECT {counts} FROM src_{source} WHERE broken IS NULL").fetchall()[0]
            rows |= {policy["name"]: count for policy, count in zip(plain, found, strict=True)}
        rows |= {policy["name"]: _repeats(db, f"src_{source}", plan.identity_columns(dataset, source))
                 for policy in asked if "duplicate" in policy}
    return {policy["name"]: {"zh": policy["zh"], "en": policy["en"], "action": policy["action"], "rows": rows[policy["name"]]}
            for policy in dataset.policies}


def _repeats(db: duckdb.DuckDBPyConnection, view: str, columns: list[str]) -> int:
    """Count exact repeats: by hash first, then exactly among the few whose hash repeats."""
    same = ", ".join(columns)
    db.execute(f"CREATE OR REPLACE TEMP TABLE likely AS SELECT h FROM (SELECT hash({same}) AS h FROM {view} WHERE broken IS NULL) "
               f"GROUP BY h HAVING count(*) > 1")
    return db.execute(f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {view} WHERE broken IS NULL AND "
                      f"hash({same}) IN (SELECT h FROM likely) GROUP BY {same})").fetchall()[0][0]
