"""The SQL files keep to what DuckDB and Spark read alike; the checker refuses what they do not."""

import re
from importlib.resources import files

import pytest
import sqlglot
from dialect import faults, output_columns, parameters

from custlib.engine import sql_text
from custlib.engine.queries import names_in

NAMES = sorted(
    entry.name.removesuffix(".sql") for entry in (files("custlib.engine") / "sql").iterdir() if entry.name.endswith(".sql")
)
SNAPSHOT = {"as_of", "window_start", "returns", "zero", "since_30", "since_90", "since_365"}
ASKED = {"column", "min_orders", "scheme", "from_day", "to_day", "timed", "discounted"}
KNOWN = (
    SNAPSHOT
    | ASKED
    | {"mark", "hml_edge_1", "hml_edge_2", "hml_top", "with_frequency", "with_lifecycle"}
    | {f"{axis}_{part}" for axis in "rfm" for part in ("top", "base", "sign", *(f"edge_{score}" for score in range(1, 10)))}
    | {"cn8_r", "cn8_f", "cn8_m", "abc_a", "abc_b", "tier_high", "tier_mid"}
    | {f"{stage}_{part}" for stage in ("lost", "new", "loyal") for part in ("days", "rule")}
    | {"other_rule"}
)
VIEWS = {"sales_from_lines", "sales_from_orders", "counted_as_is", "counted_by_map", "purchases_from_lines", "purchases_from_orders", "state_orders",
         "state_sales", "state_purchases", "state_days", "state_sums"}


def test_there_are_sql_files():
    assert {"customer_table", "ledger", "value_counts"} | VIEWS <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_keeps_to_the_common_dialect_and_becomes_spark_sql(name):
    assert faults(sql_text(name)) == []
    spark = sqlglot.transpile(sql_text(name), read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert len(spark) == 1 and sqlglot.parse_one(spark[0], read="spark")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_what_one_row_is_and_binds_known_parameters(name):
    assert sql_text(name).startswith("-- ")
    assert parameters(sql_text(name)) <= KNOWN
    assert not re.search(r"\{[a-z_]*\}", sql_text(name))


@pytest.mark.parametrize("name", sorted(set(NAMES) - VIEWS))
def test_every_column_that_leaves_the_engine_is_cast_to_its_type(name):
    assert [column for column, kind in output_columns(sql_text(name)).items() if kind is None] == []


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_view_keeps_money_as_decimals(name):
    assert "DOUBLE" not in sql_text(name)


def test_money_stays_decimal_until_the_last_select():
    assert "DOUBLE" not in sql_text("customer_table").rsplit("SELECT", 1)[0]
    assert all("DECIMAL(18,2)" in sql_text(name) for name in ("purchases_from_lines", "purchases_from_orders"))


@pytest.mark.parametrize("name", NAMES)
def test_the_package_finds_the_parameters_that_the_checker_finds(name):
    assert set(names_in(sql_text(name))) == parameters(sql_text(name))


REFUSED = [
    "SELECT median(a) FROM t",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
    "SELECT quantile_cont(a, 0.5) FROM t",
    "SELECT mode(a) FROM t",
    "SELECT arg_max(a, b) FROM t",
    "SELECT avg(a) FROM t",
    "SELECT any_value(a) FROM t",
    "SELECT approx_count_distinct(a) FROM t",
    "SELECT date_diff('month', a, b) FROM t",
    "SELECT date_diff('week', a, b) FROM t",
    "SELECT date_diff('day', CAST(a AS TIMESTAMP), CAST(b AS DATE)) FROM t",
    "SELECT date_trunc('month', a) FROM t",
    "SELECT CAST(x / y AS INTEGER) FROM t",
    "SELECT CAST(CAST(x AS DOUBLE) AS BIGINT) AS a FROM t",
    "SELECT CAST(1.5 AS INTEGER) FROM t",
    "SELECT CAST(x AS DOUBLE) / CAST(y AS DOUBLE) AS z FROM t",
    "SELECT x / nullif(y, 0) AS z FROM t",
    "SELECT x // y FROM t",
    "SELECT x % y FROM t",
    "SELECT dayofweek(d) FROM t",
    "SELECT isodow(d) FROM t",
    "SELECT strftime(d, '%Y') FROM t",
    "SELECT hash(a) FROM t",
    "SELECT md5(a) FROM t",
    "SELECT list(a) FROM t",
    "SELECT [1, 2] AS a",
    "SELECT {'a': 1} AS s",
    "SELECT unnest(a) FROM t",
    "PIVOT t ON a USING sum(b)",
    "SELECT * FROM t ASOF JOIN u ON t.d >= u.d",
    "SELECT row_number() OVER (ORDER BY a) FROM t",
    "SELECT sum(a) OVER () FROM t",
    "SELECT row_number() OVER (PARTITION BY c) FROM t",
    "SELECT lag(a) OVER (PARTITION BY c) FROM t",
    "SELECT lag(a) OVER (ORDER BY d) FROM t",
    "SELECT ntile(5) OVER (PARTITION BY c ORDER BY a) FROM t",
    "SELECT a AT TIME ZONE 'UTC' FROM t",
    "SELECT now()",
    "SELECT current_date",
    "SELECT random()",
    "SELECT TRY_CAST(a AS DATE) FROM t",
    "SELECT CAST(a AS TIMESTAMPTZ) FROM t",
    "SELECT CAST(a AS HUGEINT) FROM t",
    "SELECT a + 1 AS b, b * 2 AS c FROM t",
    "SELECT a, sum(b) FROM t GROUP BY 1",
    "SELECT a, sum(b) FROM t GROUP BY ALL",
    "SELECT a FROM t QUALIFY row_number() OVER (PARTITION BY c ORDER BY a) = 1",
    "SELECT * EXCLUDE (a) FROM t",
    "SELECT regexp_matches(a, 'x') FROM t",
    "SELECT a::INTEGER AS b, CAST(a / 2.0 AS INT) AS c FROM t",
    "SELECT a FROM t; DROP TABLE t",
    "CREATE TABLE x AS SELECT 1",
    "SELEC a FROM t",
]
GOOD = "SELECT CAST(sum(a) AS BIGINT) AS n FROM t GROUP BY b"


@pytest.mark.parametrize(
    "sql",
    [
        GOOD,
        "SELECT CAST(x AS DOUBLE) / CAST(nullif(y, 0) AS DOUBLE) AS z FROM t",
        "SELECT CAST(x AS DOUBLE) / nullif(CAST(y AS DOUBLE), 0) AS z FROM t",
        "SELECT CAST(floor(x) AS INTEGER) AS z FROM t",
        "SELECT row_number() OVER (PARTITION BY c ORDER BY d, e) AS n FROM t",
        "SELECT lag(a) OVER (PARTITION BY c ORDER BY a) AS p, sqrt(CAST(b AS DOUBLE)) AS q FROM t",
        "SELECT date_diff('day', CAST(a AS DATE), CAST(b AS DATE)) AS d FROM t",
        "SELECT date_diff('day', DATE '1970-01-05', d) % 7 AS w FROM t",
        "SELECT count(*) FILTER (WHERE a > 1) AS n, year(d) AS y, month(d) AS m, hour(s) AS h FROM t GROUP BY d, s",
        "WITH a AS (SELECT 1 AS x) SELECT CAST(x AS VARCHAR) AS x, CASE WHEN x = $p THEN 1 END AS y FROM a",
    ],
)
def test_what_is_allowed_passes(sql):
    assert faults(sql) == []


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_engines_read_differently_is_refused(sql):
    assert faults(sql) != []
