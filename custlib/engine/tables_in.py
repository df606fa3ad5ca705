"""Orders and order lines straight from Parquet or CSV: read, checked and laid down once as the build folder that the queries read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from custlib.checks import column_names
from custlib.engine.connection import connect, quoted
from custlib.engine.files_in import files_of, scan, unreadable
from custlib.i18n import Problem

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
NUMBERS = (*WHOLE, "UBIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE")
TIMES = ("TIMESTAMP", "DATE")
# role → what Parquet types it takes, and how a message calls it
ROLES = {"id": ((*NUMBERS, "VARCHAR", "UUID"), "@want.id"), "time": (TIMES, "@want.time"), "money": (NUMBERS, "@want.amount"),
         "number": (NUMBERS, "@want.decimal"), "text": (("VARCHAR", *WHOLE), "@want.text")}
ORDERS = {"order_id": "id", "customer_id": "id", "order_ts": "time", "net_amount": "money"}
LINES = {"order_id": "id", "net_amount": "money"}
MORE = {"orders": {"channel": "text"}, "lines": {"product_id": "text", "quantity": "number", "discount_amount": "money"}}
MAY_BE_BLANK = ("customer_id", "channel", "product_id", "quantity", "discount_amount")
TARGET = {"time": "TIMESTAMP", "money": "DECIMAL(18,2)", "number": "DECIMAL(18,4)", "text": "VARCHAR"}
PLAIN_ID = re.compile(r"[A-Za-z]{0,6}[-_]?\d{1,6}")  # longer ones may be a telephone or identity card number


@dataclass(frozen=True)
class Source:
    """Files of one kind; ``columns``: name → type for those that are used."""

    files: tuple[Path, ...]
    kind: str
    columns: dict[str, str]
    name: str

    def scan(self, files: tuple[Path, ...] | None = None) -> str:
        """Give the table function over all files, or some of them."""
        return scan(files or self.files, self.kind)


@dataclass(frozen=True)
class Taken:
    """What was laid down: rows, and the first and last day of the orders."""

    orders: int
    lines: int | None
    first_day: date | None
    last_day: date | None


def opened(path: Path, role: str, *, lines: bool = False) -> Source:
    """Find the files of `path` and prove that every one has the columns of `role` (``orders`` or ``lines``) in one type.

    Parameters
    ----------
    path : Path
        A Parquet or CSV file, or a folder of such (with partitions, as ``year=2024/``).
    lines : bool
        Order lines come too, so that an order needs no amount of its own.

    Raises
    ------
    Problem
        No such file, kinds mixed, a column missing or of a wrong type, a partition with another schema.
    """
    files, kind = files_of(path)
    needed = dict(ORDERS if role == "orders" else LINES)
    if lines and role == "orders":
        del needed["net_amount"]
    wanted, found = needed | MORE[role], {}
    with connect(memory="256MB") as db:
        for file in files:
            try:
                have = {one[0]: one[1] for one in db.execute(f"DESCRIBE SELECT * FROM {scan((file,), kind)}").fetchall()}
            except duckdb.Error as error:
                raise unreadable(file, kind, error) from error
            if kind == "csv" and not set(needed) & set(have):  # what stands there may be data: it is not shown
                raise Problem("orders_no_header", file=_shown(path, file), needed=", ".join(needed))
            for column in needed:
                if column not in have:
                    raise Problem("orders_no_column", file=_shown(path, file), column=column, needed=", ".join(needed),
                                  have=", ".join(column_names(have)))
            for column, meaning in wanted.items():
                if column not in have:
                    continue
                types, want = ROLES[meaning]
                if kind == "parquet" and not have[column].startswith(types):
                    raise Problem("orders_type", file=_shown(path, file), column=column, got=have[column], want=want)
                if found.setdefault(column, have[column]) != have[column]:
                    raise Problem("partition_schema", file=_shown(path, file), column=column, got=have[column], want=found[column],
                                  first=_shown(path, files[0]))
    return Source(files, kind, found, path.name)


def last_day(source: Source, *, memory: str = "1GB") -> date | None:
    """Give the last day of the orders, for a message; None without one."""
    with connect(memory=memory) as db:
        return db.execute(f"SELECT max(CAST({_typed('order_ts', 'time', source)} AS DATE)) FROM {source.scan()}").fetchall()[0][0]


def take(orders: Source, lines: Source | None, folder: Path, *, memory: str = "1GB", threads: int | None = None,
         say: Callable[[str], object] = lambda line: None) -> Taken:
    """Write ``orders.parquet`` (and ``order_lines.parquet``) into `folder`, then check blanks, grain and uniqueness.

    Parameters
    ----------
    orders, lines : Source
        From `opened`.
    say : callable
        Gets a line where times of a zone are taken as UTC.

    Raises
    ------
    Problem
        A value is blank or unreadable, an order id stands twice, a line names no order.
    """
    with connect(memory=memory, threads=threads, spill=folder / "spill", ordered=False) as db:
        as_text = lines is not None and _key(orders) != _key(lines)
        amount = ["false AS is_return", "false AS is_zero"] if lines else ["net_amount < 0 AS is_return", "net_amount = 0 AS is_zero"]
        _lay(db, orders, ORDERS | MORE["orders"], folder / "orders.parquet", as_text, ["CAST(order_ts AS DATE) AS order_day", *amount])
        if lines:
            less = "net_amount < 0 OR coalesce(quantity < 0, false)" if "quantity" in lines.columns else "net_amount < 0"
            _lay(db, lines, LINES | MORE["lines"], folder / "order_lines.parquet", as_text,
                 [f"{less} AS is_return", "net_amount = 0 AS is_zero"])
        if any(one.columns.get("order_ts", "").endswith("WITH TIME ZONE") for one in (orders,)):
            say(f"{orders.name}: order_ts is in UTC; days and hours are those of UTC")
        count, first, last = db.execute(f"SELECT count(*), min(order_day), max(order_day) FROM {_laid(folder, 'orders')}").fetchall()[0]
        _once(db, orders, folder)
        rows = None
        if lines:
            rows = db.execute(f"SELECT count(*) FROM {_laid(folder, 'order_lines')}").fetchall()[0][0]
            lost = db.execute(f"SELECT count(*) FROM {_laid(folder, 'order_lines')} AS l ANTI JOIN {_laid(folder, 'orders')} AS o "
                              "ON o.order_id = l.order_id").fetchall()[0][0]
            if lost:
                raise Problem("lines_without_order", file=lines.name, rows=lost, orders=orders.name)
        return Taken(count, rows, first, last)


def _lay(db: duckdb.DuckDBPyConnection, source: Source, wanted: dict[str, str], target: Path, as_text: bool, more: list[str]) -> None:
    """Write the used columns in their types; a value that cannot be read is looked for afterwards, where there is one."""
    typed = [f"{_typed(column, meaning, source, as_text=as_text)} AS {column}" for column, meaning in wanted.items() if column in source.columns]
    blank = [] if "net_amount" in source.columns else ["CAST(NULL AS DECIMAL(18,2)) AS net_amount"]
    inner = f"SELECT {', '.join([*typed, *blank])} FROM {source.scan()}"
    try:
        db.execute(f"COPY (SELECT *, {', '.join(more)}, CAST(NULL AS VARCHAR) AS excluded_by FROM ({inner})) "
                   f"TO {quoted(str(target))} (FORMAT parquet)")
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise unreadable(source.files[0] if len(source.files) == 1 else Path(source.name), source.kind, error) from error
    columns = [column for column in wanted if column in source.columns]
    there = db.execute(f"SELECT count(*), {', '.join(f'count({column})' for column in columns)} FROM {_laid(target.parent, target.stem)}")
    rows, *known = there.fetchall()[0]
    for column, count in zip(columns, known, strict=True):
        if count < rows:
            _explain(db, source, column, wanted[column], as_text)


def _explain(db: duckdb.DuckDBPyConnection, source: Source, column: str, meaning: str, as_text: bool) -> None:
    """Say where the first value stands that is blank or no such value; a blank that may be is none."""
    typed = _typed(column, meaning, source, as_text=as_text)
    test = f"({typed}) IS NULL" + (f" AND {column} IS NOT NULL AND trim(CAST({column} AS VARCHAR)) <> ''" if column in MAY_BE_BLANK else "")
    rows = db.execute(f"SELECT count(*) FROM {source.scan()} WHERE {test}").fetchall()[0][0]
    if not rows:
        return
    with connect(memory="1GB") as ordered:
        for file in source.files:
            found = ordered.execute(f"SELECT min(place) FROM (SELECT row_number() OVER () AS place, {column} FROM {source.scan((file,))}) "
                                    f"WHERE {test}").fetchall()[0][0]
            if found:
                raise Problem("orders_value", file=file.name, row=found + (source.kind == "csv"), column=column, rows=rows,
                              want=ROLES[meaning][1])


def _typed(column: str, meaning: str, source: Source, *, as_text: bool = False) -> str:
    """Give the SQL that reads a column as what it means; what cannot be read becomes blank."""
    kind = source.columns[column]
    if meaning == "id":
        if kind.startswith(WHOLE) and not (as_text and column == "order_id"):
            return column
        if kind.startswith(("FLOAT", "DOUBLE", "DECIMAL")):  # whole numbers that a blank has turned into fractions
            whole = f"CASE WHEN {column} = floor({column}) THEN TRY_CAST({column} AS BIGINT) END"
            return f"CAST({whole} AS VARCHAR)" if as_text and column == "order_id" else whole
        return f"nullif(trim(CAST({column} AS VARCHAR)), '')"
    if meaning == "time" and kind.endswith("WITH TIME ZONE"):
        return f"CAST({column} AT TIME ZONE 'UTC' AS TIMESTAMP)"
    if meaning == "text":
        return f"nullif(trim(CAST({column} AS VARCHAR)), '')"
    return f"TRY_CAST({column} AS {TARGET[meaning]})"


def _key(source: Source) -> str:
    """Give how order ids of a source are compared: as whole numbers or as text."""
    return "whole" if source.columns["order_id"].startswith((*WHOLE, "FLOAT", "DOUBLE", "DECIMAL")) else "text"


def _once(db: duckdb.DuckDBPyConnection, source: Source, folder: Path) -> None:
    """Refuse order ids that stand twice; an example is shown where it is plainly not personal."""
    count, example = db.execute(f"SELECT count(*), min(CAST(order_id AS VARCHAR)) FROM (SELECT order_id FROM {_laid(folder, 'orders')} "
                                "GROUP BY order_id HAVING count(*) > 1)").fetchall()[0]
    if count and PLAIN_ID.fullmatch(example):
        raise Problem("orders_duplicate_as", file=source.name, count=count, example=example)
    if count:
        raise Problem("orders_duplicate", file=source.name, count=count)


def _laid(folder: Path, name: str) -> str:
    return f"read_parquet({quoted(str(folder / f'{name}.parquet'))})"


def _shown(path: Path, file: Path) -> str:
    return file.name if path.is_file() else str(file.relative_to(path.parent))
