"""The customer table in full, cohorts, pairs, transitions and labels in the engine: answers worked out by eye."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from helpers import engine_over, hand_build
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from custlib import value
from custlib.engine import DuckEngine, Edges
from custlib.engine.edges import waiting_quantile
from custlib.engine.labels_sql import label_parameters
from custlib.engine.queries import sql_text
from custlib.report.segment_tables import RFM, found_in, label_cells
from custlib.value.tiers import tier_edges

TYPES = {
    "orders": "order_id VARCHAR, customer_id VARCHAR, order_ts TIMESTAMP, net_amount DECIMAL(18,2), channel VARCHAR",
    "order_lines": "order_id VARCHAR, product_id VARCHAR, quantity DECIMAL(18,4), net_amount DECIMAL(18,2), discount_amount DECIMAL(18,2)",
    "products": "product_id VARCHAR, category_l1 VARCHAR",
}
FLAGS = "net_amount < 0 AS is_return, net_amount = 0 AS is_zero, CAST(NULL AS VARCHAR) AS excluded_by"
CHOSEN = {"bins": 5, "cut": "median", "business_cuts": [], "abc": [0.7, 0.9], "tier_rule": "share", "segment_map": ""}
GAPS = ["gaps", "gap_mean_days", "gap_median_days", "gap_cv", "gap_longest_days", "gap_open_days"]


def rich_build(folder: Path, orders: list[tuple], lines: list[tuple] | None = None, products: list[tuple] | None = None) -> Path:
    """Write a build of orders (id, customer, time, amount, channel), lines (order, product, quantity, amount, discount), products."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        for name, rows in (("orders", orders), ("order_lines", lines), ("products", products)):
            if rows is None:
                continue
            db.execute(f"CREATE TABLE {name} ({TYPES[name]})")
            if rows:
                db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
            flags = {"orders": f", CAST(order_ts AS DATE) AS order_day, {FLAGS}", "order_lines": f", {FLAGS}", "products": ""}[name]
            if name == "orders" and lines is not None:  # then a return is told by its lines
                flags = flags.replace("net_amount < 0 AS", "false AS").replace("net_amount = 0 AS", "false AS")
            db.execute(f"COPY (SELECT *{flags} FROM {name}) TO '{folder / name}.parquet' (FORMAT parquet)")
    return folder


def full(folder: Path, columns: list[str], as_of: str, orders: list[tuple], *more, **rules) -> list[list]:
    """Give columns of the full customer table as rows, blank as None."""
    with DuckEngine(rich_build(folder, orders, *more), date.fromisoformat(as_of), **rules) as engine:
        frame = engine.customers(full=True)[["identity_id", *columns]]
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def order(number: int, customer: str | None, when: str, amount: float = 10, channel: str | None = None) -> tuple:
    return (f"o{number}", customer, when, amount, channel)


# gaps and BTYD


def test_gaps_of_four_days_two_days_one_day_and_returns_only(tmp_path):
    orders = [
        *(order(n, "a", f"2024-01-{day:02d} 09:00") for n, day in enumerate((1, 3, 3, 9, 10))),  # gaps 2, 6, 1
        order(10, "b", "2024-01-01"), order(11, "b", "2024-01-05"),
        order(12, "c", "2024-01-11"),
        order(13, "d", "2024-01-08", -5),
    ]  # fmt: skip
    mean, sd = 3, np.sqrt((1 + 9 + 4) / 2)
    assert full(tmp_path, GAPS, "2024-01-12", orders) == [
        ["a", 3, 3.0, 2.0, pytest.approx(sd / mean), 6, 1],
        ["b", 1, 4.0, 4.0, None, 4, 6],
        ["c", 0, None, None, None, None, 0],  # bought on the last day that is seen
        ["d", None, None, None, None, None, None],
    ]


@pytest.mark.parametrize(
    ("days", "median"), [((0, 1, 4), 2.0), ((0, 5, 10, 15), 5.0), ((0, 1, 3, 6, 10), 2.5), ((0, 9, 10, 12, 19), 4.5)]
)
def test_the_median_gap_is_the_middle_one_or_between_the_two(tmp_path, days, median):
    orders = [order(n, "a", str(date(2024, 1, 1) + timedelta(days=one))) for n, one in enumerate(days)]
    assert full(tmp_path, ["gap_median_days"], "2024-03-01", orders) == [["a", median]]


