"""[segments] of a dataset.toml: cuts and maps of the user's own, refused with a sentence or carried into labels and thresholds."""

import json
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from helpers import people, shop
from pandas.testing import assert_frame_equal
from test_scores import fresh_edges

from custlib.engine import DuckEngine
from custlib.i18n import Problem
from custlib.report.parameters import PARAMETERS, check
from custlib.report.segment_tables import write_segment_tables
from custlib.tables import build
from custlib.value import cuts, labels, own
from custlib.value.schemes import COLUMNS, Scheme, sort

SIZE = {"column": "net_amount", "cuts": [100, 1000], "labels": ["small", "medium", "large"], "zh": ["小", "中", "大"]}
TWO = 'schema = 1\nname = "house"\nbins = 2\n[[segments]]\nname = "good"\nrank = 2\nwhere = [{ r = [2, 2] }]\n' \
      '[[segments]]\nname = "poor"\nrank = 1\nwhere = [{ r = [1, 1] }]\n'
HOLED = TWO.replace("r = [1, 1]", "r = [1, 1], f = [1, 1]")


def schemes(tmp_path: Path | None = None, **declared: dict) -> tuple[Scheme, ...]:
    return own({"schemes": declared}, folder=tmp_path or Path()).schemes


def sold(*amounts: float) -> str:
    """Write a shop in which customer c<n> has the n-th amount, on one day each."""
    return "order,customer,day,amount\n" + "".join(f"o{n},c{n},2024-01-{n + 1:02},{amount}\n" for n, amount in enumerate(amounts))


def test_a_value_on_a_cut_belongs_to_the_label_above_it_and_a_blank_to_unknown():
    found, places = sort(pd.Series([99.99, 100, 999.99, 1000, -5, None]), schemes(size=SIZE)[0])
    assert found.tolist() == ["small", "medium", "medium", "large", "small", "unknown"]
    assert places[:5].tolist() == [1, 2, 2, 3, 1] and pd.isna(places[5])


def test_rules_say_what_the_cuts_do():
    assert schemes(size=SIZE)[0].rules() == {"small": "net_amount < 100", "medium": "100 ≤ net_amount < 1000", "large": "net_amount ≥ 1000"}
    fine = {"column": "net_amount", "cuts": [1234567.25], "labels": ["a", "b"]}
    assert schemes(fine=fine)[0].rules()["b"] == "net_amount ≥ 1234567.25"


def test_nothing_declared_is_the_shipped_map_and_no_scheme():
    assert own({}, folder=Path()) == own({"schemes": {}}, folder=Path())
    assert (own({}, folder=Path()).map, own({}, folder=Path()).schemes) == ("named", ())


@pytest.mark.parametrize(("declared", "key", "told"), [
    ({"mapp": "x"}, "unknown_key", "segments.mapp is not known; did you mean map?"),
    ({"schemes": {"s": {**SIZE, "colour": 1}}}, "unknown_key", "did you mean column?"),
    ({"schemes": [1]}, "not_a_table", "segments.schemes must be a table"),
    ({"schemes": {"s": "x"}}, "not_a_table", "segments.schemes.s must be a table"),
    ({"schemes": {"Größe 1": SIZE}}, "bad_parameter", "lower-case letters"),
    ({"schemes": {"s": {}}}, "scheme_needs_one", "exactly one of `map` and `column`"),
    ({"schemes": {"s": {**SIZE, "map": "m.toml"}}}, "scheme_needs_one", "exactly one of"),
    ({"schemes": {"s": {**SIZE, "column": "net_amuont"}}}, "scheme_column", "did you mean net_amount?"),
    ({"schemes": {"s": {**SIZE, "column": "last_order_day"}}}, "scheme_column", "last_order_day"),
    ({"schemes": {"s": {**SIZE, "cuts": [100, 100]}}}, "bad_parameter", "each larger than the one before"),
    ({"schemes": {"s": {**SIZE, "cuts": [1000, 100]}}}, "bad_parameter", "each larger"),
    ({"schemes": {"s": {**SIZE, "cuts": []}}}, "bad_parameter", "each larger"),
    ({"schemes": {"s": {**SIZE, "cuts": [1, True]}}}, "bad_parameter", "each larger"),
    ({"schemes": {"s": {**SIZE, "cuts": [1, float("nan")]}}}, "bad_parameter", "each larger"),
    ({"schemes": {"s": {**SIZE, "cuts": "100"}}}, "bad_parameter", "each larger"),
    ({"schemes": {"s": {**SIZE, "labels": ["a", "b"]}}}, "scheme_labels", "2 names in labels; 2 cuts need 3"),
    ({"schemes": {"s": {**SIZE, "zh": ["小"]}}}, "scheme_labels", "1 names in zh; 2 cuts need 3"),
    ({"schemes": {"s": {**SIZE, "labels": ["a", "a", "b"]}}}, "bad_parameter", "different names"),
    ({"schemes": {"s": {**SIZE, "labels": ["a", "unknown", "b"]}}}, "bad_parameter", "none of them unknown"),
    ({"schemes": {"s": {"column": "orders", "labels": ["a", "b"]}}}, "key_missing", "segments.schemes.s.cuts"),
    ({"map": 5}, "bad_parameter", "path of a segment map"),
    ({"map": "nowhere.toml"}, "missing_file", "nowhere.toml does not exist"),
])
def test_what_is_declared_wrongly_is_refused_with_a_sentence(declared, key, told):
    with pytest.raises(Problem, match=told.replace("?", r"\?").replace(".", r"\.")) as caught:
        own(declared, folder=Path())
    assert caught.value.key == key and caught.value.exit_code == 2


