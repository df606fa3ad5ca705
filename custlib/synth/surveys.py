"""Questionnaires and ratings: answers of latent people, with reverse items, straight-liners, speeders, and silence of the discontent."""

import json
from datetime import date
from math import sqrt

import numpy as np
import pandas as pd

from custlib.synth.answers import ALIKE, CUTS, LOADING, NORMAL, TIERS, answer, latent, within_tier
from custlib.synth.blocks import block_of
from custlib.synth.people import ORGANISED, registered
from custlib.synth.texts import TOPICS, sentences
from custlib.synth.wording import words
from custlib.synth.world import FIRST_DAY, World

REPLY = (-0.2, 0.6)  # log odds of answering: level, and per unit of satisfaction within the tier; so the discontent are silent
STRAIGHT, FAST = 0.04, 0.03  # of respondents: one answer to all statements; answers without reading
BLANK = 0.015  # of statements not answered
UNNAMED = 0.05  # of respondents to the satisfaction survey: without a customer id
SUBJECTS = 300  # watched and talked with, all of the first block


def surveys(world: World) -> pd.DataFrame:
    """Give the canonical table ``surveys``.

    Examples
    --------
    >>> surveys(World())["survey_id"].tolist()
    ['SAT', 'PSY', 'INT']
    """
    rows = []
    for key, one in words("surveys")["surveys"].items():
        first, last = one["waves"][0][0], one["waves"][-1][1]
        rows.append({"survey_id": key, "name": one["name_zh"], "mode": one["mode"], "fielded_from": date.fromisoformat(first),
                     "fielded_to": date.fromisoformat(last), "population_n": _population(world, one["waves"][-1][0], only_people=key == "PSY"),
                     "sampling": one["sampling"]})
    return pd.DataFrame(rows)


def items(world: World) -> pd.DataFrame:
    """Give the canonical table ``survey_items``.

    Examples
    --------
    >>> len(items(World()))
    54
    """
    lists, rows = words("surveys"), []
    limits = {"csat": (1, 5), "likert": (1, 5), "nps": (0, 10), "juster": (0, 10), "choice": (1, 4), "open": (None, None)}
    for key, survey in lists["surveys"].items():
        for one in survey["items"]:
            low, high = limits[one["type"]]
            labels = one.get("options", lists["labels"].get(one["type"]))
            rows.append({"survey_id": key, "item_id": one["id"], "text_zh": one["zh"], "text_en": one["en"], "scale_id": one.get("scale"),
                         "reverse": one.get("reverse", False), "min": low, "max": high, "type": one["type"],
                         "option_labels": None if labels is None else json.dumps(labels, ensure_ascii=False)})
    return pd.DataFrame(rows).astype({"min": "float64", "max": "float64"})


