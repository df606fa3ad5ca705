"""Campaigns: one randomised, one aimed without a control at people who had just bought less, one holiday offer, one open gift."""

from datetime import date

import numpy as np
import pandas as pd

from custlib.synth import calendar, purchases
from custlib.synth.clean import frame
from custlib.synth.consents import given, moment
from custlib.synth.products import STORES
from custlib.synth.wording import column, words
from custlib.synth.world import World

DAY = calendar.SECONDS
RCT_START, RCT_DAYS, RCT_BACK = calendar.place("2024-03-04"), 30, 180
RCT_EFFECT, RCT_ABOVE = 0.30, 0.5  # more orders in the 30 days for whoever's price sensitivity is above this, none for the others
AIM_START, AIM_DAYS = calendar.place("2024-07-15"), 56
AIM_QUIET = (30, 365)  # days since the last purchase of whoever is aimed at
AIM_WINDOW = 70  # days compared before and after
OFFER = (calendar.place("2023-09-29"), calendar.place("2023-10-06"))
OFFER_EFFECT = 1.15  # of the orders of that week in the cities of the offer, on top of the holiday
OFFER_CITIES = 15  # every second one of the cities with a store
REACHED, OPENS, CLICKS, LEAVES = 0.97, 0.42, 0.30, 0.012
CAMPAIGNS = (
    ("CAM0", "微信新朋友见面礼", "acquisition", "2022-10-01", "2024-12-31", "wechat", "首单减五元", 0, 0, "open"),
    ("CAM1", "春日回馈优惠券", "coupon", "2024-03-04", "2024-04-02", "app", "满五十九减十元", 2_000, 600_000, "rct"),
    ("CAM2", "盛夏唤醒短信", "win_back", "2024-07-15", "2024-09-08", "sms", "想念您的八五折", 800, 400_000, "targeted"),
    ("CAM3", "国庆团圆加赠", "holiday", "2023-09-29", "2023-10-06", "store", "满九十九送礼包，限十五个城市", 0, 900_000, "open"),
)


