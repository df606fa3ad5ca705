"""RFM scores: a function of the value only, whatever the order or the names of the rows."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import people
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from custlib.engine import Edges
from custlib.engine.duck import edges_of
from custlib.i18n import Problem
from custlib.value import order_dependent_share, read_edges, rfm
from custlib.value.scores import COLUMNS, score


def fresh_edges(customers: pd.DataFrame, bins: int) -> dict[str, Edges]:
    """Cut the edges of a customer table as the engine does."""
    bought = customers[customers["orders"] > 0]
    found = {}
    for column in COLUMNS.values():
        counts = bought[column].astype("float64").value_counts().sort_index()
        found[column] = edges_of(counts.index, counts.to_numpy(), bins, reverse=column == "recency_days")
    return found


def scored(customers: pd.DataFrame, bins: int = 5) -> pd.DataFrame:
    return rfm(customers, edges=fresh_edges(customers, bins))


LADDER = people(("a", 90, 1, 10.0), ("b", 60, 2, 20.0), ("c", 30, 3, 30.0), ("d", 10, 4, 40.0), ("e", 1, 5, 50.0))
customers_of_any_kind = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 6), st.integers(-3, 9)), min_size=1, max_size=40
).map(lambda rows: people(*((f"c{n}", days, orders, float(money)) for n, (days, orders, money) in enumerate(rows))))


def test_five_steps_give_five_scores():
    expected = pd.DataFrame(
        {
            "identity_id": list("abcde"),
            "r": pd.array([1, 2, 3, 4, 5], dtype="Int8"),
            "f": pd.array([1, 2, 3, 4, 5], dtype="Int8"),
            "m": pd.array([1, 2, 3, 4, 5], dtype="Int8"),
            "cell": ["111", "222", "333", "444", "555"],
        }
    )
    assert_frame_equal(scored(LADDER), expected, check_dtype=False)


def test_the_best_customer_outranks_the_worst_in_any_number_of_bins():
    for bins in range(2, 11):
        found = scored(LADDER, bins).set_index("identity_id")
        assert (found.loc["e", ["r", "f", "m"]] > found.loc["a", ["r", "f", "m"]]).all()
        assert found.loc["e", ["f", "m"]].tolist() == [bins, bins]
        assert found[["r", "f", "m"]].min().min() >= 1 and found[["r", "f", "m"]].max().max() <= bins


def test_ten_bins_are_written_with_a_mark_between():
    assert scored(LADDER, 10)["cell"].tolist()[-1] == "10-10-10"


def test_a_customer_without_an_order_has_no_score():
    found = scored(people(("a", 5, 1, 10.0), ("b", None, 0, -3.0), ("c", 9, 2, 20.0)), 2)
    assert found.loc[1, ["r", "f", "m"]].isna().all()
    assert found["cell"].tolist() == ["211", "unknown", "122"]


def test_one_customer_and_none():
    assert scored(people(("a", 3, 1, 5.0)))[["f", "m"]].to_numpy().tolist() == [[5, 5]]
    assert scored(people()).empty


def test_all_customers_alike_share_the_middle_score():
    assert set(scored(people(*((f"c{n}", 5, 1, 9.0) for n in range(100))))["cell"]) == {"333"}


@given(customers_of_any_kind, st.integers(2, 10), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_equal_values_score_alike_and_shuffling_or_renaming_changes_nothing(customers, bins, chance):
    found = scored(customers, bins)
    for axis, column in COLUMNS.items():
        assert found.groupby(customers[column].astype("float64"))[axis].nunique().max() == 1
    order = list(range(len(customers)))
    chance.shuffle(order)
    shuffled = customers.iloc[order].reset_index(drop=True)
    assert_frame_equal(scored(shuffled, bins), found.iloc[order].reset_index(drop=True))
    renamed = customers.assign(identity_id=[f"z{chance.random()}" for _ in order])
    assert scored(renamed, bins)["cell"].tolist() == found["cell"].tolist()


@given(customers_of_any_kind, st.integers(2, 10))
@settings(deadline=None, max_examples=40)
def test_a_better_value_never_scores_lower(customers, bins):
    found = scored(customers, bins)
    for axis, column in COLUMNS.items():
        better = -1 if axis == "r" else 1
        ordered = found[axis].to_numpy(dtype="int64")[
            np.argsort(better * customers[column].to_numpy(dtype="float64"), kind="stable")
        ]
        assert (np.diff(ordered) >= 0).all()


def test_last_months_edges_score_this_month():
    frozen = {
        "recency_days": Edges({1: 10.0, 3: 30.0}, 5, 5, True),
        "orders": Edges({1: 1.0}, 5, 5),
        "net_amount": Edges({2: 9.99}, 4, 5),
    }
    found = rfm(people(("a", 0, 1, -5.0), ("b", 10, 2, 9.99), ("c", 11, 900, 10.0), ("d", 31, 1, 1e9)), edges=frozen)
    assert found["cell"].tolist() == ["512", "552", "354", "114"]


def test_stored_edges_are_read_back_whole():
    edges = fresh_edges(LADDER, 5)
    stored = json.loads(json.dumps({column: one.as_dict() for column, one in edges.items()}))
    assert read_edges(stored) == edges
    assert_frame_equal(rfm(LADDER, edges=read_edges(stored)), scored(LADDER))


def test_a_score_that_does_not_occur_is_skipped():
    assert score(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), Edges({1: 1.0, 3: 3.0}, 4, 5)).tolist() == [1, 1, 3, 3, 4]


@pytest.mark.parametrize("column", ["identity_id", *COLUMNS.values()])
def test_a_missing_column_is_named(column):
    with pytest.raises(Problem) as caught:
        rfm(LADDER.drop(columns=column), edges=fresh_edges(LADDER, 5))
    assert caught.value.values["missing"] == column
    if column != "identity_id":
        with pytest.raises(Problem, match=column):
            rfm(LADDER, edges={name: one for name, one in fresh_edges(LADDER, 5).items() if name != column})


def test_the_frame_that_came_is_left_as_it_was():
    before = LADDER.copy()
    scored(LADDER)
    assert_frame_equal(LADDER, before)


def test_order_dependence_is_measured_on_ties_only():
    assert order_dependent_share(pd.DataFrame({"orders": range(1, 101)}), bins=5, seed=1) == 0
    assert order_dependent_share(pd.DataFrame({"orders": [1] * 100}), bins=5, seed=1) > 0.5
    assert order_dependent_share(pd.DataFrame({"orders": [1, 0, 0]}), bins=5, seed=1) == 0
    with pytest.raises(Problem, match="bins must be 2 to 10, got 11"):
        order_dependent_share(LADDER, bins=11, seed=1)