def responses(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give the canonical table ``survey_responses`` of a block: one row per respondent and item, over all surveys and waves.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> sorted(set(responses(world, people(world, 0))["wave"]))
    [1, 2]
    """
    listed = words("surveys")["surveys"].items()
    parts = [_wave(world, people, key, wave) for key, survey in listed for wave in range(1, len(survey["waves"]) + 1)]
    return pd.concat(parts, ignore_index=True)


def observations(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give the canonical table ``observations``: two raters, three codes; only the first block's people were watched.

    Each rater sees the true code with a chance of √κ and else guesses as often as each code occurs: then Cohen's kappa is κ.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> sorted(set(observations(world, people(world, 0))["rater_id"]))
    ['R1', 'R2']
    """
    block = block_of(people)
    if block > 0:
        return pd.DataFrame({name: [] for name in ("subject_id", "rater_id", "code_id", "ts", "code_value", "note_text")}, dtype=object).assign(
            ts=pd.Series([], dtype="datetime64[us]"))
    who = np.flatnonzero(people["kind"].isin(["person", "household"]).to_numpy() & ~people["twin"].to_numpy())[:SUBJECTS]
    traits, parts = latent(world, people), []
    start = np.datetime64("2024-05-06T10:00:00")
    for code in words("surveys")["codes"]:
        rng = world.rng(f"observations {code['id']}", block)
        third = NORMAL.inv_cdf(1 / 3)
        values = traits[code["from"]][who]
        true = (values > third).astype(int) + (values > -third)
        for rater in (1, 2):
            draws = rng.random((3, len(who)))
            seen = np.where(draws[0] < sqrt(code["agreement"]), true, (draws[1] * 3).astype(int))
            minutes = np.arange(len(who)) * 25 + rater
            parts.append(pd.DataFrame({
                "subject_id": people["customer_id"].to_numpy(dtype=object)[who], "rater_id": f"R{rater}", "code_id": code["id"],
                "ts": (start + minutes.astype("timedelta64[m]")).astype("datetime64[us]"),
                "code_value": np.array(code["values"], dtype=object)[seen],
                "note_text": np.where(draws[2] < 0.3, code["note_zh"], None)}))
    return pd.concat(parts, ignore_index=True)


def facts(world: World) -> list[dict]:
    """Give what is planted in the surveys, and what an analyst who forgets the weights would find."""
    found = []
    for tier, share in TIERS.items():
        found.append({"name": f"content_{tier}", "value": share, "table": "survey_responses",
                      "how": "share of 4 and 5 at SAT Q01 among customers of the tier, by the weights"})
        found.append({"name": f"content_{tier}_unweighted", "value": round(_naive(share), 4), "table": "survey_responses",
                      "how": "the same without weights: too high, for the discontent answer less often"})
    found.append({"name": "alpha_trait", "value": round(alpha(4, 0), 4), "table": "survey_responses",
                  "how": "Cronbach's alpha of each five-trait scale of PSY (four items, one turned), straight-liners and speeders left out"})
    for name, value, how in (("wave_change_content", 0.0, "SAT Q01 from wave 1 to wave 2: nothing changed"),
                             ("straight_liners", STRAIGHT, "share of respondents with one answer to all statements"),
                             ("speeders", FAST, "share of respondents with less than two seconds an item")):
        found.append({"name": name, "value": value, "table": "survey_responses", "how": how})
    found += [{"name": f"kappa_{one['id']}", "value": one["agreement"], "table": "observations", "how": "Cohen's kappa of the two raters"}
              for one in words("surveys")["codes"]]
    return found


def alpha(k: int, shift: float) -> float:
    """Give Cronbach's alpha of `k` items with the loading and cuts of the trait scales.

    Examples
    --------
    >>> round(alpha(4, 0), 2)
    0.82
    """
    trait = np.linspace(-6, 6, 1201)
    mass = np.exp(-trait**2 / 2)
    mass /= mass.sum()
    left = sqrt(1 - LOADING)
    beyond = np.array([[1 - NORMAL.cdf((cut - sqrt(LOADING) * one - shift) / left) for one in trait] for cut in CUTS])
    mean = beyond.sum(axis=0)  # of answer − 1, given the trait
    square = (beyond * (2 * np.arange(1, 5) - 1)[:, None]).sum(axis=0)
    variance = (square * mass).sum() - (mean * mass).sum() ** 2
    common = (mean**2 * mass).sum() - (mean * mass).sum() ** 2
    return float(k / (k - 1) * (1 - variance / (variance + (k - 1) * common)))


def _naive(share: float) -> float:
    """Give the share of content among those who answer, when `share` is that of all."""
    r = np.linspace(-6, 6, 1201)
    mass = np.exp(-r**2 / 2) / (1 + np.exp(-(REPLY[0] + REPLY[1] * r)))
    height = NORMAL.inv_cdf(share) * sqrt(1 + ALIKE**2)
    content = np.array([NORMAL.cdf(height + ALIKE * one) for one in r])
    return float((content * mass).sum() / mass.sum())


def _wave(world: World, people: pd.DataFrame, key: str, wave: int) -> pd.DataFrame:
    survey, block = words("surveys")["surveys"][key], block_of(people)
    start, end = (np.datetime64(one, "s") for one in survey["waves"][wave - 1])
    rng = world.rng(f"survey {key}", block)
    mood = within_tier(people)
    fits = (people["registered_at"].to_numpy() < start) & ~people["twin"].to_numpy()
    if key == "PSY":
        fits &= people["kind"].isin(["person", "household"]).to_numpy()
    reply = 1 / (1 + np.exp(-(REPLY[0] + REPLY[1] * mood)))
    asked = min(survey["invited"], 0.94 * survey["most"] / (_population(world, survey["waves"][wave - 1][0]) * 0.46))
    draws = np.moveaxis(rng.random((len(people), 2, 8)), 0, -1)[wave - 1]  # of both waves, whoever answers
    who = np.flatnonzero(fits & (draws[0] < asked) & (draws[1] < reply))
    m, k, list_of = len(who), len(survey["items"]), survey["items"]
    errors = world.rng(f"answers {key} {wave}", block).standard_normal((len(people), k))[who]
    chance = world.rng(f"slips {key} {wave}", block).random((len(people), k, 3))[who]
    traits = {name: values[who] for name, values in latent(world, people).items()}
    traits["mood"], traits["tier"] = mood[who], people["tier"].to_numpy(dtype=object)[who]
    straight, fast = draws[2, who] < STRAIGHT, draws[3, who] < FAST
    answers = np.full((m, k), np.nan)
    for place, one in enumerate(list_of):
        if one["type"] == "open":
            continue
        answers[:, place] = answer(one, traits, errors[:, place], wave)
        if one["type"] == "likert":
            answers[:, place] = np.where(straight, 3 + (draws[4, who] < 0.6), answers[:, place])
            answers[:, place] = np.where(fast, 1 + (chance[:, place, 1] * 5).astype(int), answers[:, place])
            answers[chance[:, place, 0] < BLANK, place] = np.nan
    lang = np.where(people["country"].to_numpy()[who] == "CN", "zh", "en").astype(object)
    text = np.full((m, k), None, dtype=object)
    for place, one in enumerate(list_of):
        if one["type"] == "open" and m:
            say = sentences((chance[:, place, 0] * len(TOPICS)).astype(int), chance[:, place, 1] > 0.85, lang, chance[:, place, 2])
            say = np.array([each.replace("{p}", "零食" if code == "zh" else "snacks") for each, code in zip(say, lang, strict=True)], dtype=object)
            text[:, place] = np.where(draws[5, who] < 0.45, say, None)
    span = (end - start).astype(int) + 86_399
    begun = start + np.floor(draws[6, who] * (span - 3_600)).astype(np.int64).astype("timedelta64[s]")
    seconds = np.round(np.where(fast, 0.8, 6.0)[:, None] * np.exp(0.45 * (chance[:, :, 2] - 0.5) * 3.46), 1)
    at = begun[:, None] + np.cumsum(np.ceil(seconds), axis=1).astype("timedelta64[s]")
    number = (people["position"].to_numpy()[who].astype(np.int64) * 4_829_317 + 77 * wave) % 10**7
    respondent = np.array([f"{key}{wave}-{one:07d}" for one in number.tolist()], dtype=object)
    named = np.where((draws[7, who] < UNNAMED) & (key == "SAT"), None, people["customer_id"].to_numpy(dtype=object)[who])
    return pd.DataFrame({
        "survey_id": np.full(m * k, key, dtype=object), "respondent_id": np.repeat(respondent, k),
        "item_id": np.tile(np.array([one["id"] for one in list_of], dtype=object), m), "customer_id": np.repeat(named, k),
        "value_num": answers.ravel(), "value_text": text.ravel(), "answered_at": at.ravel().astype("datetime64[us]"),
        "duration_s": seconds.ravel(), "wave": np.full(m * k, wave, dtype=np.int64),
        "weight": np.repeat(np.round(1 / (asked * reply[who]), 4), k)})


def _population(world: World, day: str, *, only_people: bool = False) -> int:
    """Give how many had registered by a day as the register counts them: expected, without second ids."""
    offset = (date.fromisoformat(day) - FIRST_DAY).days
    days = registered(world, (np.arange(10_000) + 0.5) / 10_000)
    kept = np.where(days < offset, 1.0, 0.0)
    if only_people:
        kept *= 1 - np.array([sum(ORGANISED[year]) for year in sorted(ORGANISED)])[np.minimum(days // 365.25, 2).astype(int)]
    return int(world.customers * (1.0 if world.plain else 0.94) * kept.mean())
