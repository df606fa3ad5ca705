"""Leads of the old CRM, and the people one deals with in companies and offices."""

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.clean import frame
from custlib.synth.consents import moment
from custlib.synth.world import World

NAMELESS = 0.04  # leads without a customer id, per id
LED = {"store": 0.15, "web": 0.25, "app": 0.25, "wechat": 0.30, "tmall": 0.15, "referral": 0.60, "call": 0.80}  # of the buyers by source
INTENT, SPREAD = {"won": 6.5, "others": 4.0}, 1.4  # mean score of intent, and its sd
ROLES = ("buyer", "decider", "user", "influencer", "gatekeeper")
OWNERS = ("team_north", "team_east", "team_south", "team_west")


def leads(world: World, block: int, who: pd.DataFrame, inner: pd.DataFrame) -> pd.DataFrame:
    """Give the leads of a block: everybody who registered and never bought, some of those who did, and some without a name.

    Parameters
    ----------
    inner : pandas.DataFrame
        Orders by time: ``order_id``, ``row``, ``second``, ``returned``.
    """
    rng, n = world.rng("leads", block), len(who)
    bought = inner[(inner["row"] >= 0) & ~inner["returned"]].drop_duplicates("row").set_index("row")["order_id"]
    won = np.isin(np.arange(n), bought.index) & (rng.random(n) < who["acq_channel"].map(LED).to_numpy())
    idle = (who["prospect"] & ~who["twin"]).to_numpy()
    rows = np.flatnonzero(won | idle)
    more = int(rng.poisson(NAMELESS * n))
    every = np.concatenate([rows, np.full(more, -1)])
    m, named = len(every), every >= 0
    since = np.rint(who["registered_day"].to_numpy() * calendar.SECONDS).astype(np.int64)[every]
    first = np.where(named, np.maximum(since - rng.exponential(20.0 * calendar.SECONDS, m).astype(np.int64), 0),
                     np.floor(rng.random(m) * calendar.DAYS * calendar.SECONDS).astype(np.int64))
    is_won = named & won[every]
    registered = moment(np.where(named, since, 0))
    registered[~named] = np.datetime64("NaT")
    u = rng.random((4, m))
    score = np.clip(np.round(np.where(is_won, INTENT["won"], INTENT["others"]) + rng.normal(0, SPREAD, m), 1), 0, 10)
    open_stage = np.array(("new", "contacted", "qualified", "proposal", "lost"), object)[np.minimum(np.searchsorted((0.25, 0.5, 0.6, 0.65), u[0]), 4)]
    source = np.where(named, who["acq_channel"].to_numpy()[every], np.array(("web", "wechat", "call", "store"), object)[(u[1] * 4).astype(int)])
    order = np.array([bought.get(row) if yes else None for row, yes in zip(every, is_won, strict=True)], object)
    by_time = np.argsort(first, kind="stable")
    columns = {
        "customer_id": np.where(named, who["customer_id"].to_numpy()[every], None), "source_channel": source.astype(object),
        "first_touch": moment(first), "registered_at": registered, "intent_score": np.where(u[2] < 0.9, score, np.nan),
        "stage": np.where(is_won, "won", open_stage).astype(object), "owner": np.array(OWNERS, object)[(u[3] * 4).astype(int)],
        "converted_order_id": order,
    }
    return frame("leads", {"lead_id": [f"D{block:04d}{one:05d}" for one in range(m)], **{k: v[by_time] for k, v in columns.items()}})


def contacts(world: World, block: int, who: pd.DataFrame) -> pd.DataFrame:
    """Give the contacts of the block's companies and offices: one to four each, each in a role of its own, the first of them the key one."""
    rng = world.rng("contacts", block)
    rows = np.flatnonzero(np.isin(who["kind"], ("company", "government")))
    count = rng.integers(1, 5, len(rows))
    of = np.repeat(rows, count)
    number = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    return frame("contacts", {
        "contact_id": [f"K{block:04d}{one:05d}" for one in range(len(of))], "customer_id": who["customer_id"].to_numpy()[of],
        "role": np.array(ROLES, object)[number], "is_key": number == 0,
    })


def facts(world: World) -> list[dict]:
    """Give what is planted in the leads."""
    how = "mean score of leads won, and of the others (before 0 and 10 cut it)"
    return [{"name": f"intent_score_{name}", "value": value, "table": "leads", "how": how} for name, value in INTENT.items()]
