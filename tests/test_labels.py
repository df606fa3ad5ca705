"""Labels: one row per identity and scheme, each with its score, its rule and the numbers behind it."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from helpers import people
from pandas.testing import assert_frame_equal
from test_scores import fresh_edges

from custlib.i18n import Problem
from custlib.tables import schema
from custlib.value import cells, cuts, labels, load_map, rfm, segment_table
from custlib.value.segment_map import Segment, SegmentMap
from custlib.value.why import place

FIVE = people(
    ("a", 90, 1, 10.0), ("b", 60, 2, 20.0), ("c", 30, 3, 30.0), ("d", 10, 4, 40.0), ("e", 1, 5, 50.0), ("back", None, 0, -3.0)
)
SCHEMES = ["rfm.cell", "rfm.named", "rfm.cn8", "value.tier3", "value.abc"]


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return labels(FIVE, cuts(FIVE, fresh_edges(FIVE, 5)), as_of=date(2024, 1, 1))


def test_one_row_per_identity_and_scheme_with_declared_columns_and_types(found):
    assert found.columns.tolist() == ["identity_id", "as_of", "scheme", "label", "score", "confidence", "evidence"]
    assert set(found.columns) <= {column.name for column in schema.table("labels").columns}
    assert found["scheme"].unique().tolist() == SCHEMES and set(SCHEMES) <= set(schema.table("labels").column("scheme").levels)
    assert len(found) == 30 and not found.duplicated(["identity_id", "scheme"]).any()
    assert found["as_of"].unique().tolist() == [date(2024, 1, 1)]
    assert [str(found[column].dtype) for column in ("score", "confidence")] == ["float64", "float64"]
    assert found["confidence"].isna().all()
    assert found["label"].map(type).eq(str).all() and found["evidence"].map(type).eq(str).all()


def test_the_labels_of_five_customers_by_hand(found):
    wide = found.pivot(index="identity_id", columns="scheme", values="label").loc[["a", "b", "c", "d", "e", "back"], SCHEMES]
    assert wide.to_numpy().tolist() == [
        ["111", "lost", "general_retain", "low", "C"],
        ["222", "hibernating", "general_retain", "mid", "B"],
        ["333", "need_attention", "important_value", "high", "A"],
        ["444", "loyal", "important_value", "high", "A"],
        ["555", "champions", "important_value", "high", "A"],
        ["unknown", "unknown", "unknown", "low", "C"],
    ]


def test_scores_rise_with_the_label_and_are_blank_where_unknown(found):
    wide = found.pivot(index="identity_id", columns="scheme", values="score").loc[["a", "e", "back"], SCHEMES]
    assert wide.loc[["a", "e"]].to_numpy().tolist() == [[1, 1, 1, 1, 1], [5, 11, 8, 3, 3]]
    assert wide.loc["back", SCHEMES[:3]].isna().all()


def test_the_evidence_holds_values_scores_rule_and_next_step(found):
    said = {(one.identity_id, one.scheme): json.loads(one.evidence, parse_constant=pytest.fail) for one in found.itertuples()}
    assert said["e", "rfm.named"] == {
        "r": 5,
        "f": 5,
        "m": 5,
        "recency_days": 1,
        "orders": 5,
        "net_amount": 50.0,
        "rule": "R 5 · FM 4–5 | R 4 · FM 5",
        "next": None,
    }
    assert said["a", "rfm.named"]["next"] == {"label": "new", "lever": "return", "need": 0.0}
    assert said["back", "rfm.named"] == {
        "r": None,
        "f": None,
        "m": None,
        "recency_days": None,
        "orders": 0,
        "net_amount": -3.0,
        "rule": None,
        "next": None,
    }
    assert said["c", "rfm.cn8"] == {"r": 2, "f": 2, "m": 2}
    assert said["c", "value.abc"] == {"net_amount": 30.0}


def test_the_thresholds_are_ready_for_json():
    stored = json.loads(json.dumps(cuts(FIVE, fresh_edges(FIVE, 5)).as_dict(), allow_nan=False))
    assert stored["abc"] == {"shares": [0.7, 0.9], "edges": {"A": 30.0, "B": 20.0}}
    assert stored["cn8"] == {"cut": "median", "recency_days": 30.0, "orders": 3.0, "net_amount": 30.0}
    assert stored["rfm"]["orders"] == {"edges": {"1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0}, "top": 5, "bins": 5, "reversed": False}
    assert stored["map"]["segments"]["lost"] == {"rank": 1, "rule": "R 1 · FM 1–2"}
    nobody = people(("a", 5, 1, 0.0))
    assert cuts(nobody, fresh_edges(nobody, 5)).as_dict()["abc"]["edges"] == {"A": None, "B": None}


def test_a_map_that_is_not_sound_stops_before_any_label():
    holed = SegmentMap("x", 5, (Segment("only", 1, ({"r": (1, 4)},)),))
    with pytest.raises(Problem) as caught:
        cuts(FIVE, fresh_edges(FIVE, 5), plan=holed)
    assert caught.value.key == "map_broken"


def test_one_customer_and_customers_with_returns_only_get_labels():
    for frame in (people(("a", 3, 1, 5.0)), people(("a", 3, 1, 5.0), ("back", None, 0, -3.0))):
        assert len(labels(frame, cuts(frame, fresh_edges(frame, 5)), as_of=date(2024, 1, 1))) == 5 * len(frame)


def test_segments_as_a_table_by_hand():
    named = pd.Series(["lost", "lost", "loyal", "loyal", "champions", "unknown"])
    found = segment_table(FIVE, named, plan=load_map(), seed=1, times=50).set_index("segment")
    assert found.index.tolist()[0] == "champions" and found.index.tolist()[-1] == "unknown" and len(found) == 12
    assert found.loc[
        "lost", ["customers", "net_amount", "median_recency_days", "median_orders", "median_net_amount"]
    ].tolist() == [2, 30, 75, 1.5, 15]
    assert found.loc["lost", "customer_share"] == pytest.approx(2 / 6) and found.loc["lost", "amount_share"] == pytest.approx(
        30 / 150
    )
    assert found.loc["new", ["customers", "net_amount", "customer_share"]].tolist() == [0, 0, 0]
    assert np.isnan(found.loc["new", "customer_share_low"]) and np.isnan(found.loc["unknown", "median_recency_days"])
    assert found["customer_share"].sum() == pytest.approx(1) and found["amount_share"].sum() == pytest.approx(1)
    known = found[found["customers"] > 0]
    for name in ("customer_share", "amount_share"):
        assert (known[f"{name}_low"] <= known[name] + 1e-9).all() and (known[name] <= known[f"{name}_high"] + 1e-9).all()


def test_cells_as_a_table_by_hand():
    frame = people(("a", 1, 1, 10.0), ("b", 1, 1, 30.0), ("c", 9, 2, 60.0), ("d", 9, 2, -20.0), ("back", None, 0, -3.0))
    scored = pd.DataFrame({"r": pd.array([5, 5, 1, 1, None], dtype="Int8"), "f": pd.array([1, 1, 3, 3, None], dtype="Int8")})
    expected = pd.DataFrame(
        {
            "r": [1, 5],
            "f": [3, 1],
            "customers": [2, 2],
            "customer_share": [0.5, 0.5],
            "net_amount": [40.0, 40.0],
            "amount_share": [0.6, 0.4],
            "median_net_amount": [20.0, 20.0],
        }
    )
    assert_frame_equal(cells(frame, scored), expected)


def test_labels_do_not_depend_on_the_order_of_rows(found):
    shuffled = FIVE.iloc[[3, 5, 0, 4, 2, 1]].reset_index(drop=True)
    again = labels(shuffled, cuts(shuffled, fresh_edges(shuffled, 5)), as_of=date(2024, 1, 1))
    order = ["scheme", "identity_id"]
    assert_frame_equal(again.sort_values(order, ignore_index=True), found.sort_values(order, ignore_index=True))
    assert place(rfm(FIVE, edges=fresh_edges(FIVE, 5)), load_map(), bins=5).tolist()[:2] == ["lost", "hibernating"]