def test_gaps_all_equal_vary_not_at_all(tmp_path):
    orders = [order(n, "a", str(date(2023, 1, 1) + timedelta(days=7 * n))) for n in range(9)]
    assert full(tmp_path, ["gap_cv", "gap_mean_days"], "2024-01-01", orders) == [["a", 0.0, 7.0]]


def test_btyd_counts_repeat_days_not_orders_and_a_return_moves_nothing(tmp_path):
    orders = [
        order(1, "a", "2024-01-01 08:00"), order(2, "a", "2024-01-01 20:00"), order(3, "a", "2024-01-11"),
        order(4, "a", "2024-01-20", -3), order(5, "b", "2024-01-02"),
    ]  # fmt: skip
    assert full(tmp_path, ["btyd_x", "btyd_t_x_days", "btyd_t_days"], "2024-01-31", orders) == [["a", 1, 10, 30], ["b", 0, 0, 29]]


def test_gap_counts_hold_every_gap_and_one_open_gap_a_customer(tmp_path):
    orders = [("1", "a", 0, 1), ("2", "a", 4, 1), ("3", "a", 8, 1), ("4", "b", 8, 1), ("5", "b", 8, 1), ("r", "c", 8, -1)]
    with engine_over(tmp_path, orders, "2024-01-14") as engine:  # day 13: four whole days are watched after day 8
        found = engine.gap_counts()
    assert found.columns.tolist() == ["gap_days", "ended", "still_open"]
    assert found.to_numpy().tolist() == [[4, 2, 2]]


def test_kaplan_and_meier_by_hand():
    # at risk 6, 4, 2: alive 5/6, 5/6 · 3/4 = .625, .625 · 1/2 = .3125
    days, ended, still_open = [3, 5, 9], [1, 1, 1], [1, 1, 1]
    assert [waiting_quantile(days, ended, still_open, q) for q in (0.1, 0.375, 0.5, 0.68, 0.7)] == [3, 5, 9, 9, None]


# windows


def test_windows_begin_on_the_day_so_many_days_before(tmp_path):
    first = date(2025, 1, 1)
    ages = {"on": (30, 90, 365), "out": (31, 91, 366)}
    orders = [order(n, name, f"{first - timedelta(days=age)} 23:59", 2**k)
              for n, (name, k, age) in enumerate((name, k, age) for name, three in ages.items() for k, age in enumerate(three))]  # fmt: skip
    orders += [order(9, "on", str(first), 100), order(10, "back", str(first - timedelta(days=1)), -4)]
    columns = [f"{what}_{days}d" for days in (30, 90, 365) for what in ("orders", "net_amount")]
    assert full(tmp_path, columns, "2025-01-01", orders) == [
        ["back", 0, -4, 0, -4, 0, -4],
        ["on", 1, 1, 2, 3, 3, 7],
        ["out", 0, 0, 1, 1, 2, 3],
    ]


# when


def test_weekend_night_and_business_hours(tmp_path):
    times = {
        "mon": "2024-01-01 09:00", "mon2": "2024-01-01 17:59", "eve": "2024-01-01 18:00", "late": "2024-01-01 22:00",
        "dawn": "2024-01-02 05:59", "six": "2024-01-02 06:00", "fri": "2024-01-05 12:00", "sat": "2024-01-06 12:00",
        "sun": "2024-01-07 23:59", "before": "1969-12-28 12:00", "epoch": "1970-01-04 00:00",
    }  # fmt: skip
    found = full(
        tmp_path,
        ["weekend_share", "night_share", "business_hours_share"],
        "2024-02-01",
        [order(n, name, when) for n, (name, when) in enumerate(times.items())],
    )
    assert {one[0]: one[1:] for one in found} == {
        "mon": [0, 0, 1], "mon2": [0, 0, 1], "eve": [0, 0, 0], "late": [0, 1, 0], "dawn": [0, 1, 0], "six": [0, 0, 0],
        "fri": [0, 0, 1], "sat": [1, 0, 0], "sun": [1, 1, 0], "before": [1, 0, 0], "epoch": [1, 1, 0],
    }  # fmt: skip


