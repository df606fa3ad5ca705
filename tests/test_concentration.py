"""Concentration: Lorenz, Gini, whale curve and histograms against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from custlib.i18n import Problem
from custlib.value import abc_table, gini, histogram, lorenz, top_share, whale


def spend(*amounts: float) -> pd.DataFrame:
    return pd.DataFrame({"net_amount": [float(one) for one in amounts]})


def test_the_lorenz_curve_by_hand():
    expected = pd.DataFrame({"customer_share": [0, 0.25, 0.5, 0.75, 1], "amount_share": [0, 0.1, 0.3, 0.6, 1]})
    assert_frame_equal(lorenz(spend(40, 10, 30, 20)), expected)
    assert lorenz(spend(4, -9))["amount_share"].tolist() == [0, 0, 1]  # below zero counts as zero


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((5, 5, 5, 5), 0),
        ((0, 0, 0, 1), 0.75),
        ((1, 2, 3, 4), 0.25),
        ((7,), 0),
        ((0, 0), 0),
        ((-3, 4), 0.5),
        ((0, 1), 0.5),
    ],
)
def test_gini_by_hand(amounts, expected):
    assert gini(spend(*amounts)) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
@settings(deadline=None, max_examples=60)
def test_gini_is_twice_the_area_between_the_curve_and_equality(amounts):
    curve = lorenz(spend(*amounts))
    area = 1 - 2 * np.trapezoid(curve["amount_share"], curve["customer_share"])
    assert gini(spend(*amounts)) == pytest.approx(area, abs=1e-9)
    assert (curve["amount_share"] <= curve["customer_share"] + 1e-9).all()
    assert (np.diff(curve["amount_share"]) >= 0).all()


def test_the_whale_curve_by_hand():
    expected = pd.DataFrame({"customer_share": [0, 0.25, 0.5, 0.75, 1], "amount_share": [0, 0.8, 1.2, 1.2, 1]})
    assert_frame_equal(whale(spend(-2, 8, 0, 4)), expected)
    assert whale(spend(-1, -2))["amount_share"].isna().all()  # a share of nothing


def test_a_long_curve_is_thinned_but_keeps_its_ends():
    for curve in (lorenz, whale):
        found = curve(spend(*range(1, 5_001)))
        assert len(found) == 400
        assert found.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert len(lorenz(spend(*range(1, 400)))) == 400


def test_an_empty_table_has_the_curve_of_equality():
    assert lorenz(spend())["amount_share"].tolist() == [0.0]
    assert gini(spend()) == 0


def test_heads_and_money_of_the_classes_by_hand():
    found = abc_table(spend(70, 20, 10, -5), pd.Series(list("ABCC")))
    expected = pd.DataFrame(
        {
            "class": ["A", "B", "C"],
            "customers": [1, 1, 2],
            "customer_share": [0.25, 0.25, 0.5],
            "net_amount": [70.0, 20, 5],
            "amount_share": [0.7, 0.2, 0.1],
            "threshold": [70.0, 20, -5],
        }
    )
    assert_frame_equal(found, expected)
    empty = abc_table(spend(70, 0), pd.Series(list("AC")))
    assert empty["customers"].tolist() == [1, 0, 1] and np.isnan(empty["threshold"][1])


def test_the_share_of_the_best_counts_whole_customers():
    assert top_share(np.array([6.0, 2, 1, 1, 0]), 0.2) == 0.6
    assert top_share(np.array([6.0, 2, 1, 1, 0]), 0.3) == 0.8
    assert top_share(np.array([0.0, 0]), 0.2) == 0


@pytest.mark.parametrize(
    ("column", "values", "bins"),
    [
        ("recency_days", [0, 5, 10, 10], 2),
        ("recency_days", [7, 7], 3),
        ("recency_days", [3], 30),
        ("orders", [1, 1, 2, 3, 200], 30),
        ("orders", [1], 30),
        ("orders", [1, 2], 30),
        ("net_amount", [0.01, 5, 9_000.5], 30),
        ("net_amount", [4, 4], 30),
    ],
)
def test_every_customer_stands_in_one_bin(column, values, bins):
    found = histogram(pd.DataFrame({column: values}), column, bins=bins)
    assert found["customers"].sum() == len(values)
    assert (found["left"] < found["right"]).all() and found["left"].iloc[1:].tolist() == found["right"].iloc[:-1].tolist()
    assert found["left"].iloc[0] <= min(values) and found["right"].iloc[-1] >= max(values)


@given(st.lists(st.floats(-100, 1e6), max_size=60), st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_money_bins_hold_every_customer_above_zero(amounts, bins):
    found = histogram(spend(*amounts), "net_amount", bins=bins)
    assert found["customers"].sum() == sum(one > 0 for one in amounts)


def test_unknown_values_and_those_a_log_axis_cannot_show_are_left_out():
    assert histogram(pd.DataFrame({"recency_days": pd.array([1, None, 3], dtype="Int32")}), "recency_days", bins=2)[
        "customers"
    ].tolist() == [1, 1]
    assert histogram(spend(-5, 0), "net_amount").empty
    with pytest.raises(Problem, match="customers lacks the columns orders"):
        histogram(spend(1), "orders")