def campaigns(world: World) -> pd.DataFrame:
    """Give the campaigns table."""
    columns = list(zip(*CAMPAIGNS, strict=True))
    scale = max(1, world.customers // 5_000)
    return frame("campaigns", {
        "campaign_id": columns[0], "name": columns[1], "type": columns[2], "start": [date.fromisoformat(one) for one in columns[3]],
        "end": [date.fromisoformat(one) for one in columns[4]], "channel": columns[5], "offer": columns[6],
        "cost_per_contact": np.array(columns[7]), "budget": np.array(columns[8]) * scale, "design": columns[9],
    })


def consenting(world: World, block: int, who: pd.DataFrame, day: int) -> np.ndarray:
    """Give who of a block agrees to marketing on a day: by chance, whatever she is like."""
    agreed, until = given(world, block, who, "marketing")
    return agreed & (until > day * DAY)


def offer_cities() -> np.ndarray:
    """Give the region codes of the cities with the holiday offer.

    Examples
    --------
    >>> offer_cities()[:2].tolist(), len(offer_cities())
    (['110100', '440100'], 15)
    """
    return column(words("regions")["cities"][:STORES], "code")[::2][:OFFER_CITIES]


def counted(rows: np.ndarray, second: np.ndarray, n: int, first: int, last: int) -> np.ndarray:
    """Count purchases per row from day `first` to before day `last`.

    Examples
    --------
    >>> counted(np.array([0, 0, 1]), np.array([0, 86_400, 86_400]), 3, 0, 1).tolist()
    [1, 0, 0]
    """
    inside = (second >= first * DAY) & (second < last * DAY)
    return np.bincount(rows[inside], minlength=n)


def quiet_since(rows: np.ndarray, second: np.ndarray, n: int, day: int) -> np.ndarray:
    """Give the days since the last purchase before a day; 10⁶ for who has none.

    Examples
    --------
    >>> quiet_since(np.array([0]), np.array([86_400]), 2, 3).tolist()
    [2.0, 1000000.0]
    """
    last, before = np.full(n, -1e6 * DAY), second < day * DAY
    np.maximum.at(last, rows[before], second[before])
    return np.where(last < 0, 1e6, day - last / DAY)


def falling(rows: np.ndarray, second: np.ndarray, who: pd.DataFrame, day: int) -> np.ndarray:
    """Give whom a campaign of that day would aim at: consumers quiet for a while, though not for long."""
    quiet = quiet_since(rows, second, len(who), day)
    return (quiet >= AIM_QUIET[0]) & (quiet < AIM_QUIET[1]) & np.isin(who["kind"], ("person", "household"))


def extra(world: World, block: int, who: pd.DataFrame, made: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Give the purchases that campaigns cause, and who was in which arm.

    Parameters
    ----------
    made : pandas.DataFrame
        Purchases of their own (``row``, ``second``, ``cause``).

    Returns
    -------
    tuple
        The purchases with those caused, by time; and per campaign a frame of ``row``, ``treated``, ``second`` (of the assignment).
    """
    if world.plain:
        return made, {}
    n, rng = len(who), world.rng("campaigns.extra", block)
    rows, second = made["row"].to_numpy(), made["second"].to_numpy()
    consumer = np.isin(who["kind"], ("person", "household"))
    # the holiday offer: every purchase of the week in its cities brings another one with a chance of the effect
    inside = np.flatnonzero((second >= OFFER[0] * DAY) & (second < (OFFER[1] + 1) * DAY) & (consumer & who["region_code"].isin(offer_cities()))[rows])
    brings = inside[rng.random(len(inside)) < OFFER_EFFECT - 1]
    when = second[brings] + np.floor(rng.random(len(brings)) * ((OFFER[1] + 1) * DAY - second[brings])).astype(np.int64)
    parts = [made, pd.DataFrame({"row": rows[brings], "second": when, "cause": "CAM3"})]
    seen = pd.concat(parts[:2])
    # the randomised coupon
    eligible = np.flatnonzero(consumer & (counted(seen["row"].to_numpy(), seen["second"].to_numpy(), n, RCT_START - RCT_BACK, RCT_START) > 0))
    treated = world.rng("campaigns.coin", block).random(len(eligible)) < 0.5
    moved = treated & (who["price_sensitivity"].to_numpy()[eligible] > RCT_ABOVE)
    more = np.repeat(eligible[moved], rng.poisson(RCT_EFFECT, int(moved.sum())))
    day = RCT_START + np.floor(rng.random(len(more)) * RCT_DAYS).astype(np.int64)
    second = day * DAY + calendar.hours(rng.random(len(more)))
    parts.append(pd.DataFrame({"row": more, "second": second, "cause": "CAM1"}))
    every = pd.concat(parts, ignore_index=True)
    every = every.sort_values(["second", "row"], kind="stable", ignore_index=True)
    # the aimed one: no effect at all
    aimed = np.flatnonzero(falling(every["row"].to_numpy(), every["second"].to_numpy(), who, AIM_START) & consenting(world, block, who, AIM_START))
    arms = {
        "CAM1": pd.DataFrame({"row": eligible, "treated": treated, "second": RCT_START * DAY + 9 * 3600}),
        "CAM2": pd.DataFrame({"row": aimed, "treated": True, "second": AIM_START * DAY + 10 * 3600}),
    }
    return every, arms


def assignments(who: pd.DataFrame, arms: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the assignments of a block."""
    parts = [one.assign(campaign=name, p=0.5 if name == "CAM1" else 1.0) for name, one in arms.items()]
    every = pd.concat(parts) if parts else pd.DataFrame({"row": [], "treated": [], "second": [], "campaign": [], "p": []}).astype({"row": int})
    rows = every["row"].to_numpy()
    return frame("assignments", {
        "campaign_id": every["campaign"], "customer_id": who["customer_id"].to_numpy()[rows],
        "arm": np.where(every["treated"].astype(bool), "treatment", "control"), "assigned_at": moment(every["second"]),
        "probability": every["p"], "stratum": who["tier"].to_numpy()[rows], "eligible": np.ones(len(every), bool),
    })


def responses(world: World, block: int, who: pd.DataFrame, arms: dict[str, pd.DataFrame], orders: pd.DataFrame) -> pd.DataFrame:
    """Give the responses of a block: delivered or not, opened, clicked, converted (the first order within the campaign), unsubscribed.

    Parameters
    ----------
    orders : pandas.DataFrame
        ``row``, ``second`` and ``net`` (cents) of the orders that are no returns, by time.
    """
    found = []
    spans = {"CAM1": RCT_DAYS, "CAM2": AIM_DAYS}
    for name, arm in arms.items():
        rng = world.rng(f"campaigns.responses.{name}", block)
        arm = arm[arm["treated"]]
        rows, begun = arm["row"].to_numpy(), arm["second"].to_numpy()
        u, after = rng.random((4, len(rows))), rng.exponential(1.0, (2, len(rows)))
        got = u[0] < REACHED
        opened = got & (u[1] < OPENS)
        clicked = opened & (u[2] < CLICKS)
        left = opened & (u[3] < LEAVES / OPENS)
        arrives = begun + 60 + (u[0] * 600).astype(np.int64)
        opens = arrives + 30 + np.minimum(after[0] * 0.8, 12) * DAY
        clicks = opens + 5 + np.minimum(after[1] * 240, 3600)
        kinds = (("delivered", got, arrives), ("bounced", ~got, arrives), ("opened", opened, opens), ("clicked", clicked, clicks),
                 ("unsubscribed", left, clicks + 40))
        for kind, mask, when in kinds:
            second = np.floor(when[mask]).astype(np.int64)
            found.append(pd.DataFrame({"campaign": name, "row": rows[mask], "type": kind, "second": second, "net": -1}))
        during = orders[(orders["second"] >= arm["second"].min()) & (orders["second"] < (arm["second"].min() // DAY + spans[name]) * DAY)]
        bought = during[during["row"].isin(rows[clicked])].drop_duplicates("row")
        bought = bought[bought["second"] >= bought["row"].map(dict(zip(rows, np.floor(clicks).astype(np.int64), strict=True)))]
        found.append(pd.DataFrame({"campaign": name, "row": bought["row"], "type": "converted", "second": bought["second"], "net": bought["net"]}))
    every = pd.concat(found, ignore_index=True) if found else pd.DataFrame({"campaign": [], "row": [], "type": [], "second": [], "net": []})
    every = every[every["second"] < purchases.DAY_END]
    every = every.sort_values(["campaign", "second", "row"], kind="stable")
    net = every["net"].to_numpy(np.int64)
    return frame("responses", {
        "campaign_id": every["campaign"], "customer_id": who["customer_id"].to_numpy()[every["row"].to_numpy(np.int64)], "type": every["type"],
        "ts": moment(every["second"]), "amount": np.ma.MaskedArray(np.maximum(net, 0), net < 0),
    })


def facts(world: World) -> list[dict]:
    """Give what is planted in the campaigns, and the traps."""
    if world.plain:
        return []
    return [
        {"name": "rct_effect_sensitive", "value": RCT_EFFECT, "table": "assignments",
         "how": f"more orders from 2024-03-04 to 2024-04-02 per customer treated in CAM1 whose latent price sensitivity is above {RCT_ABOVE}"},
        {"name": "rct_effect_others", "value": 0.0, "table": "assignments", "how": "the same for everybody else in CAM1"},
        {"name": "targeted_effect", "value": 0.0, "table": "assignments",
         "how": f"CAM2: orders of the {AIM_WINDOW} days after it are a third above those of the days before, as on any other day the same rule "
                "is used: trap (regression to the mean); who fits the rule without consent was not contacted and rises alike"},
        {"name": "offer_effect", "value": OFFER_EFFECT, "table": "orders",
         "how": "CAM3: orders from 2023-09-29 to 2023-10-06 in the 15 cities against the other cities and the same holiday of other years"},
        {"name": "unsubscribed_per_delivered", "value": round(LEAVES, 4), "table": "responses", "how": "unique unsubscribed over delivered"},
        {"name": "opened_per_delivered", "value": OPENS, "table": "responses", "how": "unique opened over delivered"},
    ]
