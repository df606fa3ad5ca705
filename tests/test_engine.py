"""The engine: the customer table and the ledger, worked out by hand."""

from datetime import date
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest
from helpers import engine_over, hand_build
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from custlib.engine import DuckEngine, Edges
from custlib.engine.duck import edges_of
from custlib.i18n import Problem

SHORT = ["identity_id", "recency_days", "orders", "order_days", "gross_amount", "returned_amount", "net_amount"]


def table(folder, orders, as_of="2024-12-31", columns=SHORT, **rules) -> list[list]:
    """Give the customer table as rows, unknown as None."""
    with engine_over(folder, orders, as_of, **rules) as engine:
        frame = engine.customers()[columns]
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def doors(folder, orders, as_of="2024-12-31", **rules) -> dict[str, tuple]:
    with engine_over(folder, orders, as_of, **rules) as engine:
        return {
            one["step"]: (one["rows"], float(one["gross"]), float(one["returned"]), float(one["net"]))
            for one in engine.ledger().to_dict("records")
        }


def test_the_customer_table_whole(tmp_path):
    orders = [
        ("o1", "b", "2024-01-01", 10),
        ("o2", "a", "2024-01-05", 5),
        ("o3", "a", "2024-01-05", 7.5),
        ("o4", "a", "2024-01-09", -2.5),
        ("o5", "a", "2024-01-08", 0),
    ]
    with engine_over(tmp_path, orders, "2024-01-11") as engine:
        found = engine.customers()
    days = {"first_order_day": ["2024-01-05", "2024-01-01"], "last_order_day": ["2024-01-08", "2024-01-01"]}
    expected = pd.DataFrame(
        {
            "identity_id": ["a", "b"],
            **{name: pd.to_datetime(one).astype(found[name].dtype) for name, one in days.items()},
            "recency_days": np.array([3, 10], "int32"),
            "tenure_days": np.array([6, 10], "int32"),
            "orders": [3, 1],
            "order_days": [2, 1],
            "gross_amount": [12.5, 10.0],
            "returned_amount": [-2.5, 0.0],
            "net_amount": [10.0, 10.0],
            "average_order_amount": [10 / 3, 10.0],
        }
    )
    assert_frame_equal(found, expected, check_column_type=False, check_index_type=False)


SOLD_AND_BACK = [
    ("o1", "a", "2024-01-05", 10),
    ("r1", "a", "2024-02-01", -4),
    ("r2", "b", "2024-01-09", -3),
    ("o3", "c", "2024-01-05", 5),
    ("r3", "c", "2024-01-06", -8),
]


def test_a_return_lowers_money_is_no_order_and_moves_no_day(tmp_path):
    assert table(tmp_path, SOLD_AND_BACK, "2024-03-01") == [
        ["a", 56, 1, 1, 10, -4, 6],
        ["b", None, 0, 0, 0, -3, -3],  # a refund only: no order, no day
        ["c", 56, 1, 1, 5, -8, -3],
    ]  # a refund larger than the purchase


def test_returns_can_be_left_out(tmp_path):
    assert table(tmp_path, SOLD_AND_BACK, "2024-03-01", returns="exclude") == [
        ["a", 56, 1, 1, 10, 0, 10],
        ["c", 56, 1, 1, 5, 0, 5],
    ]


def test_a_customer_with_returns_only_has_no_average_order(tmp_path):
    columns = ["first_order_day", "last_order_day", "tenure_days", "average_order_amount"]
    assert table(tmp_path, [("r", "b", "2024-01-09", -3)], columns=columns) == [[None] * 4]


def test_orders_of_zero_amount_count_or_are_left_out(tmp_path):
    orders = [("o1", "a", "2024-01-01", 0), ("o2", "a", "2024-01-03", 4), ("o3", "b", "2024-01-02", 0)]
    assert table(tmp_path, orders, "2024-01-05") == [["a", 2, 2, 2, 4, 0, 4], ["b", 3, 1, 1, 0, 0, 0]]
    assert table(tmp_path, orders, "2024-01-05", zero="exclude") == [["a", 2, 1, 1, 4, 0, 4]]


