"""Spark: the same answers as DuckDB from the same SQL files, its sources, its edges, its physical plans."""

import importlib.util
import json
import math
import re
import shutil
import sys
import tomllib
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import hand_build
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from custlib.engine import DuckEngine, connect, sql_text
from custlib.engine.edges import edges_of, middle_of, quantile_edges_of, share_edges_of
from custlib.engine.labels_sql import CELLS as NAMES_OF_CELLS
from custlib.engine.labels_sql import label_parameters
from custlib.engine.spark_edges import Block, changing, crossing, holding, money_pairs, narrowed, score
from custlib.engine.spark_edges import pairs as block_pairs
from custlib.i18n import Problem, Trouble

HERE = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
pytestmark = pytest.mark.xdist_group("spark")  # one Java for all of them
NAMES = sorted(entry.name.removesuffix(".sql") for entry in (files("custlib.engine") / "sql").iterdir() if entry.name.endswith(".sql")
               and not entry.name.startswith("state_"))  # the state is a file of DuckDB's
AS_OF = date(2024, 3, 1)
GIVEN = {"column": "net_amount"}  # values for the parameters that an engine does not hold
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One Spark of the user's for all tests; skips where there is none."""
    if not HERE:
        pytest.skip("needs PySpark (make extra NAME=spark) and Java 17")
    from custlib.engine import spark_session

    # small data: few partitions, a Java that warms up quickly, no code made for each query (the million rows turn it on again)
    quick = {"spark.sql.shuffle.partitions": "4", "spark.sql.codegen.wholeStage": "false",
             "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spark_session, "LOCAL", {**spark_session.LOCAL, **quick})
        found, started = spark_session.opened(master="local[2]", memory="2GB", spill=tmp_path_factory.mktemp("spill"))
    yield found
    if started:
        found.stop()


@pytest.fixture
def spark_over(session):
    """Make engines over a source, closed after the test."""
    from custlib.engine.spark import SparkEngine

    opened = []

    def make(source, as_of=AS_OF, **rules):
        opened.append(SparkEngine(source, as_of, session=session, **rules))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def duck_answer(engine: DuckEngine, name: str, parameters: dict) -> pa.Table:
    used = {key: value for key, value in {**engine.parameters, **parameters}.items() if f"${key}" in re.sub(r"--.*", "", sql_text(name))}
    return engine.db.sql(sql_text(name), params=used).to_arrow_table()


def kinds(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type).replace("large_", "") for field in table.schema}


def widest(table: pa.Table) -> pa.Table:
    fields = [pa.field(one.name, pa.decimal128(38, one.type.scale) if pa.types.is_decimal(one.type) else one.type) for one in table.schema]
    return table.cast(pa.schema(fields))


def assert_same(ducks: pa.Table, sparks: pa.Table, name: str) -> None:
    """Equal in names, types and rows: exactly, floats within one unit in the last place."""
    if name.startswith(("sales_", "counted_", "purchases_")):  # read by other queries only: sums of decimals have a width of each engine's own
        ducks, sparks = widest(ducks), widest(sparks)
    assert kinds(ducks) == kinds(sparks), name
    assert ducks.num_rows == sparks.num_rows, name
    floats = [field.name for field in ducks.schema if pa.types.is_floating(field.type)]
    ordered = []
    with connect() as db:
        for one in (ducks, sparks):
            db.register("one", one)
            columns = ", ".join([f'"{column}"' for column in one.column_names if column not in floats] + [f'"{column}"' for column in floats])
            ordered.append(db.sql(f"SELECT {columns} FROM one ORDER BY ALL").to_arrow_table())
            db.unregister("one")
    for column in ordered[0].column_names:
        mine, yours = (one[column] for one in ordered)
        if column not in floats:
            assert mine.equals(yours), (name, column)
            continue
        mine, yours = (one.to_numpy(zero_copy_only=False).astype("float64") for one in (mine, yours))
        assert (np.isnan(mine) == np.isnan(yours)).all(), (name, column)
        known = ~np.isnan(mine)
        assert (np.abs(mine[known] - yours[known]) <= np.spacing(np.abs(mine[known]))).all(), (name, column)


SMALL = {"timed": 1, "discounted": 1, "min_orders": 1, "scheme": "rfm.cell", "from_day": AS_OF, "to_day": AS_OF}
CELLS = [("rfm.named", r, f, m, f"甲'{r}{f}{m}", (r + f + m) / 3, '"x"' if m > 2 else None)
         for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)] + [("rfm.cn8", 2, 1, 1, "一般发展", 2.0, None)]


def thresholds(engine) -> dict:
    """Give what edges.json holds, from an engine's own answers."""
    columns = {column: engine.edges(column, 5, reverse=column == "recency_days").as_dict() for column in ("recency_days", "orders", "net_amount")}
    shares, heads = engine.share_edges((0.7, 0.9)), engine.quantile_edges((0.8, 0.4))
    return {
        "rfm": columns,
        "cn8": {column: engine.middle(column, how) for column, how in (("recency_days", "median"), ("orders", "mean"), ("net_amount", "median"))},
        "abc": {"edges": dict(zip("AB", shares, strict=True))}, "tier3": {"edges": dict(zip(("high", "mid"), heads, strict=True))},
        "freq": {"hml": engine.rate_edges().as_dict()}, "lifecycle": {"lost_days": 2.5, "new_days": 2, "loyal_days": 2},
    }


