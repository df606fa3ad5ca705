"""The simulated world: the same bytes whenever it is made, sound tables, and every planted fact found again from the tables alone."""

import hashlib
import os
import subprocess
import sys
import tomllib
from datetime import date
from importlib import import_module, resources

import numpy as np
import pandas as pd
import pytest
import synth_recover as recover
from scipy import stats

from custlib.synth import calendar, campaigns, events, generate, people, products, purchases, spend, truth
from custlib.synth.clean import TYPES, Sink, arrow, decimals
from custlib.synth.world import World, customer_ids

pytestmark = pytest.mark.xdist_group("synth")
SCHEMA = {name: one for name, one in tomllib.loads(resources.files("custlib").joinpath("tables/schema.toml").read_text(encoding="utf-8")).items()
          if isinstance(one, dict) and one.get("kind") == "input"}
SEEDS, SIZE = (1, 2, 3, 4, 5), 5_000
FACTS = {one["name"]: one["value"] for one in truth.facts(World())}


@pytest.fixture(scope="module")
def small() -> dict[str, pd.DataFrame]:
    """Every clean table of a world of two and a half blocks."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, one in generate.clean_tables(World(customers=2_500)):
        parts.setdefault(name, []).append(one)
    return {name: pd.concat(one, ignore_index=True) for name, one in parts.items()}


@pytest.fixture(scope="module")
def worlds() -> list[dict[str, pd.DataFrame]]:
    """The behaviour of five worlds."""
    return [recover.gathered(World(customers=SIZE, seed=seed)) for seed in SEEDS]


def hashes(folder) -> dict[str, str]:
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(folder.iterdir())}


def test_two_runs_give_the_same_bytes_whatever_the_order_of_python_s_sets(tmp_path):
    code = ("import sys; from pathlib import Path; from custlib.synth.generate import write; from custlib.synth.world import World; "
            "write(World(customers=1_200), Path(sys.argv[1]))")
    for name in ("1", "2"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True, env={**os.environ, "PYTHONHASHSEED": name})
    first = hashes(tmp_path / "1")
    assert first == hashes(tmp_path / "2") and len(first) == len(SCHEMA)


def test_a_block_is_the_same_alone_and_in_any_larger_world():
    alone, within = World(customers=2_500), World(customers=4_000_000)
    who = people.people(alone, 1)
    pd.testing.assert_frame_equal(who, people.people(within, 1))
    for name, one in generate.behaviour(alone, 1, who).items():
        pd.testing.assert_frame_equal(one, generate.behaviour(within, 1, who)[name])


def test_another_seed_is_another_world():
    one, other = (generate.behaviour(world, 0, people.people(world, 0))["orders"] for world in (World(customers=200), World(customers=200, seed=7)))
    assert len(one) != len(other) or not one["net_amount"].equals(other["net_amount"])


def test_how_frames_are_cut_moves_no_byte(tmp_path, small):
    rows = arrow("orders", small["orders"])
    for name, size in (("a", 7), ("b", 4_000)):
        sink = Sink(tmp_path / name)
        sink.GROUP = 5_000
        for start in range(0, rows.num_rows, size):
            sink.add("orders", rows.slice(start, size))
        assert sink.close() == {"orders": rows.num_rows}
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_decimals_are_exact():
    made = decimals(np.array([0, -1, 10**15 + 1, 250]), 2, np.array([False, False, False, True]))
    assert [str(one) for one in made] == ["0.00", "-0.01", "10000000000000.01", "<NA>"]


def test_columns_are_the_canonical_ones():
    plain = {"cat": "str", "json": "str"}
    wanted = {name: {one["name"]: plain.get(one["type"], one["type"]) for one in table["columns"] if not one.get("written")}
              for name, table in SCHEMA.items()}
    assert wanted == TYPES


def test_every_table_has_rows_and_unique_keys(small):
    assert sorted(small) == sorted(SCHEMA)
    for name, table in SCHEMA.items():
        assert len(small[name]) > 0, name
        assert not small[name].duplicated(table["key"]).any(), name


def test_every_reference_is_found(small):
    lost = []
    for name, table in SCHEMA.items():
        for column in table["columns"]:
            there, _, key = column.get("refers", "").partition(".")
            if there in small and column["name"] in small[name]:
                values = small[name][column["name"]].dropna()
                if not values.isin(small[there][key]).all():
                    lost.append(f"{name}.{column['name']}")
    assert lost == []


def test_filled_columns_are_filled_and_levels_known(small):
    wrong = []
    for name, table in SCHEMA.items():
        for column in table["columns"]:
            if column["name"] not in small[name]:
                continue
            values = small[name][column["name"]]
            if not column.get("null") and not column.get("written") and values.isna().any():
                wrong.append(f"{name}.{column['name']} blank")
            if "levels" in column and not values.dropna().isin(column["levels"]).all():
                wrong.append(f"{name}.{column['name']} {sorted(set(values.dropna()) - set(column['levels']))}")
    assert [one for one in wrong if not one.startswith("leads.stage")] == []


def test_money_is_exact(small):
    orders, lines = small["orders"], small["order_lines"]
    sums = lines.groupby("order_id")["net_amount"].sum().reindex(orders["order_id"])
    assert (sums.to_numpy() == orders["net_amount"].to_numpy()).all()
    assert (orders["gross_amount"] - orders["discount_amount"] - orders["coupon_amount"] == orders["net_amount"]).all()
    assert (lines["quantity"].astype(float) * lines["unit_price"].astype(float) - lines["discount_amount"].astype(float)
            - lines["net_amount"].astype(float)).abs().max() < 1e-6
    assert (orders["discount_amount"] >= 0).all() and (orders["coupon_amount"] >= 0).all()


def test_a_return_follows_its_order_and_brings_back_what_was_in_it(small):
    orders = small["orders"].set_index("order_id")
    back = orders[orders["returned_order_id"].notna()]
    source = orders.loc[back["returned_order_id"]]
    assert len(back) > 300
    assert (back["customer_id"].to_numpy() == source["customer_id"].to_numpy()).all()
    assert (back["order_ts"].to_numpy() > source["order_ts"].to_numpy()).all()
    assert (back["net_amount"] < 0).all() and (-back["net_amount"].to_numpy() <= source["net_amount"].to_numpy()).all()
    assert (orders.loc[orders["returned_order_id"].isna(), "net_amount"] >= 0).all()


def test_nothing_happens_before_registration_or_outside_the_world_s_days(small):
    known = small["customers"].set_index("customer_id")["registered_at"]
    for table, column in (("orders", "order_ts"), ("points", "ts"), ("consents", "from_ts"), ("service_cases", "opened_at"), ("events", "ts")):
        one = small[table].dropna(subset=["customer_id"])
        assert one[column].min() >= pd.Timestamp("2022-01-01") and one[column].max() < pd.Timestamp("2025-01-01"), table
        if table != "events":
            assert (one[column].to_numpy() >= known[one["customer_id"]].to_numpy()).all(), table


def test_the_calendar_holds_the_official_days():
    table = pd.DataFrame(calendar.table()).set_index("date")
    assert table["is_holiday"].groupby([day.year for day in table.index]).sum().tolist() == [32, 28, 30]
    assert table["is_makeup_workday"].groupby([day.year for day in table.index]).sum().tolist() == [7, 7, 8]
    spring = table[table["holiday_name_en"] == "Spring Festival"].index
    assert [str(one) for one in spring[[0, 6, 7, 13, 14, -1]]] == ["2022-01-31", "2022-02-06", "2023-01-21", "2023-01-27", "2024-02-10", "2024-02-17"]
    assert table.loc[date(2024, 2, 18), "is_makeup_workday"] and table.loc[date(2024, 9, 29), "is_makeup_workday"]
    assert table.loc[date(2023, 10, 2), "holiday_name_zh"] == "国庆节" and not table.loc[date(2023, 10, 7), "is_holiday"]
    assert table.loc[date(2023, 3, 22), "lunar_date"] == "闰二月初一" and table.loc[date(2022, 9, 10), "lunar_date"] == "八月十五"


def test_six_ids_of_a_hundred_are_somebody_s_second_one():
    who = people.people(World(customers=3_000), 1)
    assert int(who["twin"].sum()) == 60
    twins = who[who["twin"]]
    assert (twins["person"] == twins["first"] + 1_000).all() and not who["twin"][twins["first"]].any()
    assert (twins["registered_day"].to_numpy() > who["registered_day"][twins["first"]].to_numpy()).all()
    assert (twins["home_channel"].to_numpy() != who["home_channel"][twins["first"]].to_numpy()).all()
    assert who["customer_id"].tolist() == customer_ids(np.arange(1_000, 2_000)).tolist()


def test_stock_that_is_out_is_not_sold(small):
    lines = small["order_lines"].merge(small["orders"], on="order_id")
    lines = lines[lines["store_id"].notna() & lines["returned_order_id"].isna()]
    day = pd.to_datetime(lines["order_ts"]).dt.normalize()
    lines["date"] = (day - pd.to_timedelta(day.dt.day_of_week, unit="D")).dt.date
    sold = lines[["product_id", "store_id", "date"]].drop_duplicates()
    out = small["inventory"][small["inventory"]["stockout"]]
    assert len(out) > 500 and len(out.merge(sold, on=["product_id", "store_id", "date"])) == 0
    assert len(small["inventory"].merge(sold, on=["product_id", "store_id", "date"])) > 50


def test_shape_of_the_base(worlds):
    """Money by customer, hours of the day, the share of office hours, gaps between purchases."""
    heads, tails, evenings = [], [], []
    for one in worlds:
        inner = one["inner"][one["inner"]["row"] >= 0]
        money = inner.groupby("row")["net"].sum().clip(lower=0).sort_values(ascending=False).to_numpy()
        total = np.cumsum(money) / money.sum()
        heads.append(total[int(0.2 * len(total)) - 1])
        tails.append(1 - total[int(0.5 * len(total)) - 1])
        hour = inner["second"] % calendar.SECONDS // 3600
        evenings.append(hour.between(18, 21).mean() / hour.between(1, 4).mean())
        offices = np.isin(one["people"]["kind"].to_numpy()[inner["row"]], ("company", "government")) & ~inner["returned"].to_numpy()
        days = (inner["second"] // calendar.SECONDS).to_numpy()[offices]
        assert calendar.workdays()[days].mean() > 0.995 and hour[offices].between(8, 17).mean() > 0.99
        gaps = inner[~inner["returned"]].groupby("row")["second"].diff().dropna() / calendar.SECONDS
        assert 10 < gaps.median() < 60 and gaps.mean() > 1.3 * gaps.median()
    a, b, c = FACTS["money_share_a_b_c"]
    assert abs(np.mean(heads) - a) < 0.05 and abs(np.mean(tails) - c) < 0.05 and abs(1 - np.mean(heads) - np.mean(tails) - b) < 0.05
    assert min(evenings) > 10


def test_planted_facts_are_recovered_with_nominal_coverage(worlds, capsys):
    """Each fact by an estimator on the tables alone, five worlds: intervals of 95 % hold the truth as often as they say."""
    rows = []
    for seed, one in zip(SEEDS, worlds, strict=True):
        for name, (estimate, se) in recover.recovered(one).items():
            value = FACTS[name.removeprefix("log ")]
            rows.append((name, seed, np.log(value) if name.startswith("log ") else value, estimate, se))
    table = pd.DataFrame(rows, columns=["fact", "seed", "true", "estimate", "se"])
    table["inside"] = (table["estimate"] - table["true"]).abs() < recover.Z * table["se"]
    table["z"] = (table["estimate"] - table["true"]) / table["se"]
    by = table.groupby("fact", sort=False).agg(true=("true", "first"), estimate=("estimate", "mean"), se=("se", "mean"), inside=("inside", "sum"),
                                               z=("z", "mean"))
    with capsys.disabled():
        if os.environ.get("CUSTLIB_SHOW"):
            print("\n" + by.round(3).to_string() + f"\ncoverage {table['inside'].mean():.3f} of {len(table)} intervals")
    assert len(by) >= 45
    assert 0.91 < table["inside"].mean() < 0.99
    assert by.index[(by["z"].abs() * np.sqrt(len(SEEDS))) > 3.3].tolist() == []  # no fact is off on average over the seeds
    assert by.index[by["inside"] < 3].tolist() == []


def test_what_has_no_spread_is_exact(worlds):
    for one in worlds:
        lines = recover.lines_of(one)
        lines = lines[lines["row"] >= 0]
        offices = np.isin(one["people"]["kind"].to_numpy()[lines["row"]], ("company", "government"))
        ratio = lines["unit_price"].astype(float) / lines["list_price"].astype(float)
        assert (ratio[~offices] == 1).all() and (ratio[offices] - spend.WHOLESALE).abs().max() < 0.001
        assert abs(one["people"]["twin"].mean() - people.DUPLICATES) < 1e-9


def test_products_bought_together_are_found(worlds):
    added = []
    for one in worlds:
        lines = recover.lines_of(one)
        lines = lines[lines["row"] >= 0]
        first = lines[lines["line_no"] == 1].set_index("order_id")["product_id"]
        second = lines[(lines["line_no"] == 2) & ~lines["category_l1"].isin(["环保系列", "潮玩系列", "家庭装", "团购礼盒"])
                       & (lines["category_l2"] != "冻干")].set_index("order_id")["product_id"]
        for a, b in products.PAIRS:
            a, b = f"P{a + 1:03d}", f"P{b + 1:03d}"
            here = (first.reindex(second.index) == a).to_numpy()
            base = (second[~here] == b).mean()
            added.append((((second[here] == b).mean() - base) / (1 - base), here.sum()))
    shares, n = np.array(added).T
    mean = (shares * n).sum() / n.sum()
    assert abs(mean - products.PAIR) < 3 * np.sqrt(products.PAIR * (1 - products.PAIR) / n.sum())


def test_the_rising_category_rises_from_its_day_on(worlds):
    lines = pd.concat([recover.lines_of(one).query("row >= 0").assign(
        person=lambda frame, one=one: np.isin(one["people"]["kind"].to_numpy()[frame["row"]], ("person", "household"))) for one in worlds])
    lines = lines[lines["person"]]
    from_day = calendar.place(products.RISING_FROM)
    mine = (lines["category_l2"] == "冻干").to_numpy(float)
    before = mine[(lines["day"] >= calendar.place("2023-09-01")) & (lines["day"] < from_day)]
    late = mine[lines["day"] >= from_day]
    progress = ((lines["day"] - from_day) / (calendar.DAYS - from_day)).to_numpy()[lines["day"] >= from_day]
    slope, level = np.polyfit(progress, late, 1)
    assert abs(before.mean() - 0.03) < 0.004
    assert abs(level - 0.03) < 0.008 and abs(slope - 0.07) < 0.014


def test_browsing_tells_of_store_orders(worlds):
    shares = []
    for one in worlds:
        inner = one["inner"][(one["inner"]["row"] >= 0) & ~one["inner"]["returned"]]
        last = inner[inner.groupby("row").cumcount(ascending=False) < events.MOST_BEFORE]
        last = last[(last["channel"] == 0) & (last["second"] > 4 * calendar.SECONDS)]
        ids = one["people"]["customer_id"].to_numpy()
        begun = one["events"].astype({"customer_id": "str"}).dropna(subset=["session_id", "customer_id"]).drop_duplicates("session_id")
        begun = begun[["customer_id", "ts"]].sort_values("ts")
        mark = calendar.EPOCH + last["second"].to_numpy().astype("timedelta64[s]")
        asked = pd.DataFrame({"customer_id": pd.array(ids[last["row"]], dtype="str"), "ts": mark.astype("datetime64[us]")}).sort_values("ts")
        seen = pd.merge_asof(asked, begun.assign(at=begun["ts"]), on="ts", by="customer_id", tolerance=pd.Timedelta("3D1h"))
        shares.append(seen["at"].notna().mean())
    assert 0.25 < np.mean(shares) < 0.36  # the planted quarter, and those who happened to look round


def test_sociable_people_look_round_more(worlds):
    slopes = []
    for one in worlds:
        pages = one["events"].dropna(subset=["session_id", "customer_id"])
        bought = pages.loc[pages["type"] == "checkout", "session_id"]
        idle = pages[~pages["session_id"].isin(bought)].drop_duplicates("session_id").groupby("customer_id").size()
        count = idle.reindex(one["people"]["customer_id"]).fillna(0).to_numpy(float)
        slopes.append(recover.glm(count, np.column_stack([np.ones(len(count)), one["people"]["sociability"]]), "poisson")[0][1])
    assert abs(np.mean(slopes) - FACTS["idle_sessions_by_sociability"]) < 0.06


def test_mix_of_kinds_moves_the_average_against_every_kind(worlds):
    """Simpson: orders get smaller within the kinds from year to year, larger on average."""
    found = []
    for one in worlds:
        inner = one["inner"][(one["inner"]["row"] >= 0) & ~one["inner"]["returned"]]
        found.append(pd.DataFrame({"kind": one["people"]["kind"].to_numpy()[inner["row"]], "net": inner["net"],
                                   "year": (inner["second"] / calendar.SECONDS // 365.3).astype(int)}))
    every = pd.concat(found)
    whole = every.groupby("year")["net"].mean()
    within = every[every["kind"] == "person"].groupby("year")["net"].mean()
    offices = every["kind"].isin(["company", "government"]).groupby(every["year"]).mean()
    assert whole[2] > 1.02 * whole[0] and within[2] < 0.98 * within[0] and offices[2] > 1.3 * offices[0]


PLACEBO = ("2023-06-12", "2023-07-10", "2023-08-07", "2023-09-04", "2023-10-09", "2023-11-06", "2023-12-04", "2024-06-12", "2024-08-26",
           "2024-09-23", "2024-10-14")


def test_the_targeted_campaign_looks_like_a_success_and_is_none():
    """Before and after rise by 15 % and more; the same rule on other days, and people not contacted, give the same."""
    good, pairs, idle = 0, [], []
    for seed in range(1, 21):
        world, rows, seconds, who, aimed = World(customers=5_000, seed=seed), [], [], [], []
        for block in world.blocks:
            one = people.people(world, block)
            made, arms = campaigns.extra(world, block, one, purchases.purchases(world, block, one))
            rows.append(made["row"].to_numpy() + block * 1_000)
            seconds.append(made["second"].to_numpy())
            who.append(one)
            aimed.append(arms["CAM2"]["row"].to_numpy() + block * 1_000)
        rows, seconds, who = np.concatenate(rows), np.concatenate(seconds), pd.concat(who, ignore_index=True)
        chosen = np.isin(np.arange(len(who)), np.concatenate(aimed))
        real = recover.before_after(rows, seconds, who, campaigns.AIM_START, chosen)
        rest = campaigns.falling(rows, seconds, who, campaigns.AIM_START) & ~chosen
        idle.append(recover.before_after(rows, seconds, who, campaigns.AIM_START, rest))
        pairs.append(real)
        other = [recover.before_after(rows, seconds, who, day, campaigns.falling(rows, seconds, who, day)) for day in map(calendar.place, PLACEBO)]
        reach = stats.t.ppf(0.975, len(other) - 1) * np.std(other, ddof=1) * np.sqrt(1 + 1 / len(other))
        good += real >= 0.15 and abs(real - np.mean(other)) <= reach
    assert good >= 18
    gap = np.array(pairs) - np.array(idle)
    assert np.mean(idle) > 0.15 and abs(gap.mean()) < 2 * gap.std(ddof=1) / np.sqrt(len(gap))


def _plain(seed: int, plain: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    world, ids, days, cents = World(customers=4_000, seed=seed, plain=plain), [], [], []
    for block in world.blocks:
        who = people.people(world, block)
        made = purchases.purchases(world, block, who)
        _, _, inner = spend.orders(world, block, who, made)
        inner = inner[(inner["row"] >= 0) & ~inner["returned"]]
        ids.append(inner["row"].to_numpy() + block * 1_000)
        days.append(inner["second"].to_numpy() // calendar.SECONDS)
        cents.append(inner["net"].to_numpy())
    return np.concatenate(ids), np.concatenate(days), np.concatenate(cents)


def test_a_plain_world_gives_back_bg_nbd_and_gamma_gamma(capsys):
    """Ten seeds: single parameters within two standard errors as often as they should be, and their means too."""
    true = np.log([people.R, people.ALPHA, people.A, people.B])
    money = np.log([people.P, people.Q, people.GAMMA])
    off, cash = [], []
    for seed in range(1, 11):
        ids, day, cents = _plain(seed)
        estimate, se = recover.bgnbd(*recover.frequencies(ids, day, calendar.DAYS))
        off.append((estimate - true) / se)
        by = pd.Series(cents / 100).groupby(ids).agg(["count", "mean"])
        estimate, se = recover.gamma_gamma(by["count"].to_numpy(float), by["mean"].to_numpy())
        cash.append((estimate - money) / se)
    off, cash = np.array(off), np.array(cash)
    with capsys.disabled():
        if os.environ.get("CUSTLIB_SHOW"):
            print("\nr, alpha, a, b in standard errors\n", off.round(2), "\np, q, gamma\n", cash.round(2))
    assert (np.abs(off) < 2).mean() >= 0.9 and (np.abs(cash) < 2).mean() >= 0.9
    assert (np.abs(off[:5].mean(axis=0)) * np.sqrt(5) < 2).all() and (np.abs(cash[:5].mean(axis=0)) * np.sqrt(5) < 2).all()


def test_lifetimes_finds_the_same_and_in_the_full_world_a_biased_model(capsys):
    lifetimes = pytest.importorskip("lifetimes")
    x, last, watched = recover.frequencies(*_plain(1)[:2], calendar.DAYS)
    mine = np.exp(recover.bgnbd(x, last, watched)[0])
    theirs = lifetimes.BetaGeoFitter().fit(x, last, watched).params_
    assert [float(theirs[name]) for name in ("r", "alpha", "a", "b")] == pytest.approx(mine.tolist(), rel=1e-3)
    log, se = recover.bgnbd(*recover.frequencies(*_plain(1, plain=False)[:2], calendar.DAYS))
    bias = np.exp(log) / np.array([people.R, people.ALPHA, people.A, people.B])
    with capsys.disabled():
        if os.environ.get("CUSTLIB_SHOW"):
            print("\nfull world, fitted over planted r, alpha, a, b:", bias.round(2))
    assert (np.abs(np.log(bias)) > 2 * se).any()


def test_a_plain_world_has_no_calendar_no_stock_outs_no_duplicates():
    world = World(customers=1_000, plain=True)
    who = people.people(world, 0)
    did = generate.behaviour(world, 0, who)
    assert not who["twin"].any() and not who["prospect"].any() and len(did["assignments"]) == 0 and len(did["responses"]) == 0
    assert did["orders"]["returned_order_id"].isna().all() and did["orders"]["customer_id"].notna().all()
    assert not generate.inventory.inventory(world)["stockout"].any()
    days = did["orders"].assign(day=did["orders"]["order_ts"].dt.date)
    assert not days.duplicated(["customer_id", "day"]).any()
    first = days.groupby("customer_id")["order_ts"].min()
    assert (first.to_numpy() == who.set_index("customer_id")["registered_at"].reindex(first.index).to_numpy()).all() and len(first) == 1_000


def test_the_truth_file_holds_every_fact_once(tmp_path):
    place = truth.write(World(customers=500), tmp_path)
    held = tomllib.loads(place.read_text(encoding="utf-8"))
    assert held["world"]["simulated"] is True and held["world"]["customers"] == 500
    names = [one["name"] for one in held["fact"]]
    assert len(names) == len(set(names)) and set(names) == set(FACTS)
    assert all(set(one) >= {"name", "value", "table", "how"} and one["table"] in SCHEMA for one in held["fact"])
    assert {one["value"] for one in held["fact"] if one["name"] in ("targeted_effect", "log_rate_a", "log_rate_n", "log_rate_gender")} == {0.0}
    assert all(hasattr(import_module(f"custlib.synth.{name}"), "facts") for name in truth.MODULES)
