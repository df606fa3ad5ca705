"""Stock: weekly counts of the products that are watched in the larger stores, with spells in which one is sold out."""

from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.clean import frame
from custlib.synth.products import assortment, store_ids
from custlib.synth.world import FIRST_DAY, World

WATCHED, COUNTED = 16, 15  # products and stores
WEEKS = -(-calendar.DAYS // 7)
BEGINS, STAYS = 0.025, 0.5  # chances per week that a spell begins, and goes on
LOST = 0.5  # of the lines that meet a sold-out product are not bought at all, the others become another product


@cache
def sold_out(seed: int, plain: bool) -> np.ndarray:
    """Give whether a product (of all) is sold out in a store in a week: products × stores × weeks."""
    out = np.zeros((len(assortment(seed)["id"]), len(store_ids()), WEEKS), bool)
    if plain:
        return out
    rng, now = World(seed=seed).rng("inventory.spells"), np.zeros((WATCHED, COUNTED), bool)
    for week in range(4, WEEKS):
        now = rng.random(now.shape) < np.where(now, STAYS, BEGINS)
        out[watched(seed)[:, None], np.arange(COUNTED), week] = now
    return out


def watched(seed: int) -> np.ndarray:
    """Give the numbers of the watched products: the best-known regular ones, and those of the rising category."""
    made = assortment(seed)
    popularity = np.where((made["group"] == 0) & (made["launch"] == 0), made["popularity"], np.where(made["group"] == 1, 99, 0))
    return np.sort(np.argsort(-popularity, kind="stable")[:WATCHED])


def inventory(world: World) -> pd.DataFrame:
    """Give the inventory table: one row per watched product, counted store and week (its Monday), from the product's launch on."""
    made, rng = assortment(world.seed), world.rng("inventory.counts")
    numbers, out = watched(world.seed), sold_out(world.seed, world.plain)
    product, store, week = (one.ravel() for one in np.meshgrid(numbers, np.arange(COUNTED), np.arange(WEEKS), indexing="ij"))
    level = np.rint(8 + 20 * made["popularity"][product] * np.linspace(1.6, 0.6, COUNTED)[store] * np.clip(world.customers / 5000, 0.5, 50))
    gone = out[product, store, week]
    have = np.where(gone, 0, np.rint(level * rng.uniform(0.25, 1.0, len(product))))
    coming = np.where(have < 0.5 * level, level - have, 0)
    day = week * 7 + 2  # 2022-01-03 is a Monday
    keep = (day < calendar.DAYS) & (day >= made["launch"][product])
    days = np.array([FIRST_DAY + timedelta(days=one) for one in range(WEEKS * 7 + 3)], dtype=object)
    return frame("inventory", {
        "product_id": made["id"][product][keep], "store_id": store_ids()[store][keep], "date": days[day][keep],
        "on_hand": have[keep].astype(np.int64) * 10_000, "on_order": coming[keep].astype(np.int64) * 10_000, "stockout": gone[keep],
    })


def facts(world: World) -> list[dict]:
    """Give what is planted in the stock."""
    if world.plain:
        return []
    long_run = BEGINS / (1 - STAYS + BEGINS)
    return [{"name": "stockout_share_of_weeks", "value": round(long_run, 4), "table": "inventory",
             "how": "share of weekly counts marked sold out, from the fifth week on"}]