def test_days_without_a_time_are_no_midnight_orders(tmp_path):
    columns = ["weekend_share", "night_share", "business_hours_share"]
    plain = [order(1, "a", "2024-01-06"), order(2, "a", "2024-01-08")]
    assert full(tmp_path / "1", columns, "2024-02-01", plain) == [["a", 0.5, None, None]]
    timed = [*plain, order(3, "b", "2024-01-08 10:00")]
    assert full(tmp_path / "2", columns, "2024-02-01", timed) == [["a", 0.5, 1.0, 0.0], ["b", 0.0, 0.0, 1.0]]
    late = [*plain, order(3, "b", "2024-03-08 10:00")]  # what happens after as_of is not known
    assert full(tmp_path / "3", columns, "2024-02-01", late) == [["a", 0.5, None, None]]


# channel, category, basket, deals


def test_the_top_channel_by_orders_then_money_then_alphabet(tmp_path):
    orders = [
        order(1, "orders", "2024-01-01", 1, "web"), order(2, "orders", "2024-01-02", 1, "web"), order(3, "orders", "2024-01-03", 99, "app"),
        order(4, "money", "2024-01-01", 1, "app"), order(5, "money", "2024-01-01", 2, "web"),
        order(6, "letter", "2024-01-01", 5, "web"), order(7, "letter", "2024-01-01", 5, "app"), order(8, "letter", "2024-01-01", 5, None),
        order(9, "none", "2024-01-01", 5, None), order(10, "letter", "2024-01-02", -5, "web"),
    ]  # fmt: skip
    expected = [
        ["letter", 2, "app", 0.5],
        ["money", 2, "web", 0.5],
        ["none", None, None, None],
        ["orders", 2, "web", pytest.approx(2 / 3)],
    ]
    columns = ["channels", "top_channel", "top_channel_share"]
    assert full(tmp_path / "1", columns, "2024-02-01", orders) == expected
    random.Random(4).shuffle(orders)
    assert full(tmp_path / "2", columns, "2024-02-01", orders) == expected


LINE_ORDERS = [order(1, "a", "2024-01-01"), order(2, "a", "2024-01-02"), order(3, "b", "2024-01-03"), order(4, "c", "2024-01-04")]
LINES = [
    ("o1", "p1", 2, 20, 5), ("o1", "p2", 1, 10, 0), ("o1", "p3", 1, 10, None),
    ("o2", "p1", 3, 30, None), ("o2", "p1", -1, -10, None),
    ("o3", "p4", None, 8, 2), ("o3", None, 1, 7, None),
    ("o4", "p1", -1, -10, 1),
]  # fmt: skip
PRODUCTS = [("p1", "tea"), ("p2", "nuts"), ("p3", "nuts"), ("p4", None)]


def test_categories_baskets_and_deals_by_hand(tmp_path):
    columns = ["categories", "top_category", "top_category_share", "sale_lines", "average_basket_lines", "average_basket_items",
               "deal_line_share", "deal_amount_share"]  # fmt: skip
    assert full(tmp_path, columns, "2024-02-01", LINE_ORDERS, LINES, PRODUCTS) == [
        ["a", 2, "tea", 50 / 70, 4, 2.0, 3.5, 0.25, 5 / 75],
        ["b", None, None, None, 2, 2.0, 1.0, 0.5, 2 / 17],
        ["c", None, None, None, None, None, None, None, None],  # a return only
    ]


@pytest.mark.parametrize(
    ("lines", "top"),
    [
        ([("o1", "p1", 1, 5, 0), ("o1", "p2", 1, 6, 0)], "nuts"),  # more money
        ([("o1", "p1", 1, 6, 0), ("o1", "p2", 1, 3, 0), ("o1", "p3", 1, 3, 0)], "nuts"),  # same money, more lines
        ([("o1", "p1", 1, 6, 0), ("o1", "p2", 1, 6, 0)], "nuts"),  # same money, same lines: the alphabet
        ([("o1", "p1", 1, 0, 0)], "tea"),  # no money at all
    ],
)
def test_ties_of_the_top_category(tmp_path, lines, top):
    found = full(tmp_path, ["top_category"], "2024-02-01", LINE_ORDERS[:1], lines, PRODUCTS)
    assert found == [["a", top]]


