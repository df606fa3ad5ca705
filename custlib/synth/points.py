"""The points ledger of the loyalty programme: earned by orders, spent at every tenth, taken back with a return."""

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.clean import frame
from custlib.synth.consents import moment
from custlib.synth.world import World

MEMBERS = 0.6  # of persons and households
WELCOME, PER_POINT = 100, 1_000  # points at joining; cents of an order per point
SPEND_EVERY, SPENT = 10, 0.8  # at every tenth order, this share of what the nine before brought
TIER_FROM = 3  # orders until the tier shows; bronze before


def points(world: World, block: int, who: pd.DataFrame, inner: pd.DataFrame) -> pd.DataFrame:
    """Give the ledger of a block.

    Parameters
    ----------
    inner : pandas.DataFrame
        Orders by time: ``row`` (−1: nobody known), ``second``, ``net`` (cents), ``returned``.
    """
    n = len(who)
    member = (world.rng("points.members", block).random(n) < MEMBERS) & np.isin(who["kind"], ("person", "household"))
    known = inner[(inner["row"] >= 0)]
    known = known[member[known["row"]]]
    earned = known["net"].to_numpy() // PER_POINT
    earned = np.where(known["returned"], -(-known["net"].to_numpy() // PER_POINT), earned)
    bought = known.assign(earned=earned)[~known["returned"].to_numpy()]
    rank = bought.groupby("row").cumcount().to_numpy() + 1
    total = bought.groupby("row")["earned"].cumsum().to_numpy()
    spends = rank % SPEND_EVERY == 0
    at = pd.DataFrame({"row": bought["row"].to_numpy()[spends], "total": (total - bought["earned"].to_numpy())[spends]})
    before = at.groupby("row")["total"].shift(fill_value=0).to_numpy()
    joined = np.flatnonzero(member)
    since = np.rint(who["registered_day"].to_numpy()[joined] * calendar.SECONDS).astype(np.int64)
    parts = [
        pd.DataFrame({"row": joined, "second": since, "delta": WELCOME, "reason": "welcome", "rank": 0}),
        pd.DataFrame({"row": bought["row"], "second": bought["second"], "delta": bought["earned"], "reason": "order", "rank": rank}),
        pd.DataFrame({"row": at["row"], "second": bought["second"].to_numpy()[spends] + 1,
                      "delta": -np.floor(SPENT * (at["total"] - before)).astype(np.int64), "reason": "spent", "rank": rank[spends]}),
        known.assign(delta=earned, reason="return", rank=TIER_FROM)[known["returned"].to_numpy()][["row", "second", "delta", "reason", "rank"]],
    ]
    every = pd.concat(parts, ignore_index=True)
    every = every[every["delta"] != 0].sort_values(["second", "row"], kind="stable", ignore_index=True)
    rows = every["row"].to_numpy(np.int64)
    return frame("points", {
        "ledger_id": [f"L{block:04d}{one:06d}" for one in range(len(every))], "customer_id": who["customer_id"].to_numpy()[rows],
        "ts": moment(every["second"]), "delta": every["delta"], "reason": every["reason"],
        "tier": np.where(every["rank"] >= TIER_FROM, who["tier"].to_numpy()[rows], "bronze").astype(object),
    })


def facts(world: World) -> list[dict]:
    """Give what is planted in the ledger."""
    if world.plain:
        return []
    return [{"name": "membership_effect", "value": 0.0, "table": "points",
             "how": "members buy as often as others of their kind: to belong to the programme is a coin, its tiers are not (they follow spending)"}]
