"""The benchmark's own arithmetic: the same customers by every way, slopes, rows of the table."""

import importlib.util
import sys
from pathlib import Path

import duckdb
import pytest

from custlib.engine import DuckEngine

HERE = Path(__file__).resolve().parent / "benchmarks"
spec = importlib.util.spec_from_file_location("scale", HERE / "scale.py")
scale = importlib.util.module_from_spec(spec)
sys.modules["scale"] = scale  # its dataclass looks itself up
spec.loader.exec_module(scale)


def runs(seconds: float, memory: float = 100.0, times: int = 5) -> list:
    return [scale.Took(seconds, memory)] * times


def test_the_bare_aggregation_finds_the_customers_of_the_engine(tmp_path):
    build = scale.made(tmp_path / "w", 2_000)
    bare = scale.BARE.format(orders=build / "orders.parquet")
    with duckdb.connect() as db, DuckEngine(build, scale.AS_OF) as engine:
        mine = engine.customers().set_index("identity_id")
        hand = db.execute(bare).df().assign(identity_id=lambda frame: frame["customer_id"].astype(str)).set_index("identity_id").sort_index()
        returns = {str(one) for one, in db.execute(f"SELECT DISTINCT customer_id FROM '{build}/orders.parquet' WHERE is_return").fetchall()}
    same = [one for one in mine.index if one not in returns]  # by hand a return is one more order
    assert len(mine) == len(hand) and len(same) > 100 and 0 < len(returns) < len(mine)
    for column in ("orders", "recency_days"):
        assert mine.loc[same, column].tolist() == hand.loc[same, column].tolist()
    assert mine["net_amount"].tolist() == pytest.approx(hand["net_amount"].astype(float).tolist())


@pytest.mark.parametrize("way", ["bare", "rfm", "table", "full", "pandas"])
def test_every_way_runs_in_a_process_of_its_own_and_tells_time_and_memory(tmp_path, way):
    took = scale.one(way, scale.made(tmp_path / "w", 1_000), "1GB")
    assert took.seconds > 0 and took.memory > 10


def test_a_way_that_fails_is_none_and_says_why(tmp_path, capsys):
    assert scale.one("rfm", tmp_path / "nothing", "1GB") is None
    assert capsys.readouterr().err.startswith("bench: rfm on ")


def test_growth_in_proportion_has_the_exponent_one():
    grown = {10**6: {"rfm": runs(1.0), "bare": runs(1.0)}, 10**7: {"rfm": runs(10.0), "bare": runs(100.0)},
             10**5: {"rfm": runs(9.0), "bare": runs(9.0)}}
    assert scale.exponent({"grown": grown}, "rfm") == pytest.approx(1)
    assert scale.exponent({"grown": grown}, "bare") == pytest.approx(2)
    assert scale.exponent({"grown": {10**6: {"rfm": runs(1.0)}}}, "rfm") is None


def test_the_table_has_every_way_and_a_dash_where_one_was_not_run():
    found = {"sizes": [10**6], "built": {10**6: 2.0}, "grown": {10**6: {"bare": runs(2.0), "rfm": runs(1.0, 50), "pandas": [None]}},
             "limits": {10**6: {"1GB": {"rfm": runs(1.0, times=1), "scored": [None]}}}, "spark": {}}
    lines = scale.tables(found)
    assert "| **custlib**: recency, orders, money | 1.0 s, 50 MB | 0.50 | – |" in lines
    assert "| pandas, two-level | – | – | – |" in lines
    assert lines[-1] == "| 1,000,000 | 1GB | 1.0 s, 100 MB | refused: needs more |"
