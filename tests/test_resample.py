"""Resampling: reproducible, and intervals that hold the truth about as often as they say."""

import numpy as np
import pandas as pd
import pytest
from helpers import people
from test_scores import fresh_edges

from custlib.value import concentration_intervals, confidence, gini, load_map, rfm
from custlib.value.resample import draws, interval, shares
from custlib.value.why import place


def world(seed: int, n: int = 200) -> tuple[pd.DataFrame, pd.Series]:
    """Draw customers of whom 30 % are in the group `in`."""
    chance = np.random.default_rng(seed)
    return pd.DataFrame({"net_amount": chance.gamma(2, 50, n).round(2)}), pd.Series(np.where(chance.random(n) < 0.3, "in", "out"))


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    customers, groups = world(1)
    first, again, other = (shares(customers, groups, times=50, seed=seed) for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first, again)
    assert first["customer_share_low"].tolist() != other["customer_share_low"].tolist()
    ends = [concentration_intervals(customers, shares_=(0.7, 0.9), times=20, seed=seed) for seed in (7, 7, 8)]
    assert ends[0] == ends[1] != ends[2]


def test_each_draw_has_as_many_customers_as_there_are():
    found = list(draws(30, times=20, seed=1))
    assert len(found) == 20 and {(len(one), int(one.sum())) for one in found} == {(30, 30)}


def test_the_interval_is_the_middle_95_percent():
    assert interval(np.arange(201.0)) == (5.0, 195.0)


def test_the_interval_of_a_share_holds_the_truth_about_as_often_as_it_says():
    """95 % nominal; over 100 worlds fewer than 88 or more than 99 would come up once in hundreds of seeds."""
    held = 0
    for seed in range(100):
        customers, groups = world(seed)
        row = shares(customers, groups, times=200, seed=seed).set_index("group").loc["in"]
        held += row["customer_share_low"] <= 0.3 <= row["customer_share_high"]
    assert 88 <= held <= 99


def test_the_interval_of_concentration_holds_the_figure_it_is_for():
    customers, _ = world(3, n=400)
    found = concentration_intervals(customers, shares_=(0.7, 0.9), times=100, seed=1)
    assert set(found) == {"gini", "a_share", "top20_share"}
    low, high = found["gini"]
    assert low < gini(customers) < high < low + 0.1
    assert all(0 <= low <= high <= 1 for low, high in found.values())


def test_shares_of_groups_by_hand():
    found = shares(pd.DataFrame({"net_amount": [60.0, 30, 10, -50]}), pd.Series(["b", "a", "a", "c"]), times=10, seed=1)
    assert found["group"].tolist() == ["a", "b", "c"]
    assert found["customer_share"].tolist() == [0.5, 0.25, 0.25]
    assert found["amount_share"].tolist() == [0.4, 0.6, 0]


def test_one_customer_has_no_spread():
    found = shares(pd.DataFrame({"net_amount": [5.0]}), pd.Series(["a"]), times=10, seed=1).iloc[0]
    assert found.drop("group").tolist() == [1.0] * 6
    frame = people(("a", 3, 1, 5.0))
    assert confidence(frame, pd.Series(["champions"]), plan=load_map(), bins=5, times=10, seed=1).tolist() == [1.0]


@pytest.fixture(scope="module")
def crowd() -> tuple[pd.DataFrame, pd.Series]:
    """Five blocks of forty customers alike, one lone customer close to a line, one with returns only."""
    blocks = [people(*((f"{n}-{one}", 100 - 20 * n, 1 + n, 10.0 * 3**n) for one in range(40))) for n in range(5)]
    frame = pd.concat([*blocks, people(("back", None, 0, -5.0))], ignore_index=True)
    return frame, place(rfm(frame, edges=fresh_edges(frame, 5)), load_map(), bins=5)


def test_a_customer_far_from_every_line_keeps_her_segment(crowd):
    frame, named = crowd
    found = confidence(frame, named, plan=load_map(), bins=5, times=50, seed=1)
    assert named.iloc[[0, 180]].tolist() == ["lost", "champions"]
    assert found.iloc[[0, 199]].tolist() == [1.0, 1.0]
    assert found.index.equals(frame.index)


def test_confidence_is_blank_without_an_order_and_never_outside_0_to_1(crowd):
    frame, named = crowd
    found = confidence(frame, named, plan=load_map(), bins=5, times=20, seed=1)
    assert np.isnan(found.iloc[-1]) and found.iloc[:-1].between(0, 1).all()


def test_a_customer_at_a_line_keeps_her_segment_less_often_than_one_far_from_it():
    frame = people(*((f"c{n}", 200 - n, 1, float(n)) for n in range(1, 101)))
    named = place(rfm(frame, edges=fresh_edges(frame, 5)), load_map(), bins=5)
    found = confidence(frame, named, plan=load_map(), bins=5, times=100, seed=1)
    assert found.iloc[0] == 1 and found.iloc[99] == 1
    changes = np.flatnonzero(named.to_numpy()[1:] != named.to_numpy()[:-1])
    assert len(changes) and found.iloc[changes].max() < 0.9


def test_neither_ids_nor_the_order_of_rows_move_an_interval_or_a_confidence(crowd):
    frame, groups = crowd
    turned, names = frame.iloc[::-1].reset_index(drop=True), groups.iloc[::-1].reset_index(drop=True)
    turned = turned.assign(identity_id=[f"z{place}" for place in range(len(turned))])
    pd.testing.assert_frame_equal(shares(frame, groups, times=20, seed=3), shares(turned, names, times=20, seed=3))
    first, second = (concentration_intervals(one, shares_=(0.7, 0.9), times=20, seed=3) for one in (frame, turned))
    assert first == second
    again = [confidence(one, labels, plan=load_map(), bins=5, times=20, seed=3).tolist() for one, labels in ((frame, groups), (turned, names))]
    np.testing.assert_array_equal(again[0], again[1][::-1])
