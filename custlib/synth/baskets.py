"""What goes into a basket: how many lines, which products, by taste, by price, by what is on the shelf."""

import numpy as np
import pandas as pd

from custlib.synth import calendar, inventory
from custlib.synth.products import FASHION_LAUNCH, GROUPS, LATE, PAIR, PAIRS, RISING_FROM, assortment
from custlib.synth.world import World

MORE_LINES, MOST_LINES, PER_LINE = 2.2, 6, 2500  # Poisson mean of further lines; at most; cents of the order value a line needs
ECO = {"young": (0.08, 0.30), "others": (0.06, 0.0)}  # share of lines in January 2022, and how its log odds rise per year
FASHION = {"young": 0.14, "others": 0.04}  # share of lines once the line is launched
RISING = (0.03, 0.10)  # share of lines before the rise, and at the end of 2024
FAMILY = {"household": 0.30, "others": 0.04}
BULK = {"organised": 0.70, "others": 0.01}
TASTE = 0.5  # how far values move a share around its mean
BY_PRICE = np.array([[0.6, 1.0, 1.6], [1.0, 1.0, 1.0], [1.6, 1.0, 0.5]])  # pull of low, mid and high tier: insensitive, middling, sensitive


def shares(who: pd.DataFrame, rows: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Give the chance of each group of products for each line: lines × GROUPS.

    Examples
    --------
    >>> who = pd.DataFrame({"kind": ["company"], "young": [False], "eco_value": [0.0], "fashion": [0.0]})
    >>> shares(who, np.array([0]), np.array([0.0])).round(2).tolist()
    [[0.3, 0.0, 0.0, 0.0, 0.0, 0.7]]
    """
    young, kind = who["young"].to_numpy()[rows], who["kind"].to_numpy()[rows]
    organised, years = np.isin(kind, ("company", "government")), day / 365.25
    out = np.zeros((len(rows), len(GROUPS)))
    for name, mine in (("young", young), ("others", ~young)):
        level, slope = ECO[name]
        out[mine, 2] = 1 / (1 + (1 - level) / level * np.exp(-slope * years[mine]))
        out[mine, 3] = FASHION[name]
    out[:, 2] *= 1 + TASTE * np.tanh(who["eco_value"].to_numpy()[rows])
    out[:, 3] *= (1 + TASTE * np.tanh(who["fashion"].to_numpy()[rows])) * (day >= calendar.place(FASHION_LAUNCH))
    rise = np.clip((day - calendar.place(RISING_FROM)) / (calendar.DAYS - calendar.place(RISING_FROM)), 0, 1)
    out[:, 1] = (RISING[0] + (RISING[1] - RISING[0]) * rise) * (day >= calendar.place(LATE["rising"]))
    out[:, 4] = np.where(kind == "household", FAMILY["household"], FAMILY["others"])
    out[:, 5] = BULK["others"]
    out[organised] = 0
    out[organised, 5] = BULK["organised"]
    out[:, 0] = 1 - out.sum(axis=1)
    return out


def _products(world: World, group: np.ndarray, taste: np.ndarray, day: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Give the product of each line by its group, the price class of the customer and the day; what is not launched yet is another one."""
    made = assortment(world.seed)
    out = np.zeros(len(group), np.int64)
    for number in range(len(GROUPS)):
        members = np.flatnonzero(made["group"] == number)
        early = members[made["launch"][members] == made["launch"][members].min()]
        for price in range(3):
            mine = np.flatnonzero((group == number) & (taste == price))
            mass = np.cumsum(made["popularity"][members] * BY_PRICE[price, made["tier"][members]])
            chosen = members[np.minimum(np.searchsorted(mass / mass[-1], u[mine], side="right"), len(members) - 1)]
            instead = early[(u[mine] * 7919 % 1 * len(early)).astype(int)]
            out[mine] = np.where(made["launch"][chosen] <= day[mine], chosen, instead)
    return out


def lines(world: World, block: int, who: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Give the lines of a block's baskets before prices and quantities.

    Parameters
    ----------
    made : pandas.DataFrame
        Per purchase: ``row`` (of `who`), ``day`` (whole), ``value`` (cents meant to be spent), ``store`` (number, −1 outside stores).

    Returns
    -------
    pandas.DataFrame
        One row per line: ``order`` (row of `made`), ``product`` (number), ``part`` (of the value, summing to 1 over the lines of an order
        before sold-out products were left out), ``lost`` (a sold-out product that stayed unsold: not a line of the order).
    """
    rng = world.rng("baskets", block)
    value, n = made["value"].to_numpy(), len(made)
    count = np.minimum(1 + rng.poisson(MORE_LINES, n), np.clip(value // PER_LINE, 1, MOST_LINES)).astype(int)
    order = np.repeat(np.arange(n), count)
    number = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    rows, day = made["row"].to_numpy()[order], made["day"].to_numpy()[order]
    u, part = rng.random((5, len(order))), rng.uniform(0.5, 1.5, len(order))
    part /= np.bincount(order, part, n)[order]
    lost = np.zeros(len(order), bool)
    if world.plain:
        group = np.zeros(len(order), int)
    else:
        group = (u[0][:, None] >= np.cumsum(shares(who, rows, day.astype(float)), axis=1)[:, :-1]).sum(axis=1)
    taste = np.digitize(who["price_sensitivity"].to_numpy(), (-0.43, 0.43))[rows]
    product = _products(world, group, taste, day, u[1])
    if not world.plain:
        for first, other in PAIRS:
            begins = np.zeros(n, bool)
            begins[order[(number == 0) & (product == first)]] = True
            product[(number == 1) & (group == 0) & begins[order] & (u[2] < PAIR)] = other
        out = inventory.sold_out(world.seed, world.plain)
        store, week = made["store"].to_numpy()[order], np.maximum(day - 2, 0) // 7
        gone = (store >= 0) & out[product, np.maximum(store, 0), week]
        alone = count[order] == 1
        lost = gone & (u[3] < inventory.LOST) & (number > 0) & ~alone
        product = np.where(gone & ~lost, _products(world, group, taste, day, u[4]), product)
        still = (store >= 0) & out[product, np.maximum(store, 0), week] & ~lost
        product = np.where(still, _unwatched(world, group), product)
    return pd.DataFrame({"order": order, "product": product, "part": part, "lost": lost})


def _unwatched(world: World, group: np.ndarray) -> np.ndarray:
    """Give for each line a product of its group that is never sold out: of the regular ones where the whole group is watched."""
    made, seen = assortment(world.seed), inventory.watched(world.seed)
    free = [np.setdiff1d(np.flatnonzero((made["group"] == number) & (made["launch"] <= calendar.place(FASHION_LAUNCH))), seen)
            for number in range(len(GROUPS))]
    return np.array([one[0] if len(one) else free[0][0] for one in free])[group]


def facts(world: World) -> list[dict]:
    """Give what is planted in the baskets."""
    if world.plain:
        return []
    return [
        {"name": "eco_trend_young", "value": ECO["young"][1], "table": "order_lines",
         "how": "yearly rise of the log odds that a line of a customer of 18 to 35 is of the eco range"},
        {"name": "eco_trend_others", "value": ECO["others"][1], "table": "order_lines", "how": "the same for other consumers"},
        {"name": "fashion_share_young", "value": FASHION["young"], "table": "order_lines",
         "how": "share of lines of customers of 18 to 35 in the trend range after its launch on 2023-03-01"},
        {"name": "fashion_share_others", "value": FASHION["others"], "table": "order_lines", "how": "the same for other consumers"},
        {"name": "family_share_households", "value": FAMILY["household"], "table": "order_lines",
         "how": "share of family packs in lines of households"},
        {"name": "bulk_share_organisations", "value": BULK["organised"], "table": "order_lines", "how": "share of cartons in lines of organisations"},
        {"name": "rising_category_from", "value": RISING_FROM, "table": "order_lines",
         "how": f"day from which the freeze-dried share of consumers' lines rises from {RISING[0]} to {RISING[1]} at the end of 2024"},
        {"name": "pair_share", "value": PAIR, "table": "order_lines",
         "how": "chance that the second line of a basket is P041 where the first is P016, or P067 where it is P070, if it is a regular product"},
    ]
