"""What an append changes in order days, sums and shapes. DuckDB only: rows are found by their place and replaced; a view cannot do that."""

from datetime import date

import duckdb

from custlib.engine.queries import DAWN, sql_text, written_in
from custlib.engine.state.schema import ADDED, DAY, ORDER, SHAPE, SUM

ANY = date(2000, 1, 1)  # the columns of gaps that a state keeps do not depend on the snapshot day
MONEY = ("gross_amount", "returned_amount")
# customers whose shapes are to be made are in `touched`
SHAPED = """
SELECT t.customer_id, coalesce(g.gaps, 0) AS gaps, g.gap_mean_days, g.gap_median_days, g.gap_cv, g.gap_longest_days,
    coalesce(c.channels, 0) AS channels, c.top_channel, c.top_channel_share
FROM touched AS t
LEFT JOIN ({gaps}) AS g ON g.identity_id = CAST(t.customer_id AS VARCHAR)
LEFT JOIN ({channels}) AS c ON c.identity_id = CAST(t.customer_id AS VARCHAR)
"""


def parts(db: duckdb.DuckDBPyConnection, *selects: tuple[int, str]) -> None:
    """Make the view ``parts``: orders of known customers from each of (sign, table)."""
    every = " UNION ALL ".join(f"SELECT {sign} AS sign, customer_id, {', '.join(ORDER)} FROM {table} WHERE customer_id IS NOT NULL"
                               for sign, table in selects)
    db.execute(f"CREATE OR REPLACE TEMP VIEW parts AS {every}")


def days(db: duckdb.DuckDBPyConnection, *, name: str = "state") -> None:
    """Bring ``order_days`` up to date with ``parts``; leaves what changed as ``pairs``, one row per customer and day."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE day_changes AS {sql_text('state_days')}")
    first, last = db.execute("SELECT min(order_day), max(order_day) FROM day_changes").fetchall()[0]
    if first is None:
        first = last = ANY
    # only the days of the batch are read: rows lie by day
    db.execute(f"""CREATE OR REPLACE TEMP TABLE pairs AS
        SELECT c.customer_id, c.order_day, d.place, coalesce(d.orders, 0) AS orders_before,
            {', '.join(f'c.{column} + coalesce(d.{column}, 0) AS {column}' for column in DAY if column != 'order_day')}
        FROM day_changes AS c
        LEFT JOIN (SELECT rowid AS place, * FROM {name}.order_days WHERE order_day BETWEEN $first AND $last) AS d
            ON d.customer_id = c.customer_id AND d.order_day = c.order_day""", {"first": first, "last": last})
    db.execute(f"DELETE FROM {name}.order_days WHERE rowid IN (SELECT place FROM pairs WHERE place IS NOT NULL)")
    kinds = {"gross_amount": "DECIMAL(18,2)", "returned_amount": "DECIMAL(18,2)"}
    db.execute(f"INSERT INTO {name}.order_days SELECT customer_id, "
               f"{', '.join(f'CAST({column} AS {kinds[column]})' if column in kinds else column for column in DAY)} "
               f"FROM pairs WHERE purchases > 0 {'ORDER BY order_day' if first != last else ''}")


def sums(db: duckdb.DuckDBPyConnection, *, name: str = "state") -> None:
    """Add to the sums of the customers of ``parts``; the first and last day are looked up only where a day was taken away."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE sum_changes AS {sql_text('state_sums')}")
    plain = [column for column in ADDED if column != "order_days"]
    db.execute(f"""CREATE OR REPLACE TEMP TABLE merged AS
        SELECT c.customer_id, s.place, least(s.first_day, c.first_day) AS first_day, greatest(s.last_day, c.last_day) AS last_day,
            coalesce(p.order_days, 0) + coalesce(s.order_days, 0) AS order_days, coalesce(p.lost, 0) AS lost,
            {', '.join(f'CAST(c.{column} + coalesce(s.{column}, 0) AS {ADDED[column]}) AS {column}' for column in plain)}
        FROM sum_changes AS c
        LEFT JOIN (SELECT rowid AS place, * FROM {name}.sums) AS s ON s.customer_id = c.customer_id
        LEFT JOIN (SELECT customer_id, CAST(sum((orders > 0)::INTEGER - (orders_before > 0)::INTEGER) AS BIGINT) AS order_days,
                       CAST(sum((orders = 0 AND orders_before > 0)::INTEGER) AS BIGINT) AS lost
                   FROM pairs GROUP BY customer_id) AS p ON p.customer_id = c.customer_id""")
    if db.execute("SELECT count(*) FROM merged WHERE lost > 0").fetchall()[0][0]:
        db.execute(f"""CREATE OR REPLACE TEMP TABLE spans AS
            SELECT m.customer_id, min(d.order_day) AS first_day, max(d.order_day) AS last_day
            FROM (SELECT customer_id FROM merged WHERE lost > 0) AS m
            LEFT JOIN (SELECT customer_id, order_day FROM {name}.order_days WHERE orders > 0) AS d ON d.customer_id = m.customer_id
            GROUP BY m.customer_id""")
        db.execute("UPDATE merged SET first_day = x.first_day, last_day = x.last_day FROM spans AS x WHERE x.customer_id = merged.customer_id")
    db.execute(f"DELETE FROM {name}.sums WHERE rowid IN (SELECT place FROM merged WHERE place IS NOT NULL)")
    db.execute(f"INSERT INTO {name}.sums BY NAME SELECT customer_id, {', '.join(SUM)} FROM merged WHERE purchases > 0")


def shapes(db: duckdb.DuckDBPyConnection, *, name: str = "state", full: bool = True) -> None:
    """Forget the gaps and channels of the customers of ``merged``; with `full`, find them again from their order days and orders.

    Who has none is looked at anew by the reader.
    """
    db.execute(f"DELETE FROM {name}.shapes WHERE customer_id IN (SELECT customer_id FROM merged)")
    if full:
        db.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT customer_id FROM merged WHERE purchases > 0")
        db.execute(f"INSERT INTO {name}.shapes BY NAME {shaped(db, name=name)}")


def shaped(db: duckdb.DuckDBPyConnection, *, name: str = "state") -> str:
    """Give the query of the shapes of all customers in ``touched``; the texts are those that the customer table is made by."""
    days_of = (f"SELECT CAST(d.customer_id AS VARCHAR) AS identity_id, d.order_day, 1 AS is_order FROM {name}.order_days AS d "
               "SEMI JOIN touched AS t ON t.customer_id = d.customer_id WHERE d.orders > 0")
    orders_of = (f"SELECT CAST(i.customer_id AS VARCHAR) AS identity_id, i.channel, i.is_order, i.gross_amount FROM {name}.order_index AS i "
                 "SEMI JOIN touched AS t ON t.customer_id = i.customer_id WHERE i.channel IS NOT NULL")
    gaps = _over(written_in(sql_text("customer_gaps"), {"as_of": ANY, "window_start": DAWN}), days_of)
    channels = _over(sql_text("customer_channels"), orders_of)
    return f"SELECT customer_id, {', '.join(SHAPE)} FROM ({SHAPED.format(gaps=gaps, channels=channels)})"


def _over(query: str, purchases: str) -> str:
    """Give a query of the customer table with its ``purchases`` written in."""
    start = query.index("WITH ")
    return f"WITH purchases AS ({purchases}), {query[start + 5:]}"
