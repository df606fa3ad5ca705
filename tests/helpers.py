"""Small makers: a data set in a temporary folder, its tables as plain rows, and a hand-made build for the engine."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd

from custlib.engine import DuckEngine
from custlib.tables import Built, Dataset, build, load

HEADER = "order,customer,day,amount"
PLAIN = f"{HEADER}\no1,a,2024-01-05,10.00\no2,b,2024-01-06,20.50\no3,a,2024-02-01,-4.25\n"
ORDERS = {"order_id": '"order"', "customer_id": '"customer"', "order_ts": '"day"', "net_amount": '"amount"'}


def dataset_toml(
    *, head: str = "", source: str = 'path = "sales.csv"', orders: str = "", columns: dict[str, str] | None = None, tail: str = ""
) -> str:
    """Give the text of a dataset.toml with orders; `columns` adds to (or, with "", takes from) the four usual ones."""
    mapped = {name: spec for name, spec in {**ORDERS, **(columns or {})}.items() if spec}
    return "\n".join(
        [
            "schema = 1",
            'name = "shop"',
            'currency = "CNY"',
            'timezone = "Asia/Shanghai"',
            head,
            "[sources.sales]",
            source,
            "[tables.orders]",
            'source = "sales"',
            orders,
            "[tables.orders.columns]",
            *(f"{name} = {spec}" for name, spec in mapped.items()),
            tail,
        ]
    )


def shop(folder: Path, content: str | bytes | None = PLAIN, *, file: str = "sales.csv", **parts) -> Dataset:
    """Write a sales file and its dataset.toml into `folder`, and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    if content is not None:
        (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    if file != "sales.csv" and "source" not in parts:
        parts["source"] = f'path = "{file}"'
    elif "source" in parts and "path" not in parts["source"] and "url" not in parts["source"]:
        parts["source"] = f'path = "{file}"\n{parts["source"]}'
    (folder / "dataset.toml").write_text(dataset_toml(**parts), encoding="utf-8")
    return load(folder / "dataset.toml")


def tolerant(head: str = "") -> str:
    """Give the head line that lets half of the rows be rejected (the most that is allowed)."""
    return f"max_reject_share = 0.5\n{head}"


def rows(built: Built | Path, table: str, columns: str = "*", order: str = "ALL") -> list[tuple]:
    """Give a built table as rows."""
    folder = built if isinstance(built, Path) else built.folder
    with duckdb.connect() as db:
        return db.execute(f"SELECT {columns} FROM read_parquet('{folder / table}.parquet') ORDER BY {order}").fetchall()


def orders_of(content: str | bytes, folder: Path, **parts) -> list[tuple]:
    """Build a shop and give its orders as (order_id, customer_id, day, amount)."""
    return rows(
        build(shop(folder, content, **parts)), "orders", "order_id, customer_id, CAST(order_day AS VARCHAR), net_amount", "1"
    )


def rejects(built: Built | Path, columns: str = 'row, "rule"') -> list[tuple]:
    """Give the rejected rows in the order of the file."""
    return rows(built, "rejects", columns, "file, row")


def day(text: str) -> date:
    """Read an ISO day, or count days from 2024-01-01 where `text` is a number."""
    return date.fromisoformat(text) if isinstance(text, str) else date(2024, 1, 1) + timedelta(days=int(text))


def hand_build(
    folder: Path, orders: list[tuple], *, identities: dict[str, str] | None = None, lines: list[tuple] | None = None
) -> Path:
    """Write the Parquet files an engine reads.

    `orders`: (order_id, customer_id, day, amount[, excluded_by]); `lines`: (order_id, amount[, excluded_by]), whose orders are
    `orders`; `identities`: customer_id → identity_id, else each customer is an identity.
    """
    folder.mkdir(parents=True, exist_ok=True)
    people = identities or {one[1]: one[1] for one in orders if one[1] is not None}
    with duckdb.connect() as db:
        db.execute(
            "CREATE TABLE o (order_id VARCHAR, customer_id VARCHAR, order_day DATE, net_amount DECIMAL(18,2), "
            "is_return BOOLEAN, is_zero BOOLEAN, excluded_by VARCHAR)"
        )
        db.execute("CREATE TABLE m (id_type VARCHAR, id_value VARCHAR, identity_id VARCHAR)")
        db.execute(
            "CREATE TABLE l (order_id VARCHAR, net_amount DECIMAL(18,2), is_return BOOLEAN, is_zero BOOLEAN, excluded_by VARCHAR)"
        )
        for order, customer, when, amount, *more in orders:
            money = Decimal(str(amount))
            own = (money < 0, money == 0) if lines is None else (False, False)
            db.execute(
                "INSERT INTO o VALUES (?, ?, ?, ?, ?, ?, ?)", [order, customer, day(when), money, *own, more[0] if more else None]
            )
        for order, amount, *more in lines or []:
            money = Decimal(str(amount))
            db.execute("INSERT INTO l VALUES (?, ?, ?, ?, ?)", [order, money, money < 0, money == 0, more[0] if more else None])
        for customer, identity in people.items():
            db.execute("INSERT INTO m VALUES ('customer', ?, ?)", [customer, identity])
        for table, name in (("o", "orders"), ("m", "identity_map"), *([("l", "order_lines")] if lines is not None else [])):
            quoted = str(folder / f"{name}.parquet").replace("'", "''")
            db.execute(f"COPY {table} TO '{quoted}' (FORMAT parquet)")
    return folder


def engine_over(
    folder: Path,
    orders: list[tuple],
    as_of: str = "2024-12-31",
    *,
    identities: dict[str, str] | None = None,
    lines: list[tuple] | None = None,
    **rules,
) -> DuckEngine:
    """Give an engine over a hand-made build."""
    return DuckEngine(hand_build(folder, orders, identities=identities, lines=lines), date.fromisoformat(as_of), **rules)


def people(*customers: tuple) -> pd.DataFrame:
    """Make a customer table of (identity_id, recency_days, orders, net_amount); recency None: returns only."""
    frame = pd.DataFrame(customers, columns=["identity_id", "recency_days", "orders", "net_amount"])
    return frame.astype({"recency_days": "Int32", "orders": "int64", "net_amount": "float64"})
