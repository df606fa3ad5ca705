"""Spark: the same SQL files on an existing distributed engine, from its sources to folders of part files."""

import math
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from pathlib import Path

from custlib.checks import one_of, within
from custlib.engine import spark_edges, spark_session, spark_sources
from custlib.engine.edges import Edges, edges_of, middle_of, quantile_edges_of, share_edges_of
from custlib.engine.labels_sql import label_parameters
from custlib.engine.queries import DAWN, PARTS, kept, names_in, parameters, sql_text, views
from custlib.i18n import Problem, text

MOST_ROWS = 5_000_000


@cache
def spark_text(name: str, *, ordered: bool = True) -> str:
    """Give the text of an SQL file in Spark's words; its parameters stay bound, as ``:name``.

    Parameters
    ----------
    ordered : bool
        Keep the order of the last SELECT; without it Spark need not sort what is only counted.

    Examples
    --------
    >>> "DATEDIFF(DAY, last_order_day, CAST(:as_of AS DATE))" in spark_text("customer_rfm")
    True
    """
    import sqlglot

    tree = _nested(sqlglot.parse_one(sql_text(name), read="duckdb"))
    if not ordered:
        tree.set("order", None)
    return tree.sql("spark", pretty=True, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _nested(tree):
    """Put each WITH query where it is read: Spark does not find a kept table inside one, and would compute it anew."""
    from sqlglot import exp

    bodies: dict[str, exp.Expression] = {}
    ctes = tree.ctes
    for one in [*[cte.this for cte in ctes], tree]:
        if one is tree and ctes:
            tree.set("with_", None)
        for table in list(one.find_all(exp.Table)):
            if table.name in bodies:
                table.replace(exp.Subquery(this=bodies[table.name].copy(), alias=exp.TableAlias(this=exp.to_identifier(table.alias or table.name))))
        if one is not tree:
            bodies[one.parent.alias] = one
    return tree


def _argument(value: object):
    """Give a value to bind; a day goes as a literal of Spark, since PySpark writes the years before 1000 without their zeros."""
    from pyspark.sql import functions as F

    return F.expr(f"DATE'{value.isoformat()}'") if type(value) is date else value


def _stored(frame):
    """Keep what several queries read, in memory and on the disks of the workers."""
    from pyspark import StorageLevel

    return frame.persist(StorageLevel.MEMORY_AND_DISK)


class SparkEngine:
    """The rows tier on Spark, at one snapshot day: the same methods and the same answers as ``DuckEngine``.

    Parameters
    ----------
    build : path, URL or mapping
        A build folder, a DuckDB file, or ``{"orders": …, "order_lines": …, "products": …, "identity_map": …}``, each a path, a URL
        (``s3a://``, ``hdfs://`` …) or a frame of Spark. Without an identity map each customer id is an identity.
    as_of : date
        Rows on or after this day do not exist.
    returns, zero, window_days
        As for ``DuckEngine``.
    memory, threads, spill
        Memory of the driver, cores and folder for what does not fit into memory, where Spark is started here.
    session : SparkSession, optional
        A session of the user's; its views and settings stay as they are.
    master : str, optional
        Where to run; else what spark-submit says, else this machine.
    work : Path, optional
        Folder for the parts of a DuckDB file; every machine must reach it.
    check : bool
        Refuse orders that stand twice, blanks and lines without an order in a mapping of tables; a build was checked when made.
    say : callable, optional
        Gets a line where a result is approximate.
    """

    def __init__(self, build: object, as_of: date, *, returns: str = "net", zero: str = "count", window_days: int | None = None,
                 memory: str = "1GB", threads: int | None = None, spill: Path | None = None, session=None, master: str | None = None,
                 work: Path | None = None, check: bool = True, say: Callable[[str], object] = print):
        one_of("returns", returns, ("net", "exclude"))
        one_of("zero", zero, ("count", "exclude"))
        self.as_of = as_of
        self.parameters = parameters(as_of, returns=returns, zero=zero, window_days=window_days)
        self.queries: list[str] = []
        self.steps: list[tuple[str, object]] = []  # what was computed, for reading its plan
        self.most = spark_edges.MOST  # distinct values that may be fetched at once
        self.say, self._kept, self._rows, self._global, self._own = say, {}, {}, [], None
        self.spark, self._started = spark_session.opened(session, master=master, memory=memory, threads=threads, spill=spill)
        try:
            where = self.spark.conf.get("spark.master", "local")
            if work is None and where.startswith("local"):
                work = self._own = Path(tempfile.mkdtemp(prefix="custlib-spark-", dir=spill))
            found = spark_sources.tables(self.spark, build, work=work, memory=memory, master=where, check=check)
            for name in spark_sources.KNOWN:
                self._view(name, found[name] if name in found else spark_sources.empty(self.spark, name))
            for name, query in views(lines="order_lines" in found, mapped="identity_map" in found and not self._trivial(found["identity_map"])):
                self._rows[name] = self.frame(query)
                self._view(name, self._rows[name])
                if name == "counted":
                    self._view("counted_ever", self.frame(query, window_start=DAWN))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "SparkEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what Spark keeps; stop Spark where it was started here."""
        for frame in self._kept.values():
            frame.unpersist()
        for name in self._global:
            self.spark.catalog.dropGlobalTempView(name)
        if self._started:
            self.spark.stop()
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)

    def frame(self, name: str, *, ordered: bool = True, **more: object):
        """Give the answer of an SQL file as a frame of Spark, not yet computed; parameters are bound, never written into the text."""
        given = {**self.parameters, **more}
        if name not in self.queries:
            self.queries.append(name)
        with spark_session.told(name):
            bound = {one: _argument(given[one]) for one in names_in(sql_text(name))}
            return self._see(name, self.spark.sql(spark_text(name, ordered=ordered), args=bound))

    def prepare(self, table: str = "customers") -> None:
        """Compute a table and keep it, as ``DuckEngine.prepare``."""
        one_of("table", table, ("rfm", "customers", "customer_full"))
        with spark_session.told(table):
            (self._keep("rfm") if table == "rfm" else self.customer_frame(full=table == "customer_full")).count()

    def customers(self, *, full: bool = False):
        """Give the customer table as pandas, as ``DuckEngine.customers``: for what fits into memory; ``write_customers`` has no such bound.

        Raises
        ------
        Problem
            There are more than 5,000,000 customers.
        """
        return self._fetched("customer_table", self.customer_frame(full=full).orderBy("identity_id"))

    def customer_frame(self, *, full: bool = False):
        """Give the customer table as a frame of Spark."""
        customers = self._keep("customers")
        if not full:
            return customers
        if "customer_full" not in self._kept:
            self._kept["purchases"] = _stored(self._rows["purchases"])  # every part reads them
            with spark_session.told("what_is_known"):
                known = self.frame("what_is_known").toArrow().to_pylist()[0]
            for part in PARTS:
                self._view(part, self.frame(part, **known))
        return self._keep("customer_full")

    def write_customers(self, path: Path, *, full: bool = False) -> None:
        """Write the customer table as a folder of Parquet parts, by identity_id."""
        self._write("customer_table", self.customer_frame(full=full).orderBy("identity_id"), path)

    def ledger(self):
        """Give where every sale row went, as ``DuckEngine.ledger``."""
        return self._fetched("ledger", self.frame("ledger"))

    def gap_counts(self):
        """Give how long customers wait between order days, as ``DuckEngine.gap_counts``: one row per number of days."""
        return self._fetched("gap_counts", self.frame("gap_counts"))

    def cohorts(self):
        """Give what each month's new customers did later, as ``DuckEngine.cohorts``: one row per pair of months."""
        return self._fetched("cohorts", self.frame("cohorts"))

    def pairs(self, *, min_orders: int):
        """Give the products bought together, as ``DuckEngine.pairs``."""
        return self._fetched("pairs", self.frame("pairs", min_orders=min_orders))

    def transitions(self, files: Iterable[Path], scheme: str, *, start: date, end: date):
        """Give how many identities went from each label of `scheme` to each, as ``DuckEngine.transitions``; `files` may be folders of parts."""
        with spark_session.told("transitions"):
            self._view("labels", self.spark.read.parquet(*[spark_sources.plain(one, reading=True) for one in files]))
        return self._fetched("transitions", self.frame("transitions", scheme=scheme, from_day=start, to_day=end))

    def edges(self, column: str, bins: int, *, reverse: bool = False, approximate: bool = False, accuracy: int = spark_edges.ACCURACY) -> Edges:
        """Cut a column of the customer table into `bins` scores, as ``DuckEngine.edges``: exact unless `approximate`.

        Parameters
        ----------
        approximate : bool
            By percentile_approx, without the value → count reduction; says how far the ranks are off.
        accuracy : int
            percentile_approx keeps the ranks within 1 / `accuracy` of the customers.
        """
        if not approximate:
            return edges_of(*self._pairs("value_counts", spark_edges.changing(bins, reverse), column=column), bins, reverse=reverse)
        within("accuracy", accuracy, 1, 1_000_000)
        self._keep("rfm")
        with spark_session.told(f"edges of {column}"):
            found, off = spark_edges.approximate(self._values(column), bins, reverse=reverse, see=self._see, accuracy=accuracy)
        self.say(text("engine.rank_error", "en", column=column, promised=f"{1 / accuracy:.4%}", measured=f"{off:.4%}"))
        return found

    def rate_edges(self, bins: int = 3) -> Edges:
        """Cut orders per 30.4 days into `bins` scores, as ``DuckEngine.rate_edges``."""
        self._keep("rates")
        return edges_of(*self._pairs("rate_counts", spark_edges.changing(bins, False)), bins)

    def share_edges(self, shares: tuple[float, float]) -> tuple[float, float]:
        """Give the smallest net amounts of the first and second class by cumulative `shares` of money, as ``DuckEngine.share_edges``."""
        return share_edges_of(*spark_edges.money_pairs(self._narrowed("net_counts", spark_edges.crossing(shares))), shares)

    def quantile_edges(self, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        """Give the net amounts at the `quantiles` of all customers, as ``DuckEngine.quantile_edges``."""
        looked = spark_edges.holding(lambda total: [min(math.floor(one * total), total - 1) for one in quantiles])
        return quantile_edges_of(*self._pairs("net_counts", looked), quantiles)

    def middle(self, column: str, how: str) -> float:
        """Give the ``median`` or ``mean`` of a column, of customers with an order, as ``DuckEngine.middle``."""
        one_of("cut", how, ["median", "mean"])
        if how == "median":
            return middle_of(*self._pairs("value_counts", spark_edges.holding(lambda total: [(total - 1) // 2, total // 2]), column=column), how)
        self._keep("rfm")
        with spark_session.told("value_counts"):
            total = self.frame("value_counts", ordered=False, column=column).selectExpr(
                "sum(customers) AS n", "sum(CAST(amount AS DECIMAL(22,6)) * CAST(customers AS DECIMAL(16,0))) AS amount")
            found = self._see(f"mean of {column}: one row", total).toArrow().to_pylist()[0]
        return round(float(found["amount"] / found["n"]), 6) if found["n"] else float("nan")

    def write_labels(self, path: Path, thresholds: dict, cells: list[tuple]) -> int:
        """Write the labels as a folder of Parquet parts, as ``DuckEngine.write_labels``; give the number of rows."""
        from pyspark.sql import Observation
        from pyspark.sql import functions as F

        bound = label_parameters(thresholds)
        self._keep("rates")
        self._keep("customers")
        with spark_session.told("labels"):
            names = spark_sources.small(self.spark, cells, "scheme string, r int, f int, m int, label string, score double, rule string")
            self._view("cells", names)
            scored = _stored(self.frame("scored", **bound))
            self._view("scored", scored)
            rows = Observation("labels")
            counted = self.frame("labels", **bound).observe(rows, F.count(F.lit(1)).alias("rows"))
        self._write("labels", counted, path)
        scored.unpersist()
        return int(rows.get["rows"])

    def write_queries(self, folder: Path) -> None:
        """Write the SQL texts that ran so far into `folder`, each as it stands in the package and as Spark read it."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.queries:
            (folder / f"{name}.sql").write_text(sql_text(name), encoding="utf-8")
            (folder / f"{name}.spark.sql").write_text(spark_text(name) + "\n", encoding="utf-8")

    def _trivial(self, people) -> bool:
        """Tell whether the identity map says of itself that it joins nobody: then the join through it changes nothing."""
        if "rule" not in people.columns:
            return False
        with spark_session.told("identity_map"):
            said = people.selectExpr("min(rule) AS low", "max(rule) AS high", "count(*) - count(rule) AS blank").toArrow().to_pylist()
        return said == [{"low": "trivial", "high": "trivial", "blank": 0}]

    def _narrowed(self, query: str, wanted: spark_edges.Wanted, **more: object) -> list[spark_edges.Block]:
        self._keep("rfm")
        with spark_session.told(query):
            counts = self.frame(query, ordered=False, **more).persist()
            try:
                return spark_edges.narrowed(counts, wanted, see=self._see, most=self.most)
            finally:
                counts.unpersist()

    def _pairs(self, query: str, wanted: spark_edges.Wanted, **more: object) -> tuple[list[float], list[int]]:
        return spark_edges.pairs(self._narrowed(query, wanted, **more))

    def _keep(self, table: str):
        if table not in self._kept:
            query, base = kept(table, self.parameters["window_start"])
            if base:
                self._keep(base)
            self._kept[table] = _stored(self.frame(query))
            self._view(table, self._kept[table])
        return self._kept[table]

    def _values(self, column: str):
        """Give one row per customer with the value that ``value_counts`` counts: its first step."""
        import sqlglot

        tree = sqlglot.parse_one(spark_text("value_counts"), read="spark")
        query = sqlglot.select("amount").from_(tree.args["from_"].this).where("amount IS NOT NULL")
        return self.spark.sql(query.sql("spark"), args={"column": column})

    def _view(self, name: str, frame) -> None:
        if frame.sparkSession is self.spark:
            frame.createOrReplaceTempView(name)
            return
        # a frame of the user's session: only a global view is seen from a sub-session
        shared = f"custlib_{name}_{uuid.uuid4().hex}"
        frame.createGlobalTempView(shared)
        self._global.append(shared)
        self.spark.table(f"global_temp.{shared}").createOrReplaceTempView(name)

    def _see(self, name: str, frame):
        self.steps.append((name, frame))
        return frame

    def _fetched(self, name: str, frame):
        """Give a result as pandas, with the types that DuckDB gives; refuse one that is too large to be fetched."""
        import duckdb

        with spark_session.told(name):
            if name == "customer_table" and (held := frame.count()) > MOST_ROWS:
                raise Problem("spark_rows", rows=f"{held:,}", most=f"{MOST_ROWS:,}")
            rows = frame.toArrow()
        with duckdb.connect() as db:
            return db.from_arrow(rows).df()

    def _write(self, name: str, frame, path: Path) -> None:
        if "://" not in str(path) and Path(path).exists():
            raise Problem("spark_exists", file=str(path))
        with spark_session.told(name):
            frame.write.mode("errorifexists").parquet(spark_sources.plain(path))
