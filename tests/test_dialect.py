"""The SQL files keep to what DuckDB and Spark read alike; the checker refuses what they do not."""

from importlib.resources import files

import pytest
import sqlglot
from dialect import faults, output_columns, parameters

from custlib.engine import sql_text

NAMES = sorted(
    entry.name.removesuffix(".sql") for entry in (files("custlib.engine") / "sql").iterdir() if entry.name.endswith(".sql")
)


def test_there_are_sql_files():
    assert {"customer_table", "ledger", "sales_from_lines", "sales_from_orders", "value_counts"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_keeps_to_the_common_dialect_and_becomes_spark_sql(name):
    assert faults(sql_text(name)) == []
    spark = sqlglot.transpile(sql_text(name), read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert len(spark) == 1 and sqlglot.parse_one(spark[0], read="spark")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_what_one_row_is_and_binds_known_parameters(name):
    assert sql_text(name).startswith("-- ")
    assert parameters(sql_text(name)) <= {"as_of", "window_start", "returns", "zero", "column"}
    assert "{" not in sql_text(name)


@pytest.mark.parametrize("name", ["customer_table", "ledger", "value_counts"])
def test_every_column_that_leaves_the_engine_is_cast_to_its_type(name):
    assert [column for column, kind in output_columns(sql_text(name)).items() if kind is None] == []


def test_money_stays_decimal_until_the_last_select():
    body = sql_text("customer_table").rsplit("SELECT", 1)[0]
    assert "DOUBLE" not in body and "DECIMAL(18,2)" in body


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