def prepare(spark, ducks: DuckEngine, bound: dict, labels: Path) -> None:
    """Make the tables that one query writes and another reads, in both engines."""
    from custlib.engine.queries import PARTS
    from custlib.engine.spark import _stored
    from custlib.engine.spark_sources import small

    ducks._make("rates")
    ducks._make("customers")
    ducks.db.execute(f"CREATE OR REPLACE TEMP TABLE cells ({NAMES_OF_CELLS})")
    ducks.db.executemany("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", CELLS)
    ducks._create("scored", "scored", **bound)
    ducks.db.execute(f"CREATE OR REPLACE VIEW labels AS SELECT * FROM '{labels}'")
    spark._keep("rates")
    spark._keep("customers")
    spark._view("cells", small(spark.spark, CELLS, "scheme string, r int, f int, m int, label string, score double, rule string"))
    spark._kept["scored"] = _stored(spark.frame("scored", **bound))
    spark._view("scored", spark._kept["scored"])
    spark._view("labels", spark.spark.read.parquet(str(labels)))
    for name in ("counted", "purchases"):  # what many queries read is computed once
        spark._kept[name] = _stored(spark._rows[name])
    for part in PARTS:
        ducks._create(part, part, **SMALL)
        spark._kept[part] = _stored(spark.frame(part, **SMALL))
        spark._view(part, spark._kept[part])


def assert_every_file_agrees(folder: Path, spark_over, names=NAMES, **rules) -> None:
    spark = spark_over(folder, **rules)
    with DuckEngine(folder, AS_OF, **rules) as ducks:
        limits = thresholds(ducks)
        bound = {**SMALL, **label_parameters(limits)}
        ducks.write_labels(folder / "labels.parquet", limits, CELLS)
        prepare(spark, ducks, bound, folder / "labels.parquet")
        for name in names:
            if name == "sales_from_lines" and not (folder / "order_lines.parquet").exists():
                continue
            for column in ("recency_days", "orders", "net_amount") if name == "value_counts" else ("net_amount",):
                used = {**bound, "column": column}
                assert_same(duck_answer(ducks, name, used), spark.frame(name, **used).toArrow(), name)


def assert_every_method_agrees(folder: Path, spark_over, tmp: Path, **rules) -> None:
    """Compare what the public methods give: values, types and order where there is one."""
    spark = spark_over(folder, **rules)
    with DuckEngine(folder, AS_OF, **rules) as ducks:
        for name, options in (("customers", {}), ("customers", {"full": True}), ("gap_counts", {}), ("cohorts", {}), ("pairs", {"min_orders": 2})):
            pd.testing.assert_frame_equal(getattr(spark, name)(**options), getattr(ducks, name)(**options), rtol=1e-15, atol=0, obj=name)
        one, other = (engine.ledger().sort_values("step", ignore_index=True) for engine in (spark, ducks))
        pd.testing.assert_frame_equal(one, other)
        limits = thresholds(spark)
        assert limits == thresholds(ducks)
        written = [engine.write_labels(tmp / f"labels_{number}", limits, CELLS) for number, engine in enumerate((spark, ducks))]
        assert written[0] == written[1]
        found = pq.ParquetDataset([one for one in sorted((tmp / "labels_0").iterdir()) if one.suffix == ".parquet"]).read()
        wanted = pq.read_table(tmp / "labels_1")
        assert kinds(found) == kinds(wanted)
        assert found.to_pydict() == wanted.to_pydict()  # scheme after scheme, each by identity
        moves = [engine.transitions([tmp / f"labels_{number}"], "rfm.cell", start=AS_OF, end=AS_OF) for number, engine in enumerate((spark, ducks))]
        pd.testing.assert_frame_equal(*moves)


# ---- the same frame through both engines

TEXTS = st.sampled_from(["a", "b", "A", "", " a", "é", "客", "x'y", "\\n"])
ORDER = st.tuples(
    st.sampled_from(["a", "b", "c", None]),
    st.integers(-4, 2),
    st.sampled_from([timedelta(0), timedelta(hours=23, minutes=59, seconds=59, microseconds=999999), timedelta(hours=12)]),
    st.sampled_from(["0", "10", "-4", "0.01", "-0.01", "33.33", "99999999999999.99"]),
    st.booleans(),
    st.sampled_from([None, None, None, "rule"]),
    st.sampled_from([None, "web", "store"]),
    st.lists(st.tuples(st.sampled_from(["p", "q", "r", None]), st.sampled_from(["0", "1.5", "-2", "10"])), max_size=3),
)
WORLD = st.tuples(st.lists(ORDER, max_size=8), st.booleans())


def made_worlds(count: int) -> list:
    """Give worlds that hypothesis makes, always the same ones: Spark reads them all in one go."""
    found = []

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
    @given(WORLD)
    def gather(world):
        found.append(world)

    gather()
    return found