@pytest.mark.parametrize(("text", "told"), [
    (HOLED, "no segment covers 12"),
    (TWO.replace("bins = 2", "bins = 2000"), "bins must be 2 to 10, got 2000"),
    (TWO.replace("rank = 2", 'rank = "high"'), "bins and rank must be numbers"),
    ("bins = [", "cannot be read"),
], ids=["hole", "a grid without end", "a rank that is none", "no TOML"])
def test_a_broken_map_is_refused_and_the_cells_are_named(text, told, tmp_path):
    (tmp_path / "house.toml").write_text(text, encoding="utf-8")
    for declared in ({"map": "house.toml"}, {"schemes": {"s": {"map": "house.toml"}}}):
        with pytest.raises(Problem, match=told):
            own(declared, folder=tmp_path)


@pytest.fixture
def house(tmp_path) -> Path:
    (tmp_path / "house.toml").write_text(TWO, encoding="utf-8")
    return tmp_path


def test_own_labels_come_after_ours_with_score_and_evidence(house):
    frame = people(("a", 90, 1, 50.0), ("b", 60, 1, 100.0), ("c", 30, 3, 2000.0), ("back", None, 0, -3.0))
    declared = schemes(house, size=SIZE, tier={"map": "house.toml"}, last={"column": "recency_days", "cuts": [60], "labels": ["near", "far"]})
    found = labels(frame, cuts(frame, fresh_edges(frame, 5), schemes=declared), as_of=date(2024, 1, 1))
    plain = labels(frame, cuts(frame, fresh_edges(frame, 5)), as_of=date(2024, 1, 1))
    assert_frame_equal(found.iloc[: len(plain)], plain)
    wide = found.pivot(index="scheme", columns="identity_id", values="label").loc[["x.size", "x.tier", "x.last"], ["a", "b", "c", "back"]]
    assert wide.to_numpy().tolist() == [["small", "medium", "large", "small"], ["poor", "good", "good", "unknown"],
                                       ["far", "far", "near", "unknown"]]
    scores = found.pivot(index="scheme", columns="identity_id", values="score").loc[["x.size", "x.tier", "x.last"], ["a", "b", "c"]]
    assert scores.to_numpy().tolist() == [[1, 2, 3], [1, 2, 2], [2, 2, 1]]
    said = {(row.scheme, row.identity_id): json.loads(row.evidence, parse_constant=pytest.fail) for row in found.itertuples()}
    assert said["x.size", "b"] == {"column": "net_amount", "value": 100.0, "cuts": [100.0, 1000.0], "rule": "100 ≤ net_amount < 1000"}
    assert said["x.last", "back"] == {"column": "recency_days", "value": None, "cuts": [60.0], "rule": None}
    assert said["x.tier", "c"]["rule"] == "R 2"


def test_ties_share_a_label_and_the_order_of_rows_moves_none():
    frame = people(*((f"c{n}", 5, 1, 100.0) for n in range(6)), ("one", 3, 2, 99.0))
    found = labels(frame, cuts(frame, fresh_edges(frame, 5), schemes=schemes(size=SIZE)), as_of=date(2024, 1, 1))
    shuffled = frame.iloc[[6, 3, 0, 5, 1, 4, 2]].reset_index(drop=True)
    again = labels(shuffled, cuts(shuffled, fresh_edges(shuffled, 5), schemes=schemes(size=SIZE)), as_of=date(2024, 1, 1))
    order = ["scheme", "identity_id"]
    assert_frame_equal(again.sort_values(order, ignore_index=True), found.sort_values(order, ignore_index=True))
    assert found[found["scheme"] == "x.size"]["label"].tolist() == ["medium"] * 6 + ["small"]


