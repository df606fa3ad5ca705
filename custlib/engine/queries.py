"""What both engines share: which columns the queries read, which views stand on which, and the parameters they are bound to."""

import re
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

DAWN = date(1, 1, 1)
WINDOWS = (30, 90, 365)
# table → column → type: where a source lacks the column (or the whole table), it stands there blank
COLUMNS = {
    "orders": {"order_ts": "TIMESTAMP", "channel": "VARCHAR"},
    "order_lines": {"product_id": "VARCHAR", "quantity": "DECIMAL(18,4)", "discount_amount": "DECIMAL(18,2)"},
    "products": {"product_id": "VARCHAR", "category_l1": "VARCHAR"},
}
# table that an engine keeps → the query that makes it, and what that reads
KEPT = {"rfm": ("customer_rfm", None), "customers": ("customer_table", "rfm"), "rates": ("rates_whole", "rfm"),
        "customer_full": ("customer_full", "customers")}
# what the full customer table joins to the core, each a query of this name
PARTS = ("customer_gaps", "customer_windows", "customer_times", "customer_channels", "customer_categories", "customer_baskets",
         "customer_deals")


@cache
def sql_text(name: str) -> str:
    """Give the text of an SQL file of this package.

    Examples
    --------
    >>> "GROUP BY step" in sql_text("ledger")
    True
    """
    return (files("custlib.engine") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def views(*, lines: bool, mapped: bool) -> list[tuple[str, str]]:
    """Give the views that the other queries read, in order, each with its SQL file.

    Parameters
    ----------
    lines : bool
        There are order lines.
    mapped : bool
        Customer ids are joined to identities; else each is one.

    Examples
    --------
    >>> views(lines=False, mapped=False)
    [('sales', 'sales_from_orders'), ('counted', 'counted_as_is'), ('purchases', 'purchases_from_orders')]
    """
    grain = "lines" if lines else "orders"
    return [("sales", f"sales_from_{grain}"), ("counted", "counted_by_map" if mapped else "counted_as_is"),
            ("purchases", f"purchases_from_{grain}")]


def parameters(as_of: date, *, returns: str, zero: str, window_days: int | None) -> dict[str, object]:
    """Give the parameters of a snapshot; days are counted here, so that both engines get the same dates.

    Examples
    --------
    >>> parameters(date(2024, 3, 1), returns="net", zero="count", window_days=None)["since_30"]
    datetime.date(2024, 1, 31)
    """
    return {"as_of": as_of, "window_start": before(as_of, window_days) if window_days else DAWN, "returns": returns, "zero": zero,
            **{f"since_{days}": before(as_of, days) for days in WINDOWS}}


def before(day: date, days: int) -> date:
    """Give the day so many days before; never one before the calendar begins.

    Examples
    --------
    >>> before(date(1, 1, 20), 30)
    datetime.date(1, 1, 1)
    """
    return day - timedelta(days=min(days, (day - DAWN).days))


def kept(table: str, window_start: object) -> tuple[str, str | None]:
    """Give the query that makes a table which an engine keeps, and the table that it reads.

    Examples
    --------
    >>> kept("rates", DAWN), kept("rates", date(2024, 1, 1))
    (('rates_whole', 'rfm'), ('rates_window', 'rfm'))
    """
    query, base = KEPT[table]
    return ("rates_window" if table == "rates" and window_start != DAWN else query), base


def names_in(sql: str) -> list[str]:
    """Give the parameters that a text binds; one that only a comment names is none.

    Examples
    --------
    >>> names_in("SELECT $since_30, $zero -- at $as_of")
    ['since_30', 'zero']
    """
    return sorted(set(re.findall(r"\$([a-z][a-z_0-9]*)", re.sub(r"--.*", "", sql))))


def written_in(sql: str, values: dict[str, object]) -> str:
    """Write days and words from a closed list into a text, for a view: there, nothing can be bound.

    Examples
    --------
    >>> written_in("WHERE d < CAST($as_of AS DATE) AND 'net' = $returns", {"as_of": date(2024, 3, 1), "returns": "net"})
    "WHERE d < CAST('2024-03-01' AS DATE) AND 'net' = 'net'"
    """
    def literal(found: re.Match) -> str:
        value = values[found[1]]
        return "'" + (value.isoformat() if isinstance(value, date) else str(value)).replace("'", "''") + "'"

    return re.sub(r"\$([a-z][a-z_0-9]*)", literal, sql)
