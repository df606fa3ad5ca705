"""Other currencies: convert every amount at the rate of the order's day, from a table of rates that the data set declares."""

import duckdb

from custlib.i18n import Problem
from custlib.tables import plan, schema
from custlib.tables.dataset import Dataset
from custlib.tables.inputs import Inputs
from custlib.tables.store import Say
from custlib.tables.typed_rows import Broken
from custlib.tables.typing import TYPES, literal, typed

RATE = "DECIMAL(18,8)"
COLUMNS = {"day": ("date", "date"), "currency": ("currency", "str"), "rate": ("rate", "float")}


def converted(db: duckdb.DuckDBPyConnection, dataset: Dataset, group: str, select: str, broken: list[Broken], came: Inputs, say: Say) -> str:
    """Wrap the typed rows of a group so that its money is in the reporting currency.

    A rate says how much of the reporting currency one unit of the other is worth; the last one on or before the order's day
    holds, for at most ``max_age_days``. A row without one is rejected by the rule ``no_rate``.

    Raises
    ------
    Problem
        The rate table is unreadable, names one day and currency twice, or holds a rate that is not above zero.
    """
    orders, lines = dataset.tables.get("orders"), dataset.tables.get("order_lines")
    if not orders or "currency" not in orders.columns or group not in {one.source for one in (orders, lines) if one}:
        return select
    money = [f"{one.table}__{name}" for one in (orders, lines) if one and one.source == group for name in one.columns
             if schema.table(one.table).column(name).unit == "currency"]
    money += ["amount"] if dataset.tables[plan.sale_table(dataset)].source == group else []
    if orders.source == group:
        _load(db, dataset, came, say)
        number = len(broken) + 1
        broken.append(Broken("orders", "currency", "–", "no_rate", False))
        own = f"t.orders__currency IS NULL OR upper(t.orders__currency) = {literal(dataset.currency)}"
        fresh = f"date_diff('day', r.day, CAST(t.orders__order_ts AS DATE)) <= {dataset.rates['max_age_days']}"
        rated = (f"SELECT t.*, CASE WHEN {own} THEN CAST(1 AS {RATE}) WHEN {fresh} THEN r.rate END AS rate FROM ({select}) AS t "
                 f"ASOF LEFT JOIN rates AS r ON upper(t.orders__currency) = r.currency AND CAST(t.orders__order_ts AS DATE) >= r.day")
        faulty = f"CASE WHEN broken IS NULL AND rate IS NULL THEN {number} ELSE broken END AS broken"
        named = "CASE WHEN broken IS NULL AND rate IS NULL THEN orders__currency ELSE came END AS came"
        return f"SELECT * REPLACE ({', '.join([*_times(money), faulty, named])}) FROM ({rated})"
    rated = (f"SELECT t.*, coalesce(o.rate, 1) AS rate FROM ({select}) AS t LEFT JOIN (SELECT orders__order_id AS k, max(rate) AS rate "
             f"FROM typed_{orders.source} WHERE broken IS NULL GROUP BY 1) AS o ON o.k = t.order_lines__order_id")
    return f"SELECT * REPLACE ({', '.join(_times(money))}) FROM ({rated})"


def _times(money: list[str]) -> list[str]:
    """Multiply money by the rate: exactly, then to the column's own places."""
    kinds = {name: "dec2" if name == "amount" else schema.table(name.split("__")[0]).column(name.split("__")[1]).type for name in money}
    return [f"CASE WHEN rate = 1 THEN {name} ELSE TRY_CAST(CAST({name} AS DECIMAL(20,4)) * rate AS {TYPES[kind]}) END AS {name}"
            for name, kind in kinds.items()]


def _load(db: duckdb.DuckDBPyConnection, dataset: Dataset, came: Inputs, say: Say) -> None:
    """Read the declared rates into a table; a rate table is small and must be right in every row."""
    source = dataset.sources[dataset.rates["source"]]
    parts, rows = [], []
    for staged in came.of(dataset, source.name, say=say):
        cells = {}
        for name, (key, kind) in COLUMNS.items():
            column = schema.Column(name, kind, name, name, min=0 if name == "rate" else None)
            cells[name] = typed(column, {"from": dataset.rates[key]}, staged, source, dataset, alias=f"c_{name}")
        read = ", ".join(f"{one.came} AS c_{name}" for name, one in cells.items())
        values = ", ".join(f"{one.value} AS {name}" for name, one in cells.items())
        parts.append(f"SELECT {values}, {literal(staged.file)} AS file, source_row FROM "
                     f"(SELECT {read}, {staged.row} AS source_row FROM {staged.scan})")
    both = " UNION ALL ".join(parts)
    rows = db.execute(f"SELECT file, source_row FROM ({both}) WHERE day IS NULL OR currency IS NULL OR rate IS NULL OR rate <= 0 "
                      f"ORDER BY 1, 2 LIMIT 1").fetchall()
    if rows:
        raise Problem("bad_rate", file=rows[0][0], row=rows[0][1])
    db.execute(f"CREATE TEMP TABLE rates AS SELECT DISTINCT day, upper(currency) AS currency, CAST(rate AS {RATE}) AS rate FROM ({both})")
    twice = db.execute("SELECT day, currency FROM rates GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2 LIMIT 1").fetchall()
    if twice:
        raise Problem("two_rates", day=twice[0][0], currency=twice[0][1])