def test_one_customer_has_her_label():
    frame = people(("a", 3, 1, 5.0))
    found = labels(frame, cuts(frame, fresh_edges(frame, 5), schemes=schemes(size=SIZE)), as_of=date(2024, 1, 1))
    assert found.set_index("scheme").loc["x.size", ["label", "score"]].tolist() == ["small", 1.0]


def test_the_thresholds_of_schemes_are_ready_for_json_and_absent_where_there_are_none(house):
    frame = people(("a", 3, 1, 5.0))
    stored = cuts(frame, fresh_edges(frame, 5), schemes=schemes(house, size=SIZE, tier={"map": "house.toml"})).as_dict()
    assert json.loads(json.dumps(stored["schemes"], allow_nan=False)) == {
        "x.size": {"column": "net_amount", "cuts": [100, 1000], "labels": {
            "small": {"rule": "net_amount < 100", "zh": "小"}, "medium": {"rule": "100 ≤ net_amount < 1000", "zh": "中"},
            "large": {"rule": "net_amount ≥ 1000", "zh": "大"}}},
        "x.tier": {"map": "house", "bins": 2, "labels": {"good": {"rule": "R 2"}, "poor": {"rule": "R 1"}}}}
    assert "schemes" not in cuts(frame, fresh_edges(frame, 5)).as_dict()


def test_a_column_that_the_customer_table_lacks_is_refused():
    frame = people(("a", 3, 1, 5.0))
    with pytest.raises(Problem, match="customers lacks the columns tenure_days"):
        cuts(frame, fresh_edges(frame, 5), schemes=schemes(t={"column": "tenure_days", "cuts": [9], "labels": ["new", "old"]}))


def test_the_columns_to_cut_are_the_numbers_of_the_customer_table(tmp_path):
    built = build(shop(tmp_path, sold(5, 6)))
    with DuckEngine(built.folder, date(2024, 6, 1)) as engine:
        table = engine.customers()
    assert set(COLUMNS) == {name for name in table if pd.api.types.is_numeric_dtype(table[name])}


def test_a_hundred_thousand_customers_are_sorted_in_seconds():
    frame = pd.DataFrame({"net_amount": [float(n % 2000) for n in range(100_000)]})
    started = time.perf_counter()
    found, _ = sort(frame["net_amount"], schemes(size=SIZE)[0])
    assert pd.Series(found).value_counts().to_dict() == {"small": 5000, "medium": 45000, "large": 50000}
    assert time.perf_counter() - started < 2


SEGMENTS = '[segments]\nmap = "maps/house.toml"\n[segments.schemes.size]\ncolumn = "net_amount"\ncuts = [100, 1000]\n' \
           'labels = ["small", "medium", "large"]\n'


def test_the_customer_command_writes_own_labels_and_thresholds_by_the_data_sets_map(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps/house.toml").write_text(TWO, encoding="utf-8")
    shop(tmp_path, sold(50, 100, 5000), tail=SEGMENTS)
    out = write_segment_tables(tmp_path / "dataset.toml", tmp_path / "out", as_of="2024-06-01")
    wide = pd.read_parquet(out / "labels.parquet").pivot(index="identity_id", columns="scheme", values="label")
    assert wide["x.size"].to_dict() == {"c0": "small", "c1": "medium", "c2": "large"}
    assert set(wide["rfm.named"]) <= {"good", "poor"}
    edges = json.loads((out / "edges.json").read_text())
    assert edges["map"]["name"] == "house" and list(edges["schemes"]) == ["x.size"]


def test_a_map_given_for_a_run_goes_before_the_data_sets(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps/house.toml").write_text(TWO, encoding="utf-8")
    shop(tmp_path, sold(50, 100, 5000), tail=SEGMENTS)
    out = write_segment_tables(tmp_path / "dataset.toml", tmp_path / "out", as_of="2024-06-01", set_=["segment_map=named"])
    assert json.loads((out / "edges.json").read_text())["map"]["name"] == "rfm.named"


def test_a_broken_map_of_the_data_set_stops_before_anything_is_read(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps/house.toml").write_text(HOLED, encoding="utf-8")
    shop(tmp_path, sold(50), tail=SEGMENTS)
    with pytest.raises(Problem, match="house.toml is refused: no segment covers 12"):
        write_segment_tables(tmp_path / "dataset.toml", tmp_path / "out", as_of="2024-06-01")
    assert not (tmp_path / "build").exists() and not (tmp_path / "out").exists()


def test_the_parameter_of_the_map_is_blank_by_default():
    assert PARAMETERS["segment_map"].default == ""
    assert check({"segment_map": ""}) == {"segment_map": ""}
