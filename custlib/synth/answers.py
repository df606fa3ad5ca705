"""Turn what people are like into answers: to one item, before any reversal."""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd

from custlib.synth.blocks import block_of
from custlib.synth.world import World

TIERS = {"gold": 0.90, "silver": 0.80, "bronze": 0.60}  # content (4 or 5 of 5) among all customers of the tier
ALIKE = 0.8  # how far the latent satisfaction decides the answer to the satisfaction question
LOADING = 0.58  # share of a trait item's variance that is the trait
CUTS = (-1.4, -0.5, 0.4, 1.3)  # between the five answers of a trait item
OTHER_TRAITS = ("rational", "intuitive", "direct", "utilitarian")
NORMAL = NormalDist()


def answer(item: dict, traits: dict[str, np.ndarray], error: np.ndarray, wave: int) -> np.ndarray:
    """Give the answers to one item as they are written, before any reversal."""
    source, sign = item["from"], -1 if item.get("reverse") else 1
    if source in ("csat", "nps"):
        height = np.array([NORMAL.inv_cdf(TIERS[one]) * sqrt(1 + ALIKE**2) for one in traits["tier"]]).reshape(-1)
        y = height + ALIKE * traits["mood"] + (error if source == "csat" else 0)
        if source == "csat":
            return 1 + (y[:, None] > np.array([-1.9, -1.0, 0.0, 1.1])).sum(axis=1)
        return np.clip(np.round(6.9 + 1.2 * y + 1.2 * error), 0, 10)
    if source == "topic":
        y = item["shift"] + 0.65 * traits["satisfaction"] + item.get("wave_2", 0) * (wave == 2) + 0.8 * error
        return 1 + (y[:, None] > np.array([-1.5, -0.8, -0.1, 1.0])).sum(axis=1)
    if source.startswith("intent"):
        more = {"intent": 0, "intent_eco": traits["eco_value"] - 1, "intent_fashion": traits["fashion"] - 1}[source]
        chance = np.clip(traits["likely"], 0.01, 0.99)
        y = np.log(chance / (1 - chance)) * 0.8 + 0.5 + 0.8 * more + 0.7 * error  # people say they will more often than they do
        return np.round(10 / (1 + np.exp(-y)))
    if source == "choice":
        return np.select([traits["organised"], error > 1.2, error > traits["alone"]], [4, 3, 2], 1)
    y = sign * sqrt(LOADING) * traits[source] + sqrt(1 - LOADING) * error
    return 1 + (y[:, None] > np.array(CUTS)).sum(axis=1)


def latent(world: World, people: pd.DataFrame) -> dict[str, np.ndarray]:
    """Give what answers depend on, by name; ways of deciding and speaking are drawn here, the rest comes with the people."""
    own = world.rng("survey traits", block_of(people)).standard_normal((len(OTHER_TRAITS), len(people)))
    names = ("satisfaction", "loyalty_attitude", "o", "c", "e", "a", "n", "eco_value", "fashion")
    found = {name: people[name].to_numpy(dtype=float) for name in names}
    mix = {"rational": 0.4 * found["c"], "intuitive": 0.3 * found["o"], "direct": 0.3 * found["e"], "utilitarian": -0.4 * found["eco_value"]}
    part = {"rational": 0.4, "intuitive": 0.3, "direct": 0.3, "utilitarian": 0.4}
    found |= {name: mix[name] + sqrt(1 - part[name]**2) * own[place] for place, name in enumerate(OTHER_TRAITS)}
    rate = np.where(people["prospect"].to_numpy(), 0.0005, people["lambda_"].to_numpy(dtype=float))
    found["likely"] = 1 - np.exp(-90 * rate)
    found["organised"] = people["kind"].isin(["company", "government"]).to_numpy()
    found["alone"] = np.where(people["household_size"].to_numpy(dtype=float) > 1, -0.8, 0.8)
    return found


def within_tier(people: pd.DataFrame) -> np.ndarray:
    """Give satisfaction as normal scores within the tier and block: exactly N(0, 1) in each tier, whatever made the tiers."""
    rank = people.groupby("tier")["satisfaction"].rank(method="first").to_numpy()
    size = people.groupby("tier")["satisfaction"].transform("size").to_numpy()
    return np.array([NORMAL.inv_cdf((one - 0.5) / many) for one, many in zip(rank, size, strict=True)])