def test_rows_on_and_after_as_of_change_nothing(tmp_path):
    before = [("o1", "a", "2024-01-05", 10), ("o2", "b", "2024-01-09", 2)]
    later = [
        ("o3", "a", "2024-01-10", 99),
        ("o4", "c", "2024-01-11", 99),
        ("r5", "b", "2030-01-01", -99),
        ("o6", "a", "9999-12-31", 1),
    ]
    assert (
        table(tmp_path / "1", before + later, "2024-01-10")
        == table(tmp_path / "2", before, "2024-01-10")
        == [["a", 5, 1, 1, 10, 0, 10], ["b", 1, 1, 1, 2, 0, 2]]
    )
    assert doors(tmp_path / "3", before + later, "2024-01-10")["after_as_of"] == (4, 199, -99, 100)


def test_a_window_starts_so_many_days_before_as_of(tmp_path):
    orders = [
        ("o1", "a", "2024-01-01", 1),
        ("o2", "a", "2024-01-02", 2),
        ("o3", "a", "2024-01-08", 4),
        ("o4", "b", "2023-01-01", 8),
    ]
    assert table(tmp_path, orders, "2024-01-09", window_days=7) == [["a", 1, 2, 2, 6, 0, 6]]
    assert table(tmp_path, orders, "2024-01-09", window_days=8)[0][2] == 3
    assert [one[2] for one in table(tmp_path, orders, "2024-01-09")] == [3, 1]


def test_one_customer_and_none(tmp_path):
    assert table(tmp_path / "1", [("o1", "a", "2024-01-01", 1)], "2024-01-02") == [["a", 1, 1, 1, 1, 0, 1]]
    with engine_over(tmp_path / "0", []) as engine:
        assert engine.customers().empty and engine.ledger().empty
        assert engine.edges("orders", 5) == Edges({}, 5, 5)


def test_anonymous_orders_are_in_the_ledger_and_in_no_customer(tmp_path):
    orders = [("o1", None, "2024-01-01", 5), ("o2", "a", "2024-01-01", 1), ("r3", None, "2024-01-02", -2)]
    assert [one[0] for one in table(tmp_path, orders)] == ["a"]
    assert doors(tmp_path, orders) == {"anonymous": (2, 5, -2, 3), "kept": (1, 1, 0, 1)}


def test_customer_ids_of_one_identity_are_one_row(tmp_path):
    orders = [
        ("o1", "a", "2024-01-05", 1),
        ("o2", "b", "2024-01-05", 2),
        ("o3", "b", "2024-01-08", 4),
        ("o4", "c", "2024-01-06", 8),
    ]
    found = table(tmp_path, orders, "2024-01-11", identities={"a": "P1", "b": "P1", "c": "P2"})
    assert found == [["P1", 3, 3, 2, 7, 0, 7], ["P2", 5, 1, 1, 8, 0, 8]]


def test_lines_of_an_order_are_one_order(tmp_path):
    orders = [("o1", "a", "2024-01-05", 0), ("o2", "a", "2024-01-05", 0), ("o3", "b", "2024-01-06", 0, "test")]
    lines = [("o1", 1), ("o1", 2), ("o1", -0.5), ("o2", 4), ("o2", 8, "fees"), ("o3", 16)]
    assert table(tmp_path, orders, "2024-01-11", lines=lines) == [["a", 6, 2, 1, 7, -0.5, 6.5]]
    assert doors(tmp_path, orders, "2024-01-11", lines=lines) == {
        "fees": (1, 8, 0, 8),
        "test": (1, 16, 0, 16),
        "kept": (4, 7, -0.5, 6.5),
    }


def test_the_first_door_that_fits_takes_the_row(tmp_path):
    """Each row fits every door after its own as well."""
    orders = [
        ("1", None, "2024-05-01", -1, "mine"),
        ("2", None, "2020-01-01", -2, "mine"),
        ("3", None, "2024-01-01", -4, "mine"),
        ("4", None, "2024-01-01", -8),
        ("5", "a", "2024-01-01", -16),
        ("6", "a", "2024-01-01", 0),
        ("7", "a", "2024-01-01", 32),
    ]
    assert doors(tmp_path, orders, "2024-05-01", window_days=365, returns="exclude", zero="exclude") == {
        "after_as_of": (1, 0, -1, -1),
        "before_window": (1, 0, -2, -2),
        "mine": (1, 0, -4, -4),
        "anonymous": (1, 0, -8, -8),
        "return": (1, 0, -16, -16),
        "zero": (1, 0, 0, 0),
        "kept": (1, 32, 0, 32),
    }


