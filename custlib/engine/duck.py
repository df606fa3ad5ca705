"""DuckDB, embedded and larger than memory: runs the SQL files over a build folder."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

from custlib.checks import one_of
from custlib.engine.connection import connect, joins_nobody, open_tables, quoted
from custlib.engine.edges import Edges, edges_of, middle_of, quantile_edges_of, share_edges_of
from custlib.engine.labels_sql import CELLS, label_parameters, write_in_order
from custlib.engine.queries import DAWN, PARTS, kept, names_in, parameters, sql_text, views, written_in

__all__ = ["DAWN", "DuckEngine", "Edges", "connect", "edges_of", "sql_text"]


class DuckEngine:
    """The rows tier over one build folder, at one snapshot day.

    Parameters
    ----------
    build : Path
        Folder with ``orders.parquet`` and, where there are such, ``order_lines.parquet``, ``products.parquet``,
        ``identity_map.parquet``; without the last, each customer id is an identity.
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
    spill : Path, optional
        Folder for what does not fit into memory.
    """

    def __init__(self, build: Path, as_of: date, *, returns: str = "net", zero: str = "count", window_days: int | None = None,
                 memory: str = "1GB", threads: int | None = None, spill: Path | None = None):
        one_of("returns", returns, ("net", "exclude"))
        one_of("zero", zero, ("count", "exclude"))
        self.as_of = as_of
        self.parameters = parameters(as_of, returns=returns, zero=zero, window_days=window_days)
        self.db = connect(memory=memory, threads=threads, spill=spill)
        have = open_tables(self.db, build)
        self.queries = []
        for name, query in views(lines="order_lines" in have, mapped="identity_map" in have and not joins_nobody(self.db)):
            self._seen(query)
            self._view(name, query)
            if name == "counted":
                self._view("counted_ever", query, window_start=DAWN)
        self._made: set[str] = set()

    def __enter__(self) -> "DuckEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back memory and spilled files."""
        self.db.close()

    def prepare(self, table: str = "customers") -> None:
        """Compute ``rfm`` (recency, orders, money), ``customers`` or ``customer_full`` and keep it; else the first that reads it does."""
        one_of("table", table, ("rfm", "customers", "customer_full"))
        self._table(table == "customer_full") if table != "rfm" else self._make("rfm")

    def customers(self, *, full: bool = False):
        """Give the customer table.

        Parameters
        ----------
        full : bool
            Give the second group of columns too; what orders and lines do not tell is blank there.

        Returns
        -------
        DataFrame, one row per identity, by identity_id
            ``first_order_day``, ``last_order_day`` (blank for a customer with returns only), ``recency_days``,
            ``tenure_days`` (days), ``orders``, ``order_days`` (counts), ``gross_amount``, ``returned_amount`` (≤ 0),
            ``net_amount``, ``average_order_amount`` (currency). METHODS 1.3, 2.1.

            With `full` also, of her order days: ``gaps`` (number), ``gap_mean_days``, ``gap_median_days``, ``gap_longest_days``
            (days, blank with one order day), ``gap_cv`` (sd / mean, from three gaps on), ``gap_open_days`` (days watched since the
            last, up to the day before `as_of`: Kaplan and Meier's censored gap), ``btyd_x`` (repeat days), ``btyd_t_x_days``,
            ``btyd_t_days`` (days from the first order day to the last one and to `as_of`); of the last 30, 90 and 365 days:
            ``orders_30d`` …, ``net_amount_30d`` … (currency); shares of her orders, 0 to 1: ``weekend_share`` (Saturday, Sunday),
            ``night_share`` (22:00 to 5:59), ``business_hours_share`` (Monday to Friday, 9:00 to 17:59), both blank where no order of the
            data has a time of day; ``channels`` (number), ``top_channel`` (most orders, then most money, then the alphabet),
            ``top_channel_share`` (of orders with a channel); ``categories`` (number), ``top_category`` (category_l1 with most gross
            money, then most lines, then the alphabet), ``top_category_share`` (of the money in known categories); ``sale_lines``
            (number), ``average_basket_lines``, ``average_basket_items`` (per order; items where quantities are known);
            ``deal_line_share`` (lines with a discount), ``deal_amount_share`` (discounts / amount before them), blank where no line
            of the data has a discount.
        """
        return self.db.execute(f"SELECT * FROM {self._table(full)} ORDER BY identity_id").df()

    def write_customers(self, path: Path, *, full: bool = False) -> None:
        """Write the customer table as Parquet."""
        self.db.execute(f"COPY (SELECT * FROM {self._table(full)} ORDER BY identity_id) TO {quoted(path)} (FORMAT parquet)")

    def ledger(self):
        """Give where every sale row went.

        Returns
        -------
        DataFrame, one row per door that a row left by
            ``step``, ``rows``, ``gross`` (currency, ≥ 0), ``returned`` (≤ 0), ``net``; amounts are exact decimals.
        """
        return self._run("ledger").df()

    def gap_counts(self):
        """Give how long customers wait between order days.

        Returns
        -------
        DataFrame, one row per length, rising
            ``gap_days`` (days), ``ended`` (gaps closed by an order), ``still_open`` (customers whose last gap has lasted so long).
        """
        return self._run("gap_counts").df()

    def cohorts(self):
        """Give what each month's new customers did later.

        Returns
        -------
        DataFrame, one row per month of first order and months since, where anything happened
            ``cohort_year``, ``cohort_month`` (1 to 12), ``months_since`` (below 0 for a return before the first order),
            ``customers`` (with an order in that month; at 0: the cohort's size), ``orders``, ``net_amount`` (currency). Customers
            with returns only belong to no cohort.
        """
        return self._run("cohorts").df()

    def pairs(self, *, min_orders: int):
        """Give the products bought together.

        Returns
        -------
        DataFrame, one row per pair of products in at least `min_orders` orders, anonymous ones too
            ``product_a`` < ``product_b``, ``orders`` (with both), ``orders_a``, ``orders_b``, ``baskets`` (all orders with a known
            product), ``confidence_ab``, ``confidence_ba`` (0 to 1), ``lift``. Empty without order lines.
        """
        return self._run("pairs", min_orders=min_orders).df()

    def transitions(self, files: Iterable[Path], scheme: str, *, start: date, end: date):
        """Give how many identities went from each label of `scheme` on day `start` to each on day `end`.

        Parameters
        ----------
        files : paths
            ``labels.parquet`` of both days.

        Returns
        -------
        DataFrame, one row per pair of labels that occurs
            ``label_from``, ``label_to`` (``absent``: not in the table of that day), ``customers``.
        """
        listed = ", ".join(quoted(one) for one in files)
        self.db.execute(f"CREATE OR REPLACE TEMP VIEW labels AS SELECT * FROM read_parquet([{listed}])")
        return self._run("transitions", scheme=scheme, from_day=start, to_day=end).df()

    def edges(self, column: str, bins: int, *, reverse: bool = False) -> Edges:
        """Cut a column of the customer table into `bins` scores so that equal values share a score (METHODS 1.3).

        Parameters
        ----------
        column : str
            ``recency_days``, ``orders`` or ``net_amount``, of customers with an order.
        bins : int
            Number of scores; some may not occur where many customers share a value.
        reverse : bool
            Small values get the high scores.
        """
        return edges_of(*self._counts("value_counts", column=column), bins, reverse=reverse)

    def rate_edges(self, bins: int = 3) -> Edges:
        """Cut orders per 30.4 days, of customers with an order, into `bins` scores by the same rule."""
        self._make("rates")
        return edges_of(*self._counts("rate_counts"), bins)

    def share_edges(self, shares: tuple[float, float]) -> tuple[float, float]:
        """Give the smallest net amounts of the first and second class by cumulative `shares` of money, as ``value.share_edges``."""
        return share_edges_of(*self._counts("net_counts"), shares)

    def quantile_edges(self, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        """Give the net amounts at the `quantiles` of all customers, as ``value.tier_edges`` by head count."""
        return quantile_edges_of(*self._counts("net_counts"), quantiles)

    def middle(self, column: str, how: str) -> float:
        """Give the ``median`` or ``mean`` of a column, of customers with an order."""
        return middle_of(*self._counts("value_counts", column=column), how)

    def write_labels(self, path: Path, thresholds: dict, cells: list[tuple]) -> int:
        """Write labels.parquet straight from the customer table; no row passes through Python.

        Parameters
        ----------
        thresholds : dict
            As ``edges.json`` holds them (`label_parameters`).
        cells : list of tuple
            (scheme, r, f, m, label, score, rule as JSON text) for ``rfm.named`` and ``rfm.cn8``: what each cell of scores is called.

        Returns
        -------
        int
            Number of rows: one per identity and scheme, scheme after scheme, each by identity_id: ``identity_id``, ``as_of``,
            ``scheme``, ``label``, ``score``, ``confidence`` (blank), ``evidence`` (JSON).
        """
        bound = label_parameters(thresholds)
        self._make("rates")
        self._make("customers")
        self.db.execute(f"CREATE OR REPLACE TEMP TABLE cells ({CELLS})")
        self.db.executemany("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", cells)
        self._create("scored", "scored", **bound)  # a join does not keep the order of rows: all joins are here, before it is sorted
        self._seen("labels")
        try:
            return write_in_order(self.db, sql_text("labels"), self._bound("labels", bound), Path(path))
        finally:
            self.db.execute("DROP TABLE scored")

    def write_queries(self, folder: Path) -> None:
        """Write the SQL texts that ran so far into `folder`, one file a query, so that a reader can check a figure."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.queries:
            (folder / f"{name}.sql").write_text(sql_text(name), encoding="utf-8")

    def _view(self, name: str, query: str, **more: object) -> None:
        self.db.execute(f"CREATE VIEW {name} AS {written_in(sql_text(query), self.parameters | more)}")

    def _table(self, full: bool) -> str:
        self._make("customers")
        if not full:
            return "customers"
        if "customer_full" not in self._made:
            known = dict(zip(("timed", "discounted"), self._run("what_is_known").fetchall()[0], strict=True))
            for part in PARTS:
                self._create(part, part, **known)
            self._make("customer_full")
            for part in PARTS:
                self.db.execute(f"DROP TABLE {part}")
        return "customer_full"

    def _counts(self, query: str, **more: object) -> tuple:
        self._make("rfm")
        found = self._run(query, **more).fetchnumpy()
        return found["amount"], found["customers"]

    def _run(self, query: str, **more: object) -> duckdb.DuckDBPyConnection:
        self._seen(query)
        return self.db.execute(sql_text(query), self._bound(query, more))

    def _make(self, table: str) -> None:
        if table not in self._made:
            query, base = kept(table, self.parameters["window_start"])
            if base:
                self._make(base)
            self._create(table, query)
            self._made.add(table)

    def _create(self, table: str, query: str, **more: object) -> None:
        self._seen(query)
        self.db.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql_text(query)}", self._bound(query, more))

    def _bound(self, query: str, more: dict[str, object]) -> dict[str, object]:
        given = self.parameters | more
        return {name: given[name] for name in names_in(sql_text(query))}

    def _seen(self, query: str) -> None:
        if query not in self.queries:
            self.queries.append(query)

