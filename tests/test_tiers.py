"""Value classes: who crosses a line is above it, equal money stays together, nothing at or below zero is A or B."""

import numpy as np
import pandas as pd
import pytest
from helpers import people
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from custlib.i18n import Problem
from custlib.value import abc, binary_cuts, share_edges, tier3
from custlib.value.tiers import cn8_scores, tier_edges


def spend(*amounts: float) -> pd.DataFrame:
    return pd.DataFrame({"net_amount": [float(one) for one in amounts]})


def classes(*amounts: float, shares=(0.7, 0.9)) -> str:
    frame = spend(*amounts)
    return "".join(abc(frame, edges=share_edges(frame, shares)))


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((70, 20, 10), "ABC"),  # exactly on both lines
        ((60, 20, 15, 5), "AABC"),  # 80 crosses .7, 95 crosses .9
        ((100,), "A"),
        ((50, 50), "AA"),
        ((10, 10, 10, 10), "AAAA"),  # equal money stays together, however many
        ((40, 30, 30), "AAA"),  # the 30 that crosses takes its equal along
        ((70, 10, 10, 10), "ABBB"),
        ((10, 20, 70), "CBA"),  # the order of rows does not matter
        ((70, 20, 10, 0, -5), "ABCCC"),
        ((100, -100), "AC"),
        ((0, 0), "CC"),
        ((-1, -2), "CC"),
        ((0.10,) * 30, "A" * 30),
        ((), ""),
        ((90, 5, 5), "ACC"),  # one customer crosses both lines
    ],
)
def test_classes_worked_out_by_hand(amounts, expected):
    assert classes(*amounts) == expected


def test_a_cent_decides_and_no_fraction_of_a_cent():
    frame = spend(70, 20, 10)
    assert abc(spend(70.004, 69.996, 69.99, 20.0, 19.99), edges=share_edges(frame, (0.7, 0.9))).tolist() == list("AABBC")


@given(st.lists(st.integers(-50, 500), min_size=1, max_size=40), st.sampled_from([(0.7, 0.9), (0.5, 0.8), (0.8, 0.95)]))
@settings(deadline=None, max_examples=80)
def test_each_class_is_the_smallest_that_reaches_its_share(cents, shares):
    amounts = np.array(cents) / 100
    found = np.array(list(classes(*amounts, shares=shares)))
    positive = np.maximum(np.array(cents), 0)
    assert (found[positive == 0] == "C").all()
    if positive.sum():
        for inside, share in ((found == "A", shares[0]), (np.isin(found, ["A", "B"]), shares[1])):
            assert positive[inside].sum() >= share * positive.sum() - 1e-6
            worst = positive[inside].min()
            assert positive[positive > worst].sum() < share * positive.sum() + 1e-6
            assert inside[positive == worst].all()


@pytest.mark.parametrize("shares", [(0.9, 0.7), (0, 0.9), (0.7, 1), (0.7,), (0.7, 0.7)])
def test_shares_must_rise_inside_0_to_1(shares):
    with pytest.raises(Problem) as caught:
        share_edges(spend(1), shares)
    assert caught.value.key == "out_of_range"


def test_three_tiers_by_share_and_by_head_count():
    frame = spend(50, 40, 30, 20, 10)
    share, quantile = (tier_edges(frame, rule=rule, shares=(0.7, 0.9)) for rule in ("share", "quantile"))
    assert (share, quantile) == ((30.0, 20.0), (50.0, 30.0))
    assert tier3(frame, edges=share).tolist() == ["high", "high", "high", "mid", "low"]
    assert tier3(frame, edges=quantile).tolist() == ["high", "mid", "mid", "low", "low"]
    with pytest.raises(Problem, match="tier_rule must be one of share, quantile"):
        tier_edges(frame, rule="shares", shares=(0.7, 0.9))


def test_nobody_at_or_below_zero_is_of_high_or_mid_value():
    frame = spend(5, 0, 0, 0, -1)
    for rule in ("share", "quantile"):
        assert tier3(frame, edges=tier_edges(frame, rule=rule, shares=(0.7, 0.9))).tolist() == [
            "high",
            "low",
            "low",
            "low",
            "low",
        ]


FOUR = people(("a", 1, 1, 10.0), ("b", 2, 1, 10.0), ("c", 3, 2, 10.0), ("d", 94, 8, 970.0), ("back", None, 0, -5.0))


def test_the_three_cuts_by_median_mean_and_business():
    assert binary_cuts(FOUR, cut="median") == {"recency_days": 2.5, "orders": 1.5, "net_amount": 10.0}
    assert binary_cuts(FOUR, cut="mean") == {"recency_days": 25.0, "orders": 3.0, "net_amount": 250.0}
    mine = {"recency_days": 30, "orders": 2, "net_amount": 100}
    assert binary_cuts(FOUR, cut="business", business=mine) == mine
    with pytest.raises(Problem, match="lacks the columns orders"):
        binary_cuts(FOUR, cut="business", business={"recency_days": 30, "net_amount": 100})
    with pytest.raises(Problem, match="cut must be one of median, mean, business"):
        binary_cuts(FOUR, cut="medain")


def test_the_cut_itself_is_on_the_good_side():
    found = cn8_scores(FOUR, cuts={"recency_days": 3, "orders": 2, "net_amount": 10})
    expected = pd.DataFrame({"r": [2, 2, 2, 1, None], "f": [1, 1, 2, 2, None], "m": [2, 2, 2, 2, None]})
    assert_frame_equal(found.astype("Float64"), expected.astype("Float64"))


def test_a_missing_column_is_named():
    with pytest.raises(Problem, match="customers lacks the columns net_amount"):
        share_edges(pd.DataFrame({"amount": [1]}), (0.7, 0.9))
