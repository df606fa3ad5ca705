"""What is sold and where: products with prices, costs and launch days, and stores."""

import json
from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.clean import frame
from custlib.synth.wording import column, words
from custlib.synth.world import FIRST_DAY, World

GROUPS = ("regular", "rising", "eco", "fashion", "family", "bulk")
FASHION_LAUNCH, RISING_FROM = "2023-03-01", "2024-07-01"
LATE = {"rising": "2023-09-01", "fashion": FASHION_LAUNCH}
STORES = 30
PAIRS = ((15, 40), (69, 66))  # products bought together: whoever's first line is the one, adds the other with chance PAIR
PAIR = 0.35


@cache
def assortment(seed: int) -> dict[str, np.ndarray]:
    """Give the products as arrays: ids, list price and cost in cents, group, price tier (0 to 2), popularity, launch day, lead time."""
    items = words("products")["products"]
    rng = World(seed=seed).rng("products")
    n = len(items)
    price = np.rint(column(items, "price") * 100).astype(np.int64)
    group = np.array([GROUPS.index(one["group"]) for one in items])
    tier = np.zeros(n, int)
    for number in range(len(GROUPS)):
        mine = np.flatnonzero(group == number)
        tier[mine] = np.argsort(np.argsort(price[mine], kind="stable"), kind="stable") * 3 // len(mine)
    launch = np.zeros(n, int)
    for name, day in LATE.items():
        launch[group == GROUPS.index(name)] = calendar.place(day)
    popularity = rng.gamma(1.5, 1.0, n) + 0.2
    launch[[7, 26, 44]] = [calendar.place(day) for day in ("2023-05-10", "2023-10-18", "2024-04-24")]  # a few newcomers among the regular ones
    return {
        "id": np.array([f"P{one + 1:03d}" for one in range(n)], object), "price": price, "group": group, "tier": tier, "launch": launch,
        "popularity": popularity, "cost": np.rint(price * rng.uniform(0.48, 0.66, n)).astype(np.int64), "lead": rng.integers(3, 22, n),
        "pack": rng.choice([100, 120, 150, 200, 250, 300], n),
    }


def products(world: World) -> pd.DataFrame:
    """Give the products table."""
    items, made = words("products")["products"], assortment(world.seed)
    n = len(items)
    group = np.array(GROUPS)[made["group"]]
    size = np.where(np.isin(group, ("family", "bulk")), made["pack"] * 6, made["pack"])
    attributes = [
        json.dumps({"eco": bool(group[k] == "eco"), "fashion": bool(group[k] == "fashion"), "premium": bool(made["tier"][k] == 2),
                    "pack_size": f"{size[k]} g"}, ensure_ascii=False)
        for k in range(n)
    ]
    return frame("products", {
        "product_id": made["id"], "name": [f"{one['zh']} {size[k]}克" for k, one in enumerate(items)],
        "category_l1": column(items, "l1"), "category_l2": column(items, "l2"), "category_l3": column(items, "l3"),
        "brand": column(items, "brand"), "private_label": [one["brand"].startswith("松果") for one in items],
        "price_tier": np.array(("low", "mid", "high"), object)[made["tier"]], "attributes": attributes,
        "launch_date": [FIRST_DAY + timedelta(days=int(day) or -400) for day in made["launch"]], "lead_time_days": made["lead"],
    })


def store_ids() -> np.ndarray:
    """Give the ids of the stores: one in each of the first cities of the list.

    Examples
    --------
    >>> store_ids()[:2].tolist(), len(store_ids())
    (['S01', 'S02'], 30)
    """
    return np.array([f"S{one + 1:02d}" for one in range(STORES)], object)


def stores(world: World) -> pd.DataFrame:
    """Give the stores table."""
    rng, cities = world.rng("stores"), words("regions")["cities"][:STORES]
    moved = rng.uniform(-0.03, 0.03, (2, STORES))
    return frame("stores", {
        "store_id": store_ids(), "name": [f"松果零食{one['zh']}店" for one in cities], "region_code": column(cities, "code"),
        "lat": np.round(column(cities, "lat") + moved[0], 4), "lon": np.round(column(cities, "lon") + moved[1], 4),
        "opened": [FIRST_DAY - timedelta(days=int(day)) for day in rng.integers(60, 2500, STORES)],
    })


def home_store(region_code: pd.Series, draws: np.ndarray) -> np.ndarray:
    """Give the number of the store a customer goes to: that of her city, or any where the city has none.

    Examples
    --------
    >>> home_store(pd.Series(["310100", None]), np.array([0.9, 0.5])).tolist()
    [1, 15]
    """
    places = {one["code"]: number for number, one in enumerate(words("regions")["cities"][:STORES])}
    own = region_code.map(places).to_numpy(float, na_value=np.nan)
    return np.where(np.isnan(own), np.floor(draws * STORES), own).astype(int)