def written(folder: Path, worlds: list, *, lines: bool) -> Path:
    """Write worlds side by side as a build: customers of one never meet those of another, except where two ids are one person."""
    folder.mkdir(parents=True)
    orders, rows, people = [], [], {}
    for number, (world, merged) in enumerate(worlds):
        for place, (customer, day, time, amount, back, rule, channel, parts) in enumerate(world):
            who = None if customer is None else f"{number}-{customer}"
            if who:
                people[who] = f"{number}-a" if merged and customer == "b" else who
            when, money = datetime.combine(AS_OF + timedelta(days=day), datetime.min.time()) + time, Decimal(amount)
            orders.append((f"{number}-{place}", who, when, when.date(), money, back or money < 0, money == 0, rule, channel))
            rows += [(f"{number}-{place}", at, product, Decimal(at + 1) if at else None, Decimal("0.5") * at if at < 2 else None, Decimal(part),
                      Decimal(part) < 0, Decimal(part) == 0, None) for at, (product, part) in enumerate(parts)]
    with duckdb.connect() as db:
        db.execute("CREATE TABLE orders (order_id VARCHAR, customer_id VARCHAR, order_ts TIMESTAMP, order_day DATE, net_amount DECIMAL(18,2), "
                   "is_return BOOLEAN, is_zero BOOLEAN, excluded_by VARCHAR, channel VARCHAR)")
        db.execute("CREATE TABLE order_lines (order_id VARCHAR, line_no BIGINT, product_id VARCHAR, quantity DECIMAL(18,4), "
                   "discount_amount DECIMAL(18,2), net_amount DECIMAL(18,2), is_return BOOLEAN, is_zero BOOLEAN, excluded_by VARCHAR)")
        db.execute("CREATE TABLE products AS SELECT * FROM (VALUES ('p', '食品'), ('q', 'a'), ('r', NULL)) AS t(product_id, category_l1)")
        db.execute("CREATE TABLE identity_map (id_type VARCHAR, id_value VARCHAR, identity_id VARCHAR)")
        for table, values in (("orders", orders), ("order_lines", rows), ("identity_map", [("customer", *one) for one in people.items()]),
                              ("products", [])):
            if values:
                db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)
            if table != "order_lines" or lines:
                db.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")
    return folder


ALL, LEFT_OUT = {}, {"returns": "exclude", "zero": "exclude", "window_days": 3}


@pytest.mark.parametrize(("lines", "rules"), [(False, LEFT_OUT), (True, ALL)], ids=["orders, left out", "lines, all"])
def test_every_file_on_made_worlds(tmp_path, spark_over, lines, rules):
    assert_every_file_agrees(written(tmp_path / "b", made_worlds(150), lines=lines), spark_over, **rules)


def test_every_method_on_made_worlds(tmp_path, spark_over):
    assert_every_method_agrees(written(tmp_path / "b", made_worlds(60), lines=True), spark_over, tmp_path, **LEFT_OUT)


@pytest.mark.parametrize("orders", [[], [("o1", "a", "2024-02-29", "5.00")], [("o1", None, "2024-02-29", "5.00")]],
                         ids=["no rows", "one customer", "nobody"])
