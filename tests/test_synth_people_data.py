"""People of the simulated brand: names with exact pinyin, surveys, reviews and ties from which the planted facts come back."""

import re

import numpy as np
import pandas as pd
import pytest

from custlib.synth import identities, names, reserved, social, spelling, surveys
from custlib.synth.generate import block_tables
from custlib.synth.people import people
from custlib.synth.wording import words
from custlib.synth.world import World

SEEDS = (1, 2, 3, 4, 5)
SIZE = 6_000


@pytest.fixture(scope="module")
def worlds():
    """For five seeds: everybody, and the answers to the surveys."""
    found = {}
    for seed in SEEDS:
        world = World(customers=SIZE, seed=seed)
        blocks = [people(world, block) for block in world.blocks]
        found[seed] = (world, blocks, pd.concat([surveys.responses(world, one) for one in blocks], ignore_index=True))
    return found


@pytest.fixture(scope="module")
def one_block():
    world = World(customers=1_000, seed=7)
    return world, block_tables(world, 0)


def fact(module, world, name):
    return next(one["value"] for one in module.facts(world) if one["name"] == name)


def mean_and_error(values, weights=None):
    weights = np.ones(len(values)) if weights is None else np.asarray(weights)
    values = np.asarray(values, float)
    mean = np.average(values, weights=weights)
    return mean, np.sqrt((weights**2 * (values - mean) ** 2).sum()) / weights.sum()


# names and records


def test_pinyin_is_that_of_the_characters():
    lists = words("names")
    sound = {one["zh"]: one["py"] for one in lists["given"]}
    family = {one["zh"]: one["py"] for one in lists["surnames"]}
    rng = np.random.default_rng(4)
    made = names.people_names(rng, np.array(["f", "m", "unknown"] * 100), np.array(["CN"] * 300))
    for name, pinyin, local in made[["name", "pinyin", "local"]].itertuples(index=False):
        front = name[:2] if name[:2] in family else name[:1]
        given = "".join(sound[one] for one in name[len(front):])
        assert pinyin == f"{family[front].capitalize()} {given.capitalize()}"
        assert local == family[front] + given


def test_given_names_go_with_gender():
    lists = words("names")["given"]
    men, women = ({one["zh"] for one in lists if one["for"] == who} for who in "mf")
    made = names.people_names(np.random.default_rng(1), np.array(["f"] * 300 + ["m"] * 300), np.array(["CN"] * 600))["name"]
    assert not any(set(one[1:]) & men for one in made[:300])
    assert not any(set(one[1:]) & women for one in made[300:])


def test_phones_are_one_to_one():
    numbers = np.arange(200_000)
    assert len(set(reserved.phones(numbers, seed=20250123))) == len(numbers)
    assert reserved.SPREAD % 2 == 1
    assert reserved.SPREAD % 5 != 0


def test_accounts_are_one_to_one():
    world = World(seed=3)
    made = social.accounts(world, np.arange(200_000))
    assert len(set(made)) == 200_000


def test_a_second_id_is_the_same_person_written_otherwise(one_block):
    _, made = one_block
    who, held = made["people"], made["identities"]
    answer = identities.true_identity(who, held)
    assert answer["record_id"].is_unique
    truth = held.assign(true=answer["true_identity"].to_numpy())
    twins = who.loc[who["twin"], ["customer_id", "person"]]
    assert len(twins) == 60  # six of a hundred
    shared = truth.groupby("true")["customer_id"].nunique()
    assert (shared == 2).sum() == len(twins)
    pairs = truth[truth["true"].isin(shared.index[shared == 2])]
    kinds = pairs.dropna(subset=["name"]).groupby("true")["name"].nunique()
    assert (kinds > 1).mean() > 0.3
    phones = pairs.dropna(subset=["phone"]).groupby("true")["phone"].agg(lambda one: one.str.replace(r"\D", "", regex=True).str[-11:].nunique())
    assert (phones == 1).any()
    assert (phones > 1).any()


def test_people_who_share_a_phone_are_as_many_as_planted(worlds):
    shares = []
    for world, blocks, _ in worlds.values():
        for one in blocks:
            true = identities.true_people(world, one).assign(person=one["person"], home=one["country"] == "CN")
            alone = true[true["home"]].drop_duplicates("person")
            shares.append(alone["phone"].duplicated(keep=False).sum() / 2 / len(alone))
    # only persons share, with a person: about the planted share times the persons among pairs
    assert 0.5 * identities.SHARED_PHONE < np.mean(shares) < identities.SHARED_PHONE