def test_without_any_discount_the_deal_share_is_unknown(tmp_path):
    lines = [(*one[:4], None) for one in LINES]
    assert full(tmp_path, ["deal_line_share", "deal_amount_share"], "2024-02-01", LINE_ORDERS, lines)[0] == ["a", None, None]


# the same columns, whatever there is


def columns_of(engine: DuckEngine) -> list[tuple[str, str]]:
    with engine:
        engine.customers(full=True)
        return [one[:2] for one in engine.db.execute("DESCRIBE customer_full").fetchall()]


def test_the_columns_and_types_are_the_same_with_little_and_with_much(tmp_path):
    day = date(2024, 2, 1)
    little = columns_of(DuckEngine(hand_build(tmp_path / "1", [("o1", "a", 0, 1)]), day))
    much = columns_of(DuckEngine(rich_build(tmp_path / "2", LINE_ORDERS, LINES, PRODUCTS), day))
    empty = columns_of(DuckEngine(rich_build(tmp_path / "3", []), day))
    assert little == much == empty
    with DuckEngine(tmp_path / "1", day) as engine:
        core = [one[:2] for one in engine.db.execute(f"DESCRIBE {engine._table(False)}").fetchall()]
    assert little[: len(core)] == core and len(core) == 11


def test_the_core_of_the_full_table_is_the_customer_table_and_rows_may_come_in_any_order(tmp_path):
    lines = [*LINES]
    random.Random(1).shuffle(lines)
    with (
        DuckEngine(rich_build(tmp_path / "1", LINE_ORDERS, LINES, PRODUCTS), date(2024, 2, 1)) as one,
        DuckEngine(rich_build(tmp_path / "2", LINE_ORDERS[::-1], lines, PRODUCTS[::-1]), date(2024, 2, 1)) as other,
    ):
        assert_frame_equal(one.customers(full=True).iloc[:, :11], one.customers())
        assert_frame_equal(one.customers(full=True), other.customers(full=True))
        assert_frame_equal(one.customers(), other.customers())


def test_one_customer_and_no_rows(tmp_path):
    assert full(tmp_path / "0", GAPS, "2024-02-01", []) == []
    with engine_over(tmp_path / "1", []) as engine:
        assert engine.gap_counts().empty and engine.cohorts().empty and engine.pairs(min_orders=1).empty
        assert engine.rate_edges() == Edges({}, 3, 3) and engine.share_edges((0.7, 0.9)) == (np.inf, np.inf)
    assert full(tmp_path / "2", ["gaps", "orders_30d"], "2024-01-02", [order(1, "a", "2024-01-01")]) == [["a", 0, 1]]


@pytest.mark.parametrize("rule", ["trivial", "clerk"])
def test_a_trivial_identity_map_gives_what_the_join_gives(tmp_path, rule):
    orders = [("1", "a", 0, 1), ("2", "b", 4, 2), ("3", None, 8, 4)]
    build = hand_build(tmp_path, orders)
    with duckdb.connect() as db:
        db.execute(f"CREATE TABLE m AS SELECT *, '{rule}' AS rule FROM '{build}/identity_map.parquet'")
        db.execute(f"COPY m TO '{build}/identity_map.parquet' (FORMAT parquet)")
    with DuckEngine(build, date(2024, 2, 1)) as engine:
        assert ("counted_as_is" in engine.queries) == (rule == "trivial")
        assert engine.customers()["net_amount"].tolist() == [1.0, 2.0]


# cohorts, pairs, transitions


