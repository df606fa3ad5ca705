"""What people do on site, in the app and at home: sessions of events, try-ons, device signals, joining and leaving."""

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.clean import frame
from custlib.synth.consents import moment
from custlib.synth.products import assortment
from custlib.synth.purchases import DAY_END
from custlib.synth.wording import column, words
from custlib.synth.world import World

MOST_BEFORE, MOST_IDLE, MOST_SIGNALS = 2, 9, 8  # sessions and signals kept per customer: the size of the table is bounded by these
SEEN, LOOKED_UP = 0.7, 0.25  # share of digital orders whose session is known; of store orders looked up online in the three days before
IDLE, BY_SOCIABILITY, BOUNCES = 3.0, 0.30, 0.40  # sessions that lead to nothing per customer, log ratio per sd, share of them with one page
ANONYMOUS = 0.25  # sessions of nobody known, per customer
JARS, TRIES = 0.04, 0.12  # households with a jar that reports; share of app sessions of the young with a try-on
COMMUNITY_FROM = 0.8  # sociability above which people join the brand's community
DIGITAL = np.array(("web", "app", "wechat", "tmall"), object)


def _sessions(world: World, block: int, who: pd.DataFrame, inner: pd.DataFrame) -> pd.DataFrame:
    """Give the sessions of a block: row (−1 nobody known), start, channel, pages, whether an order ends it."""
    rng, n = world.rng("events.sessions", block), len(who)
    known = inner[(inner["row"] >= 0) & ~inner["returned"]]
    known = known[known.groupby("row").cumcount(ascending=False) < MOST_BEFORE]
    u, wait = rng.random((2, len(known))), rng.exponential(900.0, len(known))
    digital = known["channel"].to_numpy() > 0
    second = known["second"].to_numpy()
    buys = digital & (u[0] < SEEN)
    looks = ~digital & (u[0] < LOOKED_UP)
    anyhow = np.array((1, 2, 3), int)[(u[1] * 3).astype(int)]
    count = np.minimum(rng.poisson(IDLE * np.exp(BY_SOCIABILITY * who["sociability"].to_numpy())), MOST_IDLE)
    idle = np.repeat(np.arange(n), count)
    since = who["registered_day"].to_numpy()[idle] * calendar.SECONDS
    nobody = int(rng.poisson(ANONYMOUS * n))
    day = np.floor(rng.random(nobody) * calendar.DAYS).astype(np.int64) * calendar.SECONDS
    kinds = [
        (known["row"].to_numpy()[buys], second[buys] - 120 - wait[buys].astype(np.int64), known["channel"].to_numpy()[buys], True, 2),
        (known["row"].to_numpy()[looks], second[looks] - 3600 - (u[1][looks] * 3 * calendar.SECONDS).astype(np.int64), anyhow[looks], False, 2),
        (idle, np.floor(since + rng.random(len(idle)) * (DAY_END - 3600 - since)).astype(np.int64), rng.integers(1, 5, len(idle)), False, 1),
        (np.full(nobody, -1), day + calendar.hours(rng.random(nobody)), rng.integers(1, 5, nobody), False, 1),
    ]
    every = pd.concat([pd.DataFrame({"row": r, "second": s, "channel": c, "converts": b, "least": k}) for r, s, c, b, k in kinds], ignore_index=True)
    more = rng.poisson(1.6, len(every)) + 1
    every["pages"] = np.where((every["least"] == 1) & (rng.random(len(every)) < BOUNCES), 1, np.maximum(more, 1) + 1)
    every["second"] = np.maximum(every["second"], 0)
    return every.sort_values(["second", "row"], kind="stable", ignore_index=True)


def _of_sessions(world: World, block: int, who: pd.DataFrame, one: pd.DataFrame) -> pd.DataFrame:
    """Give the events of the sessions: pages, searches, products, baskets, checkouts, try-ons."""
    rng = world.rng("events.pages", block)
    count = one["pages"].to_numpy() + 2 * one["converts"].to_numpy()
    of = np.repeat(np.arange(len(one)), count)
    number = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    left, converts = count[of] - 1 - number, one["converts"].to_numpy()[of]
    u, dwell = rng.random((4, len(of))), np.round(rng.exponential(35.0, len(of)) + 1, 1)
    kind = np.select([converts & (left == 0), converts & (left == 1), number == 0, u[0] < 0.55, u[0] < 0.72, u[0] < 0.80, u[0] < 0.83],
                     ["checkout", "cart", "page_view", "product_view", "search", "like", "share"], "page_view").astype(object)
    rows, channel = one["row"].to_numpy()[of], one["channel"].to_numpy()[of]
    young = np.where(rows >= 0, who["young"].to_numpy()[rows], False)
    kind[(kind == "product_view") & young & (channel == 2) & (u[3] < TRIES)] = "ar_session"
    offset = np.cumsum(dwell) - dwell
    offset -= offset[np.searchsorted(of, of)]
    made = assortment(world.seed)
    mass = np.cumsum(made["popularity"])
    product = np.minimum(np.searchsorted(mass / mass[-1], u[1], side="right"), len(mass) - 1)
    day = one["second"].to_numpy()[of] / calendar.SECONDS
    shown = np.isin(kind, ("product_view", "cart", "ar_session", "like", "share")) & (made["launch"][product] <= day)
    asked = column(words("products")["products"], "l2")[product]
    payload = np.full(len(of), None, object)
    mask = kind == "search"
    payload[mask] = np.array([f'{{"query": "{text}"}}' for text in asked[mask]], object)
    mask = kind == "ar_session"
    payload[mask] = np.array([f'{{"tried": {1 + int(x * 4)}}}' for x in u[2][mask]], object)
    return pd.DataFrame({
        "row": rows, "second": one["second"].to_numpy()[of] + np.floor(offset).astype(np.int64), "session": of, "type": kind,
        "product": np.where(shown, product, -1), "value": -1, "dwell": dwell, "channel": DIGITAL[channel - 1], "payload": payload,
    })