def test_phones_are_slipped_as_often_as_planted(worlds):
    wrong = n = 0
    for world, blocks, _ in worlds.values():
        for one in blocks:
            true, held = identities.true_people(world, one), identities.records(world, one)
            held = held[(held["channel"] == "store") & held["phone"].notna()]
            rows = held["position"].to_numpy()
            fits = (one["country"] == "CN").to_numpy()[rows] & ~one["twin"].to_numpy()[rows]
            said = held["phone"].str.replace("-", "").to_numpy()[fits]
            wrong, n = wrong + (said != true["phone"].to_numpy()[rows][fits]).sum(), n + fits.sum()
    planted = fact(identities, world, "phone_slip_store") * 0.9  # one pair of neighbours in ten is alike
    assert abs(wrong / n - planted) < 3 * np.sqrt(planted / n)


def test_slips_swap_neighbours_only():
    phone = np.array(["10012345678"] * 50, dtype=object)
    changed = spelling.swapped(phone, np.linspace(0, 0.999, 50))
    assert all(sorted(one) == sorted("10012345678") and one.startswith("100") for one in changed)
    assert len(set(changed)) == 7


def test_a_plain_world_has_no_second_ids_no_slips_no_shared_phones():
    world = World(customers=1_000, seed=5, plain=True)
    who = people(world, 0)
    held, true = identities.records(world, who), identities.true_people(world, who)
    home = (who["country"] == "CN").to_numpy()
    assert not true["second"].any()
    assert true.loc[home, "phone"].is_unique
    digits = held["phone"].dropna().str.replace(r"\D", "", regex=True).str[-11:]
    kept = held.loc[held["phone"].notna(), "position"]
    native = home[kept]
    assert (digits[native].to_numpy() == true["phone"].to_numpy()[kept[native]]).all()


def test_ages_fit_birthdays(one_block):
    _, made = one_block
    who, held = made["people"], made["customers"]
    born = pd.to_datetime(held["birth_date"])
    known = born.notna().to_numpy() & (held["customer_kind"].isin(["person", "household"])).to_numpy()
    off = (2024 - born[known].dt.year) - who["age"].astype("float")[known]
    assert (off == 0).mean() == 1.0  # the year is never slipped, only day and month


# surveys


@pytest.mark.parametrize("tier", ["gold", "silver", "bronze"])
def test_satisfaction_by_tier_comes_back_by_the_weights(worlds, tier):
    inside, means, naive = 0, [], []
    for world, blocks, answers in worlds.values():
        who = pd.concat(blocks)[["customer_id", "tier"]]
        asked = answers[(answers["survey_id"] == "SAT") & (answers["item_id"] == "Q01")].merge(who, on="customer_id")
        asked = asked[asked["tier"] == tier].dropna(subset=["value_num"])
        mean, error = mean_and_error(asked["value_num"] >= 4, asked["weight"])
        inside += abs(mean - fact(surveys, world, f"content_{tier}")) < 1.96 * error
        means.append(mean)
        naive.append((asked["value_num"] >= 4).mean())
    assert inside >= 4
    assert abs(np.mean(means) - surveys.TIERS[tier]) < 0.02
    assert abs(np.mean(naive) - fact(surveys, world, f"content_{tier}_unweighted")) < 0.02  # too high by the stated amount
    assert np.mean(naive) > surveys.TIERS[tier] + 0.02


def test_weights_sum_to_the_population(worlds):
    for world, _, answers in worlds.values():
        first = answers[answers["item_id"] == "Q01"]
        size = first[first["wave"] == 2]["weight"].sum()
        population = surveys.surveys(world).set_index("survey_id")["population_n"]["SAT"]
        assert abs(size / population - 1) < 0.08


def test_alpha_of_the_traits_is_as_planted(worlds):
    found = []
    for _, _, answers in worlds.values():
        own = answers[answers["survey_id"] == "PSY"]
        wide = own.pivot(index="respondent_id", columns="item_id", values="value_num")
        speed = own.groupby("respondent_id")["duration_s"].mean()
        honest = wide[(speed > 2) & (wide.nunique(axis=1) > 1)].dropna()
        for scale in range(5):
            part = honest.iloc[:, 4 * scale:4 * scale + 4].copy()
            part.iloc[:, 2] = 6 - part.iloc[:, 2]
            found.append(4 / 3 * (1 - part.var().sum() / part.sum(axis=1).var()))
    assert abs(np.mean(found) - fact(surveys, None, "alpha_trait")) < 0.015
    assert 0.75 < np.mean(found) < 0.85


def test_without_reversal_alpha_falls(worlds):
    answers = worlds[1][2]
    wide = answers[answers["survey_id"] == "PSY"].pivot(index="respondent_id", columns="item_id", values="value_num").dropna().iloc[:, :4]
    assert 4 / 3 * (1 - wide.var().sum() / wide.sum(axis=1).var()) < 0.5