def test_cohorts_by_month_of_first_order(tmp_path):
    orders = [
        ("1", "a", "2023-12-31", 1), ("2", "a", "2024-01-01", 2), ("3", "a", "2024-01-15", 4), ("4", "b", "2023-12-01", 8),
        ("5", "b", "2024-03-01", -3), ("6", "c", "2024-01-31", 16), ("7", "c", "2023-11-30", -2), ("8", "d", "2024-01-01", -1),
    ]  # fmt: skip
    with engine_over(tmp_path, orders, "2024-04-01") as engine:
        found = engine.cohorts()
    assert found.columns.tolist() == ["cohort_year", "cohort_month", "months_since", "customers", "orders", "net_amount"]
    assert found.to_numpy().tolist() == [
        [2023, 12, 0, 2, 2, 9],
        [2023, 12, 1, 1, 2, 6],
        [2023, 12, 3, 0, 0, -3],  # a return is no order
        [2024, 1, -2, 0, 0, -2],
        [2024, 1, 0, 1, 1, 16],
    ]


def test_pairs_in_at_least_so_many_orders(tmp_path):
    orders = [order(n, None if n == 3 else "a", "2024-01-01") for n in range(1, 6)]
    lines = [(f"o{n}", product, 1, 1, None) for n, products in enumerate(["xy", "xyz", "yx", "xxz", "y"], 1) for product in products]
    lines += [("o5", "x", -1, -1, None), ("o5", None, 1, 1, None)]
    with DuckEngine(rich_build(tmp_path, orders, lines), date(2024, 2, 1)) as engine:
        two = engine.pairs(min_orders=2).to_numpy().tolist()
        three = engine.pairs(min_orders=3).to_numpy().tolist()
    xy = ["x", "y", 3, 4, 4, 5, 0.75, 0.75, pytest.approx(15 / 16)]
    assert two == [xy, ["x", "z", 2, 4, 2, 5, 0.5, 1.0, pytest.approx(1.25)]]
    assert three == [xy]


def test_transitions_count_identities_and_those_who_are_absent(tmp_path):
    days = [date(2024, 1, 1), date(2024, 2, 1)]
    rows = [
        ("a", days[0], "s", "new"), ("a", days[1], "s", "lost"), ("b", days[0], "s", "new"), ("b", days[1], "s", "lost"),
        ("c", days[1], "s", "new"), ("d", days[0], "s", "new"), ("a", days[0], "other", "x"), ("a", days[1], "other", "y"),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["identity_id", "as_of", "scheme", "label"])
    files = [tmp_path / f"{one}.parquet" for one in days]
    for file, one in zip(files, days, strict=True):
        frame[frame["as_of"] == one].to_parquet(file, index=False)
    with engine_over(tmp_path / "b", []) as engine:
        found = engine.transitions(files, "s", start=days[0], end=days[1])
    assert found.to_numpy().tolist() == [["absent", "new", 1], ["new", "absent", 1], ["new", "lost", 2]]


# labels


def written(engine: DuckEngine, folder: Path, **more) -> tuple[pd.DataFrame, value.Cuts]:
    chosen = CHOSEN | more
    found, rest = found_in(engine, chosen)
    rows = engine.write_labels(folder / "labels.parquet", {**found.as_dict(), **rest}, label_cells(found.map, chosen["bins"]))
    frame = pd.read_parquet(folder / "labels.parquet")
    assert len(frame) == rows
    return frame, found


def same_as_pandas(engine: DuckEngine, folder: Path, **more) -> None:
    """Compare thresholds, labels, scores and what evidence there is with those of custlib.value."""
    chosen = CHOSEN | more
    customers = engine.customers()
    edges = {column: engine.edges(column, chosen["bins"], reverse=column == "recency_days") for column in RFM}
    found, mine = written(engine, folder, **more)
    want = value.cuts(customers, edges, cut=chosen["cut"], business=value.business(chosen["business_cuts"]),
                      shares=tuple(chosen["abc"]), tier_rule=chosen["tier_rule"])  # fmt: skip
    assert json.dumps(mine.as_dict()) == json.dumps(want.as_dict())
    labels = value.labels(customers, want, as_of=engine.as_of)
    ours = found.iloc[: len(labels)]
    assert found["scheme"].unique().tolist() == [*labels["scheme"].unique(), "freq.hml", "lifecycle.behaviour"]
    columns = ["identity_id", "as_of", "scheme", "label", "score", "confidence"]
    assert_frame_equal(ours[columns], labels[columns], check_dtype=False)
    for one, other in zip(ours["evidence"], labels["evidence"], strict=True):
        assert json.loads(one).items() >= {name: said for name, said in json.loads(other).items() if name != "next"}.items()