def _others(world: World, block: int, who: pd.DataFrame, clicked: pd.DataFrame, left: pd.Series) -> pd.DataFrame:
    """Give the events outside sessions: device signals, joining the community or a campaign, unsubscribing."""
    rng, n = world.rng("events.others", block), len(who)
    since = np.rint(who["registered_day"].to_numpy() * calendar.SECONDS).astype(np.int64)
    jars = np.flatnonzero((rng.random(n) < JARS) & (who["kind"] == "household"))
    of = np.repeat(jars, MOST_SIGNALS)
    second = DAY_END - 7 * calendar.SECONDS * (1 + np.arange(len(of)) % MOST_SIGNALS) + rng.integers(0, 3600, len(of))
    grams = rng.integers(0, 150_000, len(of))
    joins = np.flatnonzero((who["sociability"] > COMMUNITY_FROM).to_numpy() & (rng.random(n) < 0.5))
    when = since[joins] + np.floor(rng.random(len(joins)) * (DAY_END - since[joins])).astype(np.int64)
    asked = np.flatnonzero(rng.random(n) < 0.02)
    survey = since[asked] + np.floor(rng.random(len(asked)) * (DAY_END - since[asked])).astype(np.int64)
    kinds = [(of, second, "iot_signal", grams, "other"), (joins, when, "community_join", -1, "wechat"), (asked, survey, "survey_join", -1, "wechat"),
             (clicked["row"], clicked["second"], "campaign_join", -1, "app"), (left.index, left.to_numpy(), "unsubscribe", -1, "app")]
    every = pd.concat([pd.DataFrame({"row": r, "second": s, "type": k, "value": v, "channel": c}) for r, s, k, v, c in kinds], ignore_index=True)
    every = every[every["second"] >= since[every["row"].to_numpy(np.int64)]]
    return every.assign(session=-1, product=-1, dwell=np.nan, payload=None)


def events(world: World, block: int, who: pd.DataFrame, inner: pd.DataFrame, clicked: pd.DataFrame, left: pd.Series) -> pd.DataFrame:
    """Give the events of a block.

    Parameters
    ----------
    inner : pandas.DataFrame
        Orders by time: ``row`` (−1: nobody known), ``second``, ``channel`` (number, 0 the store), ``returned``.
    clicked : pandas.DataFrame
        ``row`` and ``second`` of clicks in campaigns: they join it.
    left : pandas.Series
        Second of unsubscribing by row of `who`.
    """
    sessions = _sessions(world, block, who, inner)
    every = pd.concat([_of_sessions(world, block, who, sessions), _others(world, block, who, clicked, left)], ignore_index=True)
    every = every[every["second"] < DAY_END].sort_values(["second", "session"], kind="stable", ignore_index=True)
    rows, session = every["row"].to_numpy(np.int64), every["session"].to_numpy(np.int64)
    u, channel = world.rng("events.devices", block).random(len(sessions)), every["channel"].to_numpy()
    device = np.where(session >= 0, np.where((channel == "web") & (u[session] < 0.5), "desktop", "phone"), None).astype(object)
    device[every["type"] == "iot_signal"] = "jar"
    nobody, value = rows < 0, every["value"].to_numpy(np.int64)
    inside = [f"B{block:04d}{one:06d}" if one >= 0 else None for one in session]
    return frame("events", {
        "event_id": [f"E{block:04d}{one:06d}" for one in range(len(every))],
        "customer_id": np.where(nobody, None, who["customer_id"].to_numpy()[rows]),
        "anonymous_id": [f"A{block:04d}{one:06d}" if known else None for one, known in zip(session, nobody, strict=True)],
        "session_id": inside, "ts": moment(every["second"]), "tz": np.full(len(every), "Asia/Shanghai", object), "type": every["type"],
        "product_id": np.where(every["product"] >= 0, assortment(world.seed)["id"][np.maximum(every["product"], 0)], None),
        "value": np.ma.MaskedArray(np.maximum(value, 0), value < 0), "dwell_s": every["dwell"], "channel": channel, "device": device,
        "payload": every["payload"],
    })


def facts(world: World) -> list[dict]:
    """Give what is planted in the events."""
    return [
        {"name": "looked_up_before_store", "value": LOOKED_UP, "table": "events",
         "how": f"share of store orders among a customer's last {MOST_BEFORE} with a session in the three days before: browsing tells of buying"},
        {"name": "idle_sessions_by_sociability", "value": BY_SOCIABILITY, "table": "events",
         "how": "log ratio of sessions that lead to nothing, per sd of sociability (within 0.06: looking up store orders and a cap blur it)"},
    ]