def test_straight_liners_and_speeders_are_as_many_as_planted(worlds):
    straight, fast, n = 0, 0, 0
    for _, _, answers in worlds.values():
        own = answers[answers["survey_id"] == "PSY"]
        wide = own.pivot(index="respondent_id", columns="item_id", values="value_num")
        hasty = own.groupby("respondent_id")["duration_s"].mean() < 2
        straight, fast, n = straight + (wide.nunique(axis=1) == 1).sum(), fast + hasty.sum(), n + len(wide)
    assert abs(straight / n - surveys.STRAIGHT * (1 - surveys.FAST)) < 3 * np.sqrt(surveys.STRAIGHT / n)
    assert abs(fast / n - surveys.FAST) < 3 * np.sqrt(surveys.FAST / n)


def test_nothing_changed_between_the_waves_but_delivery(worlds):
    changes = {"Q01": [], "Q05": [], "Q03": []}
    for _, _, answers in worlds.values():
        own = answers[answers["survey_id"] == "SAT"].dropna(subset=["value_num"])
        for item, found in changes.items():
            one, two = (own[(own["item_id"] == item) & (own["wave"] == wave)] for wave in (1, 2))
            (a, ea), (b, eb) = (mean_and_error(wave["value_num"], wave["weight"]) for wave in (one, two))
            found.append((b - a) / np.hypot(ea, eb))
    assert abs(np.sum(changes["Q01"])) / np.sqrt(len(SEEDS)) < 2.6
    assert abs(np.sum(changes["Q03"])) / np.sqrt(len(SEEDS)) < 2.6
    assert np.sum(changes["Q05"]) / np.sqrt(len(SEEDS)) > 4


def test_answers_stay_on_their_scales(worlds):
    world, _, answers = worlds[1]
    limits = surveys.items(world)[["survey_id", "item_id", "min", "max", "type"]]
    held = answers.merge(limits, on=["survey_id", "item_id"])
    given = held.dropna(subset=["value_num"])
    assert len(held) == len(answers)
    assert ((given["value_num"] >= given["min"]) & (given["value_num"] <= given["max"]) & (given["value_num"] % 1 == 0)).all()
    assert held.loc[held["type"] == "open", "value_num"].isna().all()
    assert not answers.duplicated(["survey_id", "respondent_id", "item_id"]).any()
    assert (pd.to_datetime(answers["answered_at"]) < pd.Timestamp("2025-01-01")).all()


@pytest.mark.parametrize("size", [200_000, 5_000_000])
def test_a_large_world_asks_no_more_people(size):
    world, blocks = World(customers=size, seed=1), 25
    answers = pd.concat([surveys.responses(world, people(world, block)) for block in range(blocks)])
    count = answers.groupby(["survey_id", "wave"])["respondent_id"].nunique().sum()
    most = 20_000 * blocks * 1_000 / size
    assert 0.8 * most - 3 * np.sqrt(most) < count < most + 3 * np.sqrt(most)


def test_raters_agree_as_planted():
    found = {one["id"]: [] for one in words("surveys")["codes"]}
    for seed in range(1, 13):
        world = World(customers=1_000, seed=seed)
        seen = surveys.observations(world, people(world, 0))
        for code, rows in seen.groupby("code_id"):
            pair = rows.pivot(index="subject_id", columns="rater_id", values="code_value")
            same = (pair["R1"] == pair["R2"]).mean()
            by_chance = (pair["R1"].value_counts(normalize=True) * pair["R2"].value_counts(normalize=True)).sum()
            found[code].append((same - by_chance) / (1 - by_chance))
    for one in words("surveys")["codes"]:
        assert abs(np.mean(found[one["id"]]) - one["agreement"]) < 0.03


def test_people_say_they_will_buy_more_than_they_do(one_block):
    _, made = one_block
    said = made["survey_responses"].query("item_id == 'J01'").dropna(subset=["value_num"])
    bought = made["orders"].query("order_ts >= '2024-09-30'")["customer_id"].unique()
    real = said["customer_id"].isin(bought)
    assert said["value_num"].mean() / 10 > real.mean()
    assert said.loc[real, "value_num"].mean() > said.loc[~real, "value_num"].mean()


# reviews and social


def test_stars_rise_with_satisfaction_and_texts_follow_the_stars(one_block):
    _, made = one_block
    held = made["reviews"].dropna(subset=["customer_id", "rating"]).merge(made["people"][["customer_id", "satisfaction"]], on="customer_id")
    assert np.corrcoef(held["rating"], held["satisfaction"])[0, 1] > 0.3
    lists = words("texts")["whole"]
    happy, unhappy = held[held["rating"] >= 4], held[held["rating"] <= 2]
    assert not happy["text"].str.contains("|".join(filter(None, lists["complaint_zh"]))).any()
    assert unhappy["text"].str.endswith(tuple(filter(None, lists["complaint_zh"] + lists["complaint_en"]))).any()
    assert set(held["lang"]) == {"zh", "en"}
    assert not made["reviews"]["text"].str.contains(r"\{").any()
    assert (pd.to_datetime(made["reviews"]["ts"]) < pd.Timestamp("2025-01-01")).all()