def test_the_engine_on_next_to_nothing(tmp_path, spark_over, orders):
    folder = hand_build(tmp_path / "b", orders)
    spark = spark_over(folder)
    with DuckEngine(folder, AS_OF) as ducks:
        assert spark.share_edges((0.7, 0.9)) == ducks.share_edges((0.7, 0.9))
        assert spark.quantile_edges((0.8, 0.4)) == ducks.quantile_edges((0.8, 0.4))
        for found, wanted in ((spark.customers(), ducks.customers()), (spark.ledger(), ducks.ledger())):
            assert found.dtypes.to_dict() == wanted.dtypes.to_dict()
            assert found.equals(wanted)
        assert spark.edges("net_amount", 5) == ducks.edges("net_amount", 5) == spark.edges("net_amount", 5, approximate=True)


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A build of 1,000,000 lines, 250,000 orders and 30,000 customers: refunds, zeros, nobody's orders, heavy-tailed amounts; the same
    orders once more in hive partitions."""
    folder = tmp_path_factory.mktemp("million")
    with connect(ordered=False) as db:
        db.execute("""CREATE VIEW o AS SELECT CAST(i AS VARCHAR) AS order_id,
            CASE WHEN i % 97 = 0 THEN NULL ELSE CAST((i * 7919) % 30011 AS VARCHAR) END AS customer_id,
            CAST(DATE '2021-01-01' + CAST((i * 104729) % 1200 AS INTEGER) AS TIMESTAMP) + to_seconds((i * 31) % 86400) AS order_ts,
            CAST(DATE '2021-01-01' + CAST((i * 104729) % 1200 AS INTEGER) AS DATE) AS order_day, CAST(0 AS DECIMAL(18,2)) AS net_amount,
            i % 53 = 0 AS is_return, false AS is_zero, CASE WHEN i % 1009 = 0 THEN 'rule' END AS excluded_by,
            ['web', 'store', 'app', NULL][1 + i % 4] AS channel
            FROM range(250000) AS t(i)""")
        db.execute("""CREATE VIEW l AS SELECT CAST(i % 250000 AS VARCHAR) AS order_id, i AS line_no, CAST((i * 31) % 211 AS VARCHAR) AS product_id,
            CAST(i % 5 AS DECIMAL(18,4)) AS quantity, CASE WHEN i % 3 = 0 THEN CAST(i % 7 AS DECIMAL(18,2)) END AS discount_amount,
            CAST(CASE WHEN i % 59 = 0 THEN -1 WHEN i % 71 = 0 THEN 0 ELSE 1 END
                 * exp(((i * 1103515245 + 12345) % 1000003) / 120000.0) AS DECIMAL(18,2)) AS net_amount,
            i % 59 = 0 AS is_return, i % 71 = 0 AND i % 59 <> 0 AS is_zero, CAST(NULL AS VARCHAR) AS excluded_by
            FROM range(1000000) AS t(i)""")
        people = "SELECT DISTINCT 'customer' AS id_type, customer_id AS id_value, customer_id AS identity_id FROM o WHERE customer_id IS NOT NULL"
        products = "SELECT CAST(i AS VARCHAR) AS product_id, CAST(i % 9 AS VARCHAR) AS category_l1 FROM range(205) AS t(i)"
        for name, select in (("orders", "FROM o"), ("order_lines", "FROM l"), ("identity_map", people), ("products", products)):
            db.execute(f"COPY ({select}) TO '{folder}/{name}.parquet' (FORMAT parquet)")
        db.execute(f"COPY (SELECT *, year(order_day) AS sold FROM o) TO '{folder}/parts' (FORMAT parquet, PARTITION_BY (sold))")
    return folder


def test_a_million_rows_agree_and_little_is_fetched(million, spark_over, tmp_path, monkeypatch):
    from pyspark.sql.classic.dataframe import DataFrame
    from spark_plans import faults

    source = {name: million / f"{name}.parquet" for name in ("order_lines", "identity_map", "products")}
    spark, fetched, whole = spark_over({"orders": million / "parts", **source}), [], DataFrame.toArrow
    spark.most = 2_000  # so that the edges need slices
    spark.spark.conf.set("spark.sql.codegen.wholeStage", "true")
    with DuckEngine(million, AS_OF) as ducks:
        monkeypatch.setattr(DataFrame, "toArrow", lambda self: fetched.append(whole(self)) or fetched[-1])
        limits = thresholds(spark)
        assert limits == thresholds(ducks)
        rows = spark.write_labels(tmp_path / "labels", limits, CELLS)
        assert max(one.num_rows for one in fetched) <= spark.most
        monkeypatch.undo()
        assert [(name, faults(frame)) for name, frame in spark.steps if faults(frame)] == []  # as they ran, not only as they were planned
        assert ducks.write_labels(tmp_path / "labels.parquet", limits, CELLS) == rows
        bound = {**SMALL, **label_parameters(limits), "min_orders": 100, "column": "net_amount"}
        prepare(spark, ducks, bound, tmp_path / "labels.parquet")
        for name in NAMES:
            if name.startswith(("sales_", "counted_")) or name == "purchases_from_orders":
                continue  # rows that the other queries read
            assert_same(duck_answer(ducks, name, bound), spark.frame(name, **bound).toArrow(), name)


# ---- the physical plans

ROWS = 10_000_000


@pytest.fixture(scope="module")
def large(session):
    """Tables of 10,000,000 rows that nobody computes: Spark plans by their size."""
    rows = session.range(ROWS)
    orders = rows.selectExpr(
        "CAST(id AS STRING) AS order_id", "CAST(id % 3000017 AS STRING) AS customer_id", "CAST(DATE'2021-01-01' AS TIMESTAMP_NTZ) AS order_ts",
        "date_add(DATE'2021-01-01', CAST(id % 1200 AS INT)) AS order_day", "CAST(id % 100000 AS DECIMAL(18,2)) / 100 AS net_amount",
        "CASE WHEN id % 2 = 0 THEN 'web' END AS channel")
    lines = rows.selectExpr("CAST(id % 4000037 AS STRING) AS order_id", "id AS line_no", "CAST(id % 1000 AS STRING) AS product_id",
                            "CAST(id % 1000 AS DECIMAL(18,2)) AS net_amount")
    products = rows.selectExpr("CAST(id AS STRING) AS product_id", "CAST(id % 20 AS STRING) AS category_l1")
    people = rows.selectExpr("'customer' AS id_type", "CAST(id AS STRING) AS id_value", "CAST(id AS STRING) AS identity_id")
    return {"orders": orders, "order_lines": lines, "products": products, "identity_map": people}


# what may come to one place: one row of sums or counts per partition, and what is joined to it
FINAL = {"orders": {"what_is_known": ["HashAggregateExec"]}, "lines": {"what_is_known": ["HashAggregateExec"], "pairs": ["HashAggregateExec"]}}


@pytest.mark.parametrize("grain", ["orders", "lines"])
def test_no_plan_of_a_query_gathers_what_grows(large, spark_over, grain):
    from spark_plans import allowed, faults

    from custlib.engine.queries import PARTS
    from custlib.engine.spark import _stored
    from custlib.engine.spark_sources import small

    spark = spark_over({name: one for name, one in large.items() if grain == "lines" or name != "order_lines"}, check=False)
    spark._keep("rates")
    spark._keep("customers")
    cut = {"edges": {"1": 1.0}, "top": 5, "bins": 5, "reversed": False}
    bound = label_parameters({"rfm": dict.fromkeys(("recency_days", "orders", "net_amount"), cut), "freq": {"hml": cut},
                              "cn8": dict.fromkeys(("recency_days", "orders", "net_amount"), 1.0), "abc": {"edges": {"A": 9.0, "B": 1.0}},
                              "tier3": {"edges": {"high": 9.0, "mid": 1.0}}, "lifecycle": {"lost_days": 9, "new_days": 9, "loyal_days": 3}})
    spark._view("cells", small(spark.spark, CELLS, "scheme string, r int, f int, m int, label string, score double, rule string"))
    spark._kept["scored"] = _stored(spark.frame("scored", **bound))
    spark._view("scored", spark._kept["scored"])
    for part in PARTS:
        spark._view(part, spark.frame(part, **SMALL))
    spark._view("labels", spark.frame("labels", **bound))
    found = {name: (faults(frame), allowed(frame)) for name in NAMES for frame in [spark.frame(name, **SMALL, **bound, column="net_amount")]}
    assert {name: bad for name, (bad, _) in found.items() if bad} == {}
    assert {name: steps for name, (_, steps) in found.items() if steps} == FINAL[grain]  # without lines no product is known, and the pairs are empty


def test_the_steps_of_edges_gather_one_row_a_partition_and_nothing_else(large, spark_over):
    from spark_plans import allowed, faults

    from custlib.engine import spark_edges as edges

    counts = large["orders"].groupBy("net_amount").count().selectExpr("CAST(net_amount AS DOUBLE) AS amount", "count AS customers")
    blocks = [Block(0.0, 10.0, 10**6, 10**6), Block(20.0, 30.0, 10**6, 10**6)]
    steps = {"totals": edges._summed(counts), "slices": edges._sliced(counts, blocks, 1000), "values": counts.where(edges._within(blocks))}
    assert {name: faults(frame) for name, frame in steps.items()} == {"totals": [], "slices": [], "values": []}
    assert {name: allowed(frame) for name, frame in steps.items()} == {"totals": ["HashAggregateExec"], "slices": [], "values": []}


BAD_PLANS = {
    "window": "SELECT row_number() OVER (ORDER BY order_id) AS n FROM orders",
    "sum over all": "SELECT sum(net_amount) OVER () AS n FROM orders",
    "limit": "SELECT order_id FROM orders ORDER BY order_id LIMIT 5000000",
    "offset": "SELECT DISTINCT order_id FROM orders LIMIT 2000000",
    "cross": "SELECT a.order_id FROM orders AS a CROSS JOIN identity_map AS b",
    "broadcast": "SELECT /*+ BROADCAST(m) */ o.order_id FROM orders AS o JOIN identity_map AS m ON m.id_value = o.customer_id",
    "unequal": "SELECT a.order_id FROM orders AS a JOIN identity_map AS b ON a.customer_id < b.id_value",
    "one partition": "SELECT /*+ REPARTITION(1) */ order_id FROM orders",
}


@pytest.mark.parametrize("name", BAD_PLANS)
def test_the_reader_of_plans_finds_what_is_not_allowed(large, spark_over, name):
    from spark_plans import faults

    assert faults(spark_over(large, check=False).spark.sql(BAD_PLANS[name])) != []


def test_the_reader_of_plans_lets_final_steps_pass(large, spark_over):
    from spark_plans import allowed, faults

    spark = spark_over(large, check=False).spark
    good = spark.sql("SELECT count(*) AS n, max(net_amount) AS m FROM orders")
    few = spark.sql("SELECT o.order_id FROM orders AS o JOIN (VALUES ('1'), ('2')) AS v(k) ON v.k = o.customer_id ORDER BY o.order_id LIMIT 1000")
    assert (faults(good), allowed(good), faults(few)) == ([], ["HashAggregateExec"], [])


# ---- edges

@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 30)), min_size=1, max_size=12), st.integers(2, 7), st.booleans())
def test_in_a_block_that_is_not_cut_again_all_customers_have_one_score(blocks, bins, reverse):
    total, below = sum(max(values, customers) for values, customers in blocks), 0
    made = [Block(number * 10.0, number * 10.0 + values - 1, values, max(values, customers)) for number, (values, customers) in enumerate(blocks)]
    opened = changing(bins, reverse)(made)
    for one in made:
        possible = {score(2 * (below + before) + here + 1, total, bins, reverse)
                    for before in range(one.customers) for here in range(1, one.customers - before + 1)}
        if one not in opened and one.values > 1:
            assert len(possible) == 1
        below += one.customers


def skewed() -> tuple[list[float], list[int]]:
    values = sorted({round(math.exp(number / 40) - 300, 2) for number in range(400)})
    return values, [1 + (number * 7919) % 13 + (900 if number == 180 else 0) for number in range(len(values))]


def test_thresholds_by_slices_are_those_of_all_the_values(session):
    values, counts = skewed()
    frame = session.createDataFrame(pa.table({"amount": values, "customers": counts})).repartition(3).persist()
    names = []

    def cut(wanted, most=5):
        return narrowed(frame, wanted, most=most, slices=8, see=lambda name, one: names.append(name) or one)

    assert edges_of(*block_pairs(cut(changing(5, False))), 5) == edges_of(values, counts, 5)
    assert edges_of(*block_pairs(cut(changing(5, True))), 5, reverse=True) == edges_of(values, counts, 5, reverse=True)
    assert edges_of(*block_pairs(cut(changing(100, True), 150)), 100, reverse=True) == edges_of(values, counts, 100, reverse=True)
    assert share_edges_of(*money_pairs(cut(crossing((0.7, 0.9)))), (0.7, 0.9)) == share_edges_of(values, counts, (0.7, 0.9))
    total = sum(counts)
    at = holding(lambda _: [int(0.8 * total), int(0.4 * total)])
    assert quantile_edges_of(*block_pairs(cut(at)), (0.8, 0.4)) == quantile_edges_of(values, counts, (0.8, 0.4))
    middle = holding(lambda _: [(total - 1) // 2, total // 2])
    assert middle_of(*block_pairs(cut(middle)), "median") == middle_of(values, counts, "median")
    assert names.count("edges: one row per slice") >= 12
    frame.unpersist()


def test_approximate_edges_say_how_far_off_they_are(million, spark_over):
    told = []
    spark = spark_over(million, say=told.append)
    exact, near = spark.edges("net_amount", 5), spark.edges("net_amount", 5, approximate=True, accuracy=200)
    assert re.fullmatch(r"The edges of net_amount come from percentile_approx: ranks are off by at most 0\.5000% of the customers, "
                        r"measured 0\.\d{4}%\.", told[0]) and len(told) == 1
    values = spark.spark.sql("SELECT net_amount FROM rfm WHERE orders > 0").toArrow()["net_amount"].to_pylist()
    for number, edge in near.edges.items():
        assert abs(sum(one <= edge for one in values) / len(values) - number / 5) <= 0.005
        assert edge in set(values)
    assert (near.top, set(near.edges)) == (exact.top, set(exact.edges))
    assert spark.edges("orders", 5, approximate=True) == spark.edges("orders", 5)  # ties keep their score


# ---- sources

ORDERS = [("o1", "b", "2024-01-01", 10), ("o2", "a", "2024-01-05", 5), ("o3", "a", "2024-01-05", 7.5), ("o4", "a", "2024-01-09", -2.5),
          ("o5", None, "2024-01-08", 3)]


def plain_orders() -> str:
    rows = ", ".join(f"('{one}', {'NULL' if who is None else repr(who)}, TIMESTAMP '{when} 23:59:59', CAST({money} AS DECIMAL(18,2)))"
                     for one, who, when, money in ORDERS)
    return f"SELECT * FROM (VALUES {rows}) AS t(order_id, customer_id, order_ts, net_amount)"


def made(folder: Path, select: str, name: str = "orders.parquet", options: str = "FORMAT parquet") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        quoted = str(folder / name).replace("'", "''")
        db.execute(f"COPY ({select}) TO '{quoted}' ({options})")
    return folder / name


@pytest.fixture
def wanted(tmp_path):
    with DuckEngine(hand_build(tmp_path / "wanted", ORDERS), AS_OF) as ducks:
        return ducks.customers()


def test_sources_of_every_kind_give_the_same_customers(tmp_path, spark_over, session, wanted):
    odd = tmp_path / "a b[1]{x} 数'据"
    parquet = made(odd, plain_orders())
    csv = made(tmp_path / "c", plain_orders(), "orders.csv", "FORMAT csv, HEADER")
    parted = f"SELECT *, month(order_ts) AS m, order_id AS part FROM ({plain_orders()})"
    hive = made(tmp_path / "h", parted, "orders", "FORMAT parquet, PARTITION_BY (m, part)")
    held = tmp_path / "shop's.duckdb"
    with duckdb.connect(str(held)) as db:
        db.execute(f"CREATE TABLE orders AS {plain_orders().replace('TIMESTAMP ', 'TIMESTAMP_NS ')}")
    doubles = made(tmp_path / "d", f"SELECT order_id, customer_id, CAST(order_ts AS DATE) AS order_day, CAST(net_amount AS DOUBLE) AS net_amount "
                                   f"FROM ({plain_orders()})")
    for source in (odd, {"orders": parquet}, {"orders": csv}, csv.parent, {"orders": hive}, held, {"orders": held},
                   {"orders": "file://" + str(doubles)}, {"orders": session.read.parquet(str(doubles))}):
        found = spark_over(source).customers()
        assert found.equals(wanted), source


def test_money_in_floats_is_rounded_as_duckdb_rounds_it(tmp_path, spark_over):
    money = [1.005, 2.675, 0.125, -0.125, 1.115, -2.675, 0.005, 35.855, 0.285, 1e10 + 0.005]
    source = made(tmp_path / "f", f"SELECT CAST(m AS VARCHAR) AS order_id, 'a' AS customer_id, DATE '2024-01-01' AS order_day, m AS net_amount "
                                  f"FROM (SELECT unnest({money}::DOUBLE[]) AS m)")
    rows = spark_over({"orders": source}).spark.sql("SELECT order_id, net_amount FROM orders").toArrow()
    found = dict(zip(rows["order_id"].to_pylist(), rows["net_amount"].to_pylist(), strict=True))
    with duckdb.connect() as db:
        assert found == dict(db.execute(f"SELECT order_id, CAST(net_amount AS DECIMAL(18,2)) FROM '{source}'").fetchall())


def refusal(spark_over, source) -> str:
    with pytest.raises(Problem) as caught:
        spark_over(source)
    for lang in ("zh", "en"):
        assert "{" not in caught.value.said(lang)
    return str(caught.value)


def test_bad_sources_get_one_clear_sentence(tmp_path, spark_over):
    base = plain_orders()
    lacks = made(tmp_path / "1", f"SELECT order_id, order_ts FROM ({base})")
    assert refusal(spark_over, {"orders": lacks}) == f"{lacks} lacks the columns customer_id, net_amount; it has order_id, order_ts."
    dayless = made(tmp_path / "2", f"SELECT order_id, customer_id, net_amount FROM ({base})")
    assert "lacks the columns order_ts" in refusal(spark_over, {"orders": dayless})
    typed = made(tmp_path / "3", f"SELECT order_id, customer_id, order_ts, net_amount > 1 AS net_amount FROM ({base})")
    assert refusal(spark_over, {"orders": typed}) == \
        f"{typed}: the column net_amount is of type boolean, but a number is needed; export it again with that type."
    csv = tmp_path / "x.csv"
    csv.write_text("order_id,customer_id,order_ts,net_amount\no1,a,2024-01-05,5\no2,a,2024-01-05,secret\no3,a,2024-01-05,\n")
    assert refusal(spark_over, {"orders": csv}) == f"{csv}: rows whose net_amount is not a number: 1; mend them where the file is exported."
    parts = tmp_path / "4"
    made(parts / "m=1", base, "p.parquet")
    made(parts / "m=2", f"SELECT order_id, customer_id, order_ts, CAST(net_amount AS DOUBLE) AS net_amount FROM ({base})", "p.parquet")
    assert refusal(spark_over, {"orders": parts}) == (
        f"{parts}: the part m=2/p.parquet has another schema than m=1/p.parquet (net_amount: decimal128(18, 2) / double); "
        "write all parts anew with one schema.")
    broken = tmp_path / "5.parquet"
    broken.write_bytes(b"PAR1 no more")
    assert refusal(spark_over, {"orders": broken}).startswith(f"{broken} cannot be read (")
    no_base = tmp_path / "6.duckdb"
    no_base.write_bytes(b"no database at all" * 1000)
    assert refusal(spark_over, no_base).startswith(f"{no_base} cannot be read (")
    (tmp_path / "7").mkdir()
    assert refusal(spark_over, tmp_path / "7").startswith(f"{tmp_path / '7'} holds no table orders")
    twice = made(tmp_path / "9", f"{base} UNION ALL {base}")
    assert refusal(spark_over, {"orders": twice}).startswith(f"{twice}: order ids that stand there more than once: 5")
    blank = made(tmp_path / "10", f"SELECT order_id, customer_id, order_ts, nullif(net_amount, 3) AS net_amount FROM ({base})")
    assert refusal(spark_over, {"orders": blank}) == f"{blank}: rows without net_amount: 1; fill them in where the file is exported."
    stray = made(tmp_path / "11", "SELECT 'o9' AS order_id, 1.5 AS net_amount")
    assert refusal(spark_over, {"orders": made(tmp_path / "12", base), "order_lines": stray}).startswith(str(stray))
    bare = tmp_path / "14.csv"
    bare.write_text("1,zoe@example.invalid,2024-01-05,5\n")
    assert refusal(spark_over, {"orders": bare}) == (
        f"{bare}: the first row holds none of the column names that are needed (order_id, customer_id, net_amount); give the file a header.")
    bare.write_text("")
    assert "none of the column names" in refusal(spark_over, {"orders": bare})
    for number, head in enumerate(("order_id,customer_id,order_ts,net_amount", "order_id,customer_id,net_amount,order_ts")):
        (tmp_path / "13").mkdir(exist_ok=True)
        (tmp_path / "13" / f"{number}.csv").write_text(f"{head}\n")
    assert "the part 1.csv has another schema than 0.csv" in refusal(spark_over, {"orders": tmp_path / "13"})
    assert refusal(spark_over, {"orders": tmp_path / "8.parquet"}).startswith(f"{tmp_path / '8.parquet'} does not exist")


def test_a_failure_of_spark_is_one_sentence_without_a_value(tmp_path, spark_over):
    huge = made(tmp_path / "h", "SELECT 'o' || i AS order_id, 'a' AS customer_id, DATE '2024-01-01' AS order_day, "
                                "CAST('9999999999999999.99' AS DECIMAL(18,2)) AS net_amount FROM range(9) AS t(i)")
    spark = spark_over({"orders": huge})
    with pytest.raises(Trouble) as caught:
        spark.ledger()
    assert str(caught.value) == "Spark stopped while working on ledger (NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION); its own log says more."


def test_what_exists_is_not_written_over(tmp_path, spark_over):
    spark = spark_over(hand_build(tmp_path / "b", ORDERS))
    spark.write_customers(tmp_path / "out")
    with pytest.raises(Problem, match="exists already"):
        spark.write_customers(tmp_path / "out")


# ---- the commands

def folder_of(path: Path) -> pd.DataFrame:
    """Read a Parquet file, or the parts of a folder in their order."""
    parts = [path] if path.is_file() else sorted(one for one in path.iterdir() if one.suffix == ".parquet")
    return pd.concat([pd.read_parquet(one) for one in parts if pq.read_metadata(one).num_rows], ignore_index=True)


def test_customers_from_files_are_the_same_by_either_engine(tmp_path, session):
    from custlib.report.orders_tables import write_from_orders

    lines = ("SELECT i % 40 AS order_id, 'p' || i % 7 AS product_id, CAST(i % 5 AS DOUBLE) AS quantity, "
             "CAST((i * 37) % 900 / 10.0 - 5 AS DOUBLE) AS net_amount FROM range(300) AS t(i)")
    orders = ("SELECT i AS order_id, CASE WHEN i % 9 > 0 THEN i % 9 END AS customer_id, TIMESTAMP '2024-01-01' + to_hours(i * 29) AS order_ts, "
              "CASE WHEN i % 2 = 0 THEN 'web' END AS channel, month(order_ts) AS m FROM range(40) AS t(i)")
    sold = made(tmp_path / "h", orders, "orders", "FORMAT parquet, PARTITION_BY (m)")
    detail = made(tmp_path / "l", lines, "lines.csv", "FORMAT csv, HEADER")
    said = []
    outs = {engine: write_from_orders(sold, tmp_path / engine, lines=detail, as_of="2024-02-10", engine=engine, full=True, set_=["bins=3"],
                                      say=said.append) for engine in ("duckdb", "spark")}
    for name in ("customers", "labels"):
        one, other = (folder_of(out / f"{name}.parquet") for out in outs.values())
        pd.testing.assert_frame_equal(one, other, rtol=1e-15, atol=0, check_dtype=False)
    edges = [json.loads((out / "edges.json").read_text()) for out in outs.values()]
    assert [one.pop("engine") for one in edges] == ["duckdb", "spark"]
    assert edges[0] == edges[1]
    assert sum(line.startswith("customer table: ") for line in said) == 2


def test_the_engine_is_a_parameter_of_the_run(tmp_path, session):
    from helpers import shop

    from custlib.report.segment_tables import write_segment_tables

    content = "order,customer,day,amount\n" + "".join(f"o{i},c{i % 7},2024-01-{1 + i % 28:02},{(i * 7) % 50 + 0.25}\n" for i in range(60))
    data = shop(tmp_path / "shop", content)
    outs = [write_segment_tables(str(data.path), tmp_path / one, as_of="2024-02-01", set_=[f"engine={one}"]) for one in ("duckdb", "spark")]
    for name in ("customers", "labels"):
        pd.testing.assert_frame_equal(*(pd.read_parquet(out / f"{name}.parquet") for out in outs))
    assert (outs[0] / "edges.json").read_text() == (outs[1] / "edges.json").read_text()


def test_an_engine_that_cannot_start_is_refused_before_anything_is_done(monkeypatch):
    from custlib.engine.choose import ready

    ready("duckdb")
    with pytest.raises(Problem, match="engine must be one of"):
        ready("sparks")
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(Problem) as caught:
        ready("spark")
    assert caught.value.key == "spark_missing"


# ---- the session

def test_the_users_session_keeps_its_views_and_settings(tmp_path, session, spark_over):
    session.range(3).createOrReplaceTempView("orders")
    zone, partitions = session.conf.get("spark.sql.session.timeZone"), session.conf.get("spark.sql.shuffle.partitions")
    session.conf.set("spark.sql.session.timeZone", "Asia/Shanghai")
    spark = spark_over(hand_build(tmp_path / "b", ORDERS))
    assert (spark.spark.conf.get("spark.sql.session.timeZone"), spark.spark.conf.get("spark.sql.shuffle.partitions")) == ("UTC", partitions)
    spark.close()
    assert session.conf.get("spark.sql.session.timeZone") == "Asia/Shanghai"
    assert session.table("orders").count() == 3
    session.conf.set("spark.sql.session.timeZone", zone)
    session.catalog.dropTempView("orders")


@given(value=st.text(max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_bound_text_is_a_value_and_never_sql(session, value):
    from custlib.engine.spark import _argument

    assert session.sql("SELECT :x AS x", args={"x": _argument(value)}).toArrow()["x"].to_pylist() == [value]


def test_the_queries_are_written_as_they_stand_and_as_spark_reads_them(tmp_path, spark_over):
    spark = spark_over(hand_build(tmp_path / "b", ORDERS))
    spark.ledger()
    spark.write_queries(tmp_path / "q")
    assert sorted(one.name for one in (tmp_path / "q").iterdir()) == [
        f"{name}.{end}" for name in ("counted_by_map", "ledger", "purchases_from_orders", "sales_from_orders") for end in ("spark.sql", "sql")]
    assert (tmp_path / "q" / "ledger.sql").read_text() == sql_text("ledger")
    assert ":as_of" in (tmp_path / "q" / "ledger.spark.sql").read_text()


def test_no_pyspark_is_answered_with_the_command(monkeypatch):
    from custlib.engine import spark_session

    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(Problem, match="^Spark needs PySpark, which is not installed; run `make extra NAME=spark`, then run again"):
        spark_session.opened()


@pytest.mark.parametrize(("said", "key"), [(None, "spark_no_java"), ("openjdk version \"11.0.2\"", "spark_old_java"),
                                           ("The operation couldn’t be completed.", "spark_no_java")], ids=["none", "old", "a stub"])
def test_no_java_or_an_old_one_is_one_sentence(tmp_path, monkeypatch, said, key):
    from custlib.engine.spark_session import java

    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    if said:
        (tmp_path / "java").write_text(f"#!/bin/sh\necho '{said}' >&2\n")
        (tmp_path / "java").chmod(0o755)
    with pytest.raises(Problem) as caught:
        java()
    assert caught.value.key == key


def test_the_extra_pins_the_spark_that_was_tried():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["spark"]
    locked = (ROOT / "requirements/spark.lock").read_text()
    assert wanted == ["pyspark>=4.3,<4.4", "sqlglot>=30.30,<31"]
    assert "pyspark==4.3.0 " in locked and "sqlglot==30.30.0 " in locked and "://" not in locked
