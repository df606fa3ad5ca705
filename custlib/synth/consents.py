"""Consents: who agreed to what when she registered, and who took it back."""

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.clean import frame
from custlib.synth.world import World

AGREED = {"analytics": 0.97, "marketing": 0.72, "psychographics": 0.45, "research": 0.60}  # by chance, whatever somebody is like
WITHDRAWN, AFTER = 0.06, 240.0  # share of consents taken back, mean days after they were given
OPTED_OUT = 0.05  # of the ids want nothing personalised
GIVEN_IN = {"store": "store", "web": "e_mail", "app": "app", "wechat": "wechat", "tmall": "other"}
NEVER = 2**40


def moment(second: np.ndarray | pd.Series) -> np.ndarray:
    """Turn seconds since the world's first day into times.

    Examples
    --------
    >>> moment(np.array([60])).astype(str).tolist()
    ['2022-01-01T00:01:00.000000']
    """
    return (calendar.EPOCH + np.asarray(second, np.int64).astype("timedelta64[s]")).astype("datetime64[us]")


def given(world: World, block: int, who: pd.DataFrame, purpose: str) -> tuple[np.ndarray, np.ndarray]:
    """Give who of a block agreed to a purpose, and the second until which it holds (NEVER where it was not taken back)."""
    rng, n = world.rng(f"consents.{purpose}", block), len(who)
    u, wait = rng.random((2, n)), rng.exponential(AFTER, n)
    until = np.floor((who["registered_day"].to_numpy() + wait) * calendar.SECONDS).astype(np.int64) + 3600
    until = np.where((u[1] < WITHDRAWN) & (until < calendar.DAYS * calendar.SECONDS), until, NEVER)
    return u[0] < AGREED[purpose], until


def consents(world: World, block: int, who: pd.DataFrame, left: pd.Series) -> pd.DataFrame:
    """Give the consents of a block: a row per id and purpose agreed to.

    Parameters
    ----------
    left : pandas.Series
        Second at which an id (row of `who`, the index) unsubscribed: its consent to marketing ends then.
    """
    parts, since = [], np.rint(who["registered_day"].to_numpy() * calendar.SECONDS).astype(np.int64)
    for purpose in AGREED:
        agreed, until = given(world, block, who, purpose)
        if purpose == "marketing" and len(left):
            until = np.minimum(until, left.reindex(range(len(who))).fillna(NEVER).to_numpy(np.int64))
        rows = np.flatnonzero(agreed)
        parts.append(pd.DataFrame({"row": rows, "purpose": purpose, "until": until[rows]}))
    every = pd.concat(parts).sort_values(["row", "purpose"], kind="stable", ignore_index=True)
    rows, until = every["row"].to_numpy(), every["until"].to_numpy()
    out = world.rng("consents.personal", block).random(len(who)) < OPTED_OUT
    ids = who["customer_id"].to_numpy()[rows]
    ends = moment(np.where(until == NEVER, 0, until))
    ends[until == NEVER] = np.datetime64("NaT")
    return frame("consents", {
        "customer_id": ids, "purpose": every["purpose"], "from_ts": moment(since[rows]), "until_ts": ends,
        "basis": np.full(len(every), "consent", object), "channel": who["home_channel"].map(GIVEN_IN).to_numpy()[rows],
        "evidence_ref": np.array([f"{one}-{purpose[:3].upper()}" for one, purpose in zip(ids, every["purpose"], strict=True)], object),
        "opt_out_personalised": out[rows],
    })


def facts(world: World) -> list[dict]:
    """Give what is planted in the consents."""
    return [{"name": f"agreed_{purpose}", "value": share, "table": "consents", "how": "share of ids that ever agreed to the purpose"}
            for purpose, share in AGREED.items()]
