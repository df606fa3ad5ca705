"""Next steps: what is promised comes true when the customer's numbers change and nothing else does."""

import pandas as pd
import pytest
from helpers import people
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scores import LADDER, customers_of_any_kind, fresh_edges

from custlib.engine import Edges
from custlib.value import load_map, rfm
from custlib.value.why import LEVERS, moves, place

PLAN = load_map()


def steps_of(customers: pd.DataFrame, edges: dict[str, Edges], plan=PLAN) -> pd.DataFrame:
    return moves(customers, rfm(customers, edges=edges), edges=edges, plan=plan)


def after(customers: pd.DataFrame, row: int, lever: str, need: float) -> pd.DataFrame:
    """Change one customer's numbers as the step says."""
    one = customers.iloc[[row]].copy()
    mean = one["net_amount"].iloc[0] / one["orders"].iloc[0]
    if lever == "amount":
        return one.assign(net_amount=round(one["net_amount"].iloc[0] + need, 2))
    more = 0 if lever == "return" else int(need)
    return one.assign(
        recency_days=pd.array([0], dtype="Int32"), orders=one["orders"] + more, net_amount=one["net_amount"] + more * mean
    )


@given(customers_of_any_kind, st.sampled_from([2, 3, 5, 7, 10]))
@settings(deadline=None, max_examples=40)
def test_every_promised_step_lands_in_the_promised_better_segment(customers, bins):
    edges = fresh_edges(customers, bins)
    named = place(rfm(customers, edges=edges), PLAN, bins=bins)
    for row, step in enumerate(steps_of(customers, edges).itertuples()):
        if step.lever is None or pd.isna(step.lever):
            assert pd.isna(step.next_label) and pd.isna(step.need)
            continue
        assert step.lever in LEVERS and step.need >= 0
        changed = after(customers, row, step.lever, step.need)
        assert place(rfm(changed, edges=edges), PLAN, bins=bins).tolist() == [step.next_label]
        assert PLAN.rank(step.next_label) > PLAN.rank(named.iloc[row])


@given(customers_of_any_kind)
@settings(deadline=None, max_examples=40)
def test_no_smaller_step_of_the_same_kind_would_do(customers):
    edges = fresh_edges(customers, 5)
    named = place(rfm(customers, edges=edges), PLAN, bins=5)
    for row, step in enumerate(steps_of(customers, edges).itertuples()):
        smaller = {"orders": 1, "amount": 0.01}.get(step.lever)
        if smaller and step.need > smaller:
            almost = place(rfm(after(customers, row, step.lever, round(step.need - smaller, 2)), edges=edges), PLAN, bins=5).iloc[
                0
            ]
            assert PLAN.rank(almost) <= PLAN.rank(named.iloc[row])


def test_the_best_segment_has_no_step_and_unknown_customers_have_none():
    frame = pd.concat([LADDER, people(("back", None, 0, -3.0))], ignore_index=True)
    found = steps_of(frame, fresh_edges(frame, 5))
    assert found.iloc[4].isna().all() and found.iloc[5].isna().all()


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (("x", 40, 5, 50.0), ("champions", "return", 0.0)),  # at risk; one visit and she is back at the top
        (("x", 0, 1, 10.0), ("potential_loyalist", "order", 1.0)),  # new: a second order
        (("x", 0, 1, 1.0), ("potential_loyalist", "order", 1.0)),
        (("x", 0, 3, 12.0), ("champions", "orders", 2.0)),  # F 3, M 2: five orders make F 5 and FM 4, four would not
        (("x", 0, 3, 3.0), ("champions", "orders", 8.0)),  # F 3, M 1: F 5 alone leaves FM at 3; eight orders of 1.00 make M 2, FM 4
    ],
    ids=["back again", "second order", "small second order", "more orders", "orders that add up"],
)
def test_steps_worked_out_by_hand(customer, expected):
    edges = {
        "recency_days": Edges({1: 5.0, 2: 10.0, 3: 20.0, 4: 30.0}, 5, 5, True),
        "orders": Edges({1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}, 5, 5),
        "net_amount": Edges({1: 10.0, 2: 20.0, 3: 30.0, 4: 40.0}, 5, 5),
    }
    found = steps_of(people(customer), edges).iloc[0].tolist()
    assert tuple(found) == expected


def test_a_refunded_customer_is_lifted_by_money_alone():
    edges = {"recency_days": Edges({}, 3, 5, True), "orders": Edges({}, 3, 5), "net_amount": Edges({1: 10.0, 4: 40.0}, 5, 5)}
    assert steps_of(people(("x", 9, 1, -5.0)), edges).iloc[0].tolist() == ["loyal", "amount", 15.01]  # F 3, M 1 to M 4