money = st.integers(-400, 900).map(lambda cents: cents / 100)
sales = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 60), money), min_size=1, max_size=40)


@given(sales, st.integers(2, 10), st.sampled_from(["share", "quantile"]), st.sampled_from(["median", "mean"]))
@settings(deadline=None, max_examples=25)
def test_labels_are_those_of_the_value_module(tmp_path_factory, sold, bins, tier_rule, cut):
    folder = tmp_path_factory.mktemp("labels")
    orders = [(f"o{n}", who, when, amount) for n, (who, when, amount) in enumerate(sold)]
    with engine_over(folder, orders, "2024-03-10") as engine:
        if engine.edges("orders", 2).top and (engine.customers()["orders"] > 0).any():
            same_as_pandas(engine, folder, bins=bins, tier_rule=tier_rule, cut=cut)


def test_labels_with_business_cuts_and_a_window(tmp_path):
    orders = [(f"o{n}", "abcde"[n % 5], n * 3, 5 * n) for n in range(40)]
    with engine_over(tmp_path, orders, "2024-05-01", window_days=60) as engine:
        same_as_pandas(engine, tmp_path, cut="business", business_cuts=[20, 3, 300], abc=[0.5, 0.8])


def test_frequency_and_life_cycle_by_hand(tmp_path):
    orders = [
        *((f"a{n}", "a", f"2024-01-{1 + n:02d}", 1) for n in range(20)),  # loyal once, gone since: lost where 100 days are the limit
        *((f"b{n}", "b", f"2024-{3 + n:02d}-01", 1) for n in range(4)),  # March to June: loyal
        ("c1", "c", "2024-05-20", 1), ("c2", "c", "2024-05-21", 1), ("c3", "c", "2024-05-22", 1),  # new goes before loyal
        ("d1", "d", "2024-03-20", 1),
        ("r", "back", "2024-05-01", -1),
    ]  # fmt: skip
    with engine_over(tmp_path, orders, "2024-07-01") as engine:
        found, rest = found_in(engine, CHOSEN)
        rest["lifecycle"] |= {"lost_days": 110, "new_days": 90, "loyal_days": 3}
        engine.write_labels(tmp_path / "l.parquet", {**found.as_dict(), **rest}, label_cells(found.map, 5))
        rates = engine.db.execute("SELECT identity_id, exposure_days, order_rate FROM rates ORDER BY 1").fetchall()
    # per day 20/182, 4/122, 3/42, 1/103: ranks 4, 2, 3, 1 of 4 → scores 3, 2, 3, 1
    assert rates == [(who, days, n / days * 30.4) for who, days, n in (("a", 182, 20), ("b", 122, 4), ("c", 42, 3), ("d", 103, 1))]
    frame = pd.read_parquet(tmp_path / "l.parquet").set_index(["scheme", "identity_id"])
    assert frame.loc["freq.hml", "label"].to_dict() == {"a": "high", "b": "mid", "back": "unknown", "c": "high", "d": "low"}
    assert frame.loc["lifecycle.behaviour", "label"].to_dict() == {
        "a": "lost", "b": "loyal", "back": "unknown", "c": "new", "d": "other"}  # fmt: skip
    assert frame.loc["lifecycle.behaviour", "score"].to_dict() == pytest.approx({"a": 1, "b": 4, "back": np.nan, "c": 3, "d": 2}, nan_ok=True)
    assert json.loads(frame.loc[("lifecycle.behaviour", "a"), "evidence"]) == {
        "recency_days": 163, "seen_days": 182, "order_days": 20, "rule": "recency_days > 110"}  # fmt: skip
    assert json.loads(frame.loc[("freq.hml", "d"), "evidence"]) == {"orders": 1, "exposure_days": 103, "rate": 0.295146}
    assert json.loads(frame.loc[("rfm.cell", "back"), "evidence"]) == {"r": None, "f": None, "m": None}