def test_some_praise_denies_a_fault_and_some_complaint_a_merit():
    topics = words("texts")["topics"].values()
    assert sum("不" in one or "没" in one for topic in topics for one in topic["praise_zh"]) >= 5
    assert sum(bool(re.search("不|没", one)) for topic in topics for one in topic["complaint_zh"]) >= 5


@pytest.mark.parametrize(("trait", "name"), [("eco_value", "homophily_eco"), ("fashion", "homophily_fashion")])
def test_neighbours_are_alike_as_planted(worlds, trait, name):
    found = []
    for world, blocks, _ in worlds.values():
        pairs = []
        for one in blocks:
            made = social.ties(world, one)
            made = made[(made["dst"] >= 0) & (made["type"] != "referral")]
            pairs.append(one[trait].to_numpy()[made[["src", "dst"]].to_numpy(dtype=int)])
        both = np.vstack(pairs)
        found.append(np.corrcoef(both[:, 0], both[:, 1])[0, 1])
    planted = fact(social, world, name)
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert min(found) > 0
    assert abs(np.mean(found) - planted) < max(3 * error, 0.02)


def test_nobody_catches_buying_from_a_neighbour(worlds):
    """Buying in the 60 days after a tie goes with the new neighbour's buying no more than with that of a stranger in the same community."""
    scores = []
    for seed in SEEDS[:3]:
        world = worlds[seed][0]
        for block in (0, 1):
            made = block_tables(world, block)
            who, orders = made["people"], made["orders"]
            ties = social.ties(world, who)
            ties = ties[(ties["dst"] >= 0) & (ties["type"] != "referral")]
            place = pd.Series(np.arange(len(who)), index=who["customer_id"])
            row = place.reindex(orders["customer_id"].dropna()).to_numpy()
            day = (pd.to_datetime(orders.loc[orders["customer_id"].notna(), "order_ts"]) - pd.Timestamp("2022-01-01")).dt.days.to_numpy()
            since = (pd.to_datetime(ties["since"]) - pd.Timestamp("2022-01-01")).dt.days.to_numpy()
            counts = np.zeros((len(who), 1_200))
            np.add.at(counts, (row.astype(int), day), 1)
            total = np.cumsum(counts, axis=1)

            def change(rows, at, total=total):
                after = total[rows, np.minimum(at + 60, 1_199)] - total[rows, at]
                return after - (total[rows, at] - total[rows, np.maximum(at - 60, 0)])

            src, dst = ties["src"].to_numpy(dtype=int), ties["dst"].to_numpy(dtype=int)
            rng = np.random.default_rng(seed)
            real = np.corrcoef(change(src, since), change(dst, since))[0, 1]
            order = np.arange(len(dst))
            group = who["community"].to_numpy()[dst]
            shuffled = []
            for _ in range(20):
                mixed = order[np.lexsort((rng.random(len(order)), group))]
                swapped = np.empty_like(dst)
                swapped[np.lexsort((order, group))] = dst[mixed]
                shuffled.append(np.corrcoef(change(src, since), change(swapped, since))[0, 1])
            scores.append((real - np.mean(shuffled)) / np.std(shuffled, ddof=1))
    assert abs(np.mean(scores)) < 2.6 / np.sqrt(len(scores)) * 1.5
    assert fact(social, world, "contagion") == 0


def test_ties_are_few_and_posts_bounded(one_block):
    _, made = one_block
    keeps = social.sociable(made["people"]).sum()
    edges, posts = made["social_edges"], made["social_posts"]
    assert 3 < (edges["type"] != "referral").sum() / keeps < 8
    assert posts.groupby("author_id").size().max() <= 1 + social.MOST_POSTS
    assert abs(posts["mentions_brand"].mean() - social.BRAND) < 0.06
    assert (posts["text"].str.contains("松果零食|Pinecone") == posts["mentions_brand"]).all()
    assert not edges.duplicated(["src_id", "dst_id", "type", "since"]).any()
    assert (edges["src_id"] != edges["dst_id"]).all()
    assert not posts["author_id"].str.contains(r"C\d{7}").any()


def test_more_followers_more_likes(one_block):
    _, made = one_block
    followers = made["social_edges"].query("type != 'referral'").groupby("dst_id").size()
    by_author = made["social_posts"].groupby("author_id")["likes"].mean()
    both = pd.concat([followers, by_author], axis=1).dropna()
    assert np.corrcoef(both.iloc[:, 0], both.iloc[:, 1])[0, 1] > 0.2
