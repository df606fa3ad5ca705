"""DuckDB, embedded and larger than memory: runs the SQL files over a build folder."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from custlib.checks import one_of

DAWN = date(1, 1, 1)
TABLES = ("orders", "order_lines", "identity_map")


@dataclass(frozen=True)
class Edges:
    """Where one column is cut into scores 1 to `bins`.

    ``edges``: score → largest value with that score (a score may not occur); ``top``: score above the last edge;
    ``reversed``: small values are the good ones, so score s is given as bins + 1 − s.
    """

    edges: dict[int, float]
    top: int
    bins: int
    reversed: bool = False

    def as_dict(self) -> dict:
        """Give the edges as JSON-ready values."""
        return {**asdict(self), "edges": {str(score): value for score, value in self.edges.items()}}


def connect(*, memory: str = "1GB", threads: int | None = None, spill: Path | None = None,
            ordered: bool = True) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB in zone UTC that spills to `spill` beyond `memory`; all cores write where rows need not stay `ordered`."""
    options = {"memory_limit": memory, "preserve_insertion_order": ordered}
    if threads:
        options["threads"] = threads
    if spill:
        options["temp_directory"] = str(spill)
    db = duckdb.connect(":memory:", config=options)
    db.execute("SET TimeZone = 'UTC'")
    return db


@cache
def sql_text(name: str) -> str:
    """Give the text of an SQL file of this package.

    Examples
    --------
    >>> "GROUP BY step" in sql_text("ledger")
    True
    """
    return (files("custlib.engine") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


class DuckEngine:
    """The rows tier over one build folder, at one snapshot day.

    Parameters
    ----------
    build : Path
        Folder with ``orders.parquet``, ``identity_map.parquet`` and, where there is one, ``order_lines.parquet``.
    as_of : date
        Rows on or after this day do not exist.
    returns : str
        ``net``: a return lowers money on its own day; ``exclude``: returns are left out.
    zero : str
        ``count``: a row of zero amount counts; ``exclude``: it is left out.
    window_days : int or None
        Only the days since `as_of` − `window_days`; None is the whole history.
    memory : str
        DuckDB's memory limit, such as ``1GB``.
    """

    def __init__(self, build: Path, as_of: date, *, returns: str = "net", zero: str = "count",
                 window_days: int | None = None, memory: str = "1GB", threads: int | None = None):
        one_of("returns", returns, ("net", "exclude"))
        one_of("zero", zero, ("count", "exclude"))
        self.as_of = as_of
        start = as_of - timedelta(days=window_days) if window_days else DAWN
        self.parameters = {"as_of": as_of, "window_start": start, "returns": returns, "zero": zero}
        self.db = connect(memory=memory, threads=threads)
        for name in TABLES:
            path = Path(build) / f"{name}.parquet"
            if path.exists():
                self.db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')")
        grain = "lines" if (Path(build) / "order_lines.parquet").exists() else "orders"
        self.queries = [f"sales_from_{grain}"]
        self.db.execute(f"CREATE VIEW sales AS {sql_text(self.queries[0])}")
        self._customers = False

    def __enter__(self) -> "DuckEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def customers(self):
        """Give the customer table.

        Returns
        -------
        DataFrame, one row per identity, by identity_id
            ``first_order_day``, ``last_order_day`` (blank for a customer with returns only), ``recency_days``,
            ``tenure_days`` (days), ``orders``, ``order_days`` (counts), ``gross_amount``, ``returned_amount`` (≤ 0),
            ``net_amount``, ``average_order_amount`` (currency). METHODS 1.3, 2.1.
        """
        self._build()
        return self.db.execute("SELECT * FROM customers").df()

    def write_customers(self, path: Path) -> None:
        """Write the customer table as Parquet."""
        self._build()
        self.db.execute(f"COPY customers TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")

    def ledger(self):
        """Give where every sale row went.

        Returns
        -------
        DataFrame, one row per door that a row left by
            ``step``, ``rows``, ``gross`` (currency, ≥ 0), ``returned`` (≤ 0), ``net``; amounts are exact decimals.
        """
        self._seen("ledger")
        return self.db.execute(sql_text("ledger"), self.parameters).df()

    def edges(self, column: str, bins: int, *, reverse: bool = False) -> Edges:
        """Cut a column of the customer table into `bins` scores so that equal values share a score (METHODS 1.3).

        Parameters
        ----------
        column : str
            ``recency_days``, ``orders`` or ``net_amount``.
        bins : int
            Number of scores; some may not occur where many customers share a value.
        reverse : bool
            Small values get the high scores.
        """
        self._build()
        self._seen("value_counts")
        counts = self.db.execute(sql_text("value_counts"), {"column": column}).fetchnumpy()
        return edges_of(counts["amount"], counts["customers"], bins, reverse=reverse)

    def write_queries(self, folder: Path) -> None:
        """Write the SQL texts that ran so far into `folder`, one file a query, so that a reader can check a figure."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.queries:
            (folder / f"{name}.sql").write_text(sql_text(name), encoding="utf-8")

    def _build(self) -> None:
        if not self._customers:
            self._seen("customer_table")
            self.db.execute(f"CREATE TEMP TABLE customers AS {sql_text('customer_table')}", self.parameters)
            self._customers = True

    def _seen(self, query: str) -> None:
        if query not in self.queries:
            self.queries.append(query)


def edges_of(values, counts, bins: int, *, reverse: bool = False) -> Edges:
    """Give the edges of sorted distinct `values` that `counts` customers have: score = ⌈bins · average rank / N⌉.

    The rank runs from the worst value to the best, so with `reverse` from the largest to the smallest: one rule for R, F and M.

    Examples
    --------
    >>> edges_of([1, 2, 3], [4, 1, 1], 3).edges
    {2: 1.0}
    """
    total, below, last = int(sum(int(one) for one in counts)), 0, {}
    for value, count in zip(values, counts, strict=True):
        rank_twice = 2 * below + int(count) + 1  # twice the average rank, so that everything stays a whole number
        if reverse:
            raw = bins + 1 - -(-bins * (2 * total + 2 - rank_twice) // (2 * total))
        else:
            raw = -(-bins * rank_twice // (2 * total))
        last[raw] = float(value)
        below += int(count)
    top = max(last, default=bins)
    return Edges({score: value for score, value in last.items() if score != top}, top, bins, reverse)