def test_a_window_measures_the_rate_over_days_since_the_first_order_ever(tmp_path):
    orders = [("1", "old", "2023-01-01", 1), ("2", "old", "2024-02-20", 1), ("3", "fresh", "2024-02-20", 1)]
    with engine_over(tmp_path, orders, "2024-03-01", window_days=60) as engine:
        engine.rate_edges()
        found = engine.db.execute("SELECT identity_id, seen_days, exposure_days FROM rates ORDER BY 1").fetchall()
    assert found == [("fresh", 10, 10), ("old", 425, 60)]


def test_last_months_thresholds_without_rate_and_life_cycle_write_the_other_schemes(tmp_path):
    with engine_over(tmp_path, [("1", "a", 0, 5), ("2", "b", 3, 7)], "2024-02-01") as engine:
        found, _ = found_in(engine, CHOSEN)
        stored = json.loads(json.dumps(found.as_dict()))
        assert engine.write_labels(tmp_path / "l.parquet", stored, label_cells(found.map, 5)) == 10
    assert "freq.hml" not in pd.read_parquet(tmp_path / "l.parquet")["scheme"].tolist()


def test_labels_stay_in_order_where_the_table_is_large(tmp_path):
    build = tmp_path / "b"
    build.mkdir()
    with duckdb.connect() as db:
        db.execute(f"""COPY (SELECT CAST(i AS VARCHAR) AS order_id, 'c' || (i % 150000) AS customer_id, DATE '2024-01-01' + CAST(i % 97 AS INTEGER)
            AS order_day, CAST(i % 1013 AS DECIMAL(18,2)) AS net_amount, false AS is_return, false AS is_zero, CAST(NULL AS VARCHAR) AS excluded_by
            FROM range(200000) t(i)) TO '{build}/orders.parquet' (FORMAT parquet)""")
    with DuckEngine(build, date(2024, 6, 1)) as engine:
        found, _ = written(engine, tmp_path)
        people = engine.customers()["identity_id"]
    assert people.is_monotonic_increasing and people.is_unique
    assert found["identity_id"].tolist() == people.tolist() * 7


# thresholds from counts


amounts = st.lists(st.integers(-300, 3000).map(lambda cents: cents / 100), min_size=1, max_size=60)


@given(amounts, st.tuples(st.integers(1, 8), st.integers(1, 8)).map(lambda pair: (pair[0] / 10, (pair[0] + min(pair[1], 9 - pair[0])) / 10)))
@settings(deadline=None, max_examples=100)
def test_shares_and_quantiles_from_counts_are_those_of_all_customers(values, shares):
    from custlib.engine.edges import middle_of, quantile_edges_of, share_edges_of

    frame = pd.DataFrame({"net_amount": values})
    counts = frame["net_amount"].value_counts().sort_index()
    table = (counts.index.to_numpy(), counts.to_numpy())
    assert share_edges_of(*table, shares) == value.share_edges(frame, shares)
    assert quantile_edges_of(*table, (0.8, 0.4)) == tier_edges(frame, rule="quantile", shares=shares)
    assert middle_of(*table, "median") == round(float(frame["net_amount"].median()), 6)
    assert middle_of(*table, "mean") == pytest.approx(frame["net_amount"].mean(), abs=2e-6)


def test_every_threshold_of_the_queries_is_bound():
    cut = {"edges": {}, "top": 3, "bins": 5, "reversed": False}
    given = {"rfm": dict.fromkeys(RFM, cut), "cn8": dict.fromkeys(RFM, 1.0), "abc": {"edges": {"A": None, "B": None}},
             "tier3": {"edges": {"high": -1.5, "mid": 2.005}}}  # fmt: skip
    found = label_parameters(given)
    import re

    asked = set(re.findall(r"\$([a-z][a-z_0-9]*)", sql_text("scored") + sql_text("labels"))) - {"as_of"}
    assert asked == set(found)
    assert (found["tier_high"], found["abc_a"], found["with_frequency"]) == (-150.0, None, 0)