def test_money_is_exact_to_the_cent(tmp_path):
    orders = [(f"o{n}", "a", "2024-01-01", "0.10") for n in range(30)] + [
        ("big", "b", "2024-01-01", "9999999999999.99"),
        ("p", "b", "2024-01-01", "0.01"),
    ]
    with engine_over(tmp_path, orders) as engine:
        found = engine.customers()
        assert found["net_amount"].tolist() == [3.0, 10_000_000_000_000.0]
        assert [Decimal(str(one)) for one in engine.ledger()["net"]] == [Decimal("10000000000003.00")]


@pytest.mark.parametrize(("rule", "value"), [("returns", "exlude"), ("zero", "keep")])
def test_a_rule_that_is_not_known_is_refused(tmp_path, rule, value):
    with pytest.raises(Problem) as caught:
        DuckEngine(hand_build(tmp_path, []), date(2024, 1, 1), **{rule: value})
    assert (caught.value.key, caught.value.values["name"]) == ("not_allowed", rule)


VIEWS = ["sales_from_orders", "counted_by_map", "purchases_from_orders"]


def test_queries_that_ran_are_listed_once_for_the_report(tmp_path):
    with engine_over(tmp_path, [("o1", "a", "2024-01-01", 1)]) as engine:
        engine.ledger(), engine.ledger(), engine.edges("orders", 5)
        assert engine.queries == [*VIEWS, "ledger", "customer_rfm", "value_counts"]


def test_the_written_customer_table_is_the_one_that_is_given(tmp_path):
    with engine_over(tmp_path / "it's", [("o1", "a", "2024-01-01", 1), ("o2", "b", "2024-01-02", 2)]) as engine:
        engine.write_customers(tmp_path / "it's.parquet")
        assert_frame_equal(duckdb.from_parquet(str(tmp_path / "it's.parquet")).df(), engine.customers())


# edges


@pytest.mark.parametrize(
    ("values", "counts", "bins", "edges", "top"),
    [
        ([1, 2, 3, 4, 5], [1] * 5, 5, {1: 1, 2: 2, 3: 3, 4: 4}, 5),
        ([1, 2], [4, 1], 5, {3: 1}, 5),  # ranks 2.5 and 5 of 5
        ([1, 2, 3], [6, 2, 2], 5, {2: 1, 4: 2}, 5),  # ranks 3.5, 7.5, 9.5 of 10: scores 1 and 3 do not occur
        ([7], [9], 5, {}, 3),  # all equal: the middle
        ([7], [1], 5, {}, 5),
        ([1, 2], [1, 1], 2, {1: 1}, 2),
        ([1, 2, 3], [1, 1, 1], 10, {4: 1, 7: 2}, 10),
    ],
    ids=["one each", "ties", "missing scores", "all equal", "one customer", "two", "more bins than customers"],
)
def test_edges_are_the_largest_values_of_each_score(values, counts, bins, edges, top):
    assert edges_of(values, counts, bins) == Edges({score: float(one) for score, one in edges.items()}, top, bins)


def test_edges_come_from_customers_with_an_order(tmp_path):
    orders = [("o1", "a", "2024-01-01", 5), ("o2", "b", "2024-01-03", 7), ("r3", "c", "2024-01-04", -9)]
    with engine_over(tmp_path, orders, "2024-01-05") as engine:
        assert engine.edges("net_amount", 2) == Edges({1: 5.0}, 2, 2)
        assert engine.edges("orders", 2) == Edges({}, 2, 2)
        assert engine.edges("recency_days", 2, reverse=True) == Edges({1: 2.0}, 2, 2, True)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.integers(2, 10))
@settings(deadline=None, max_examples=80)
def test_edges_give_each_value_the_score_of_its_average_rank(values, bins):
    series = pd.Series(values)
    scores = np.ceil(series.rank(method="average") * bins / len(series) - 1e-9).astype(int)
    largest = {score: float(series[scores == score].max()) for score in set(scores.tolist())}
    counts = series.value_counts().sort_index()
    found = edges_of(counts.index, counts.to_numpy(), bins)
    assert found.top == max(largest)
    assert found.edges == {score: value for score, value in largest.items() if score != found.top}
