"""When people buy: BG/NBD lifetimes and purchases, run through a calendar that makes some days count for more."""

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.world import World

FIRST_AT_ONCE, WAIT = 0.85, 30.0  # share whose first purchase is the day they register; mean days of the others
SECOND_ID = 0.5  # of the purchases after a duplicate id exists go to it
AWAY = 0.35  # of the purchases are made outside the home channel, where there is another one
DAY_END = calendar.DAYS * calendar.SECONDS


def clock(world: World) -> np.ndarray:
    """Give the operational time passed at the start of each day, and at the end: a busy day takes longer than an average one."""
    return np.concatenate([[0.0], np.cumsum(calendar.weights(world))])


def _times(world: World, block: int, who: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give row and time in days of every purchase of the people of a block (by their first id), drawn in continuous time."""
    rng, passed = world.rng("purchases.times", block), clock(world)
    rows = np.flatnonzero((who["first"].to_numpy() == np.arange(len(who))) & ~who["prospect"].to_numpy())
    n = len(rows)
    later = (rng.random(n) >= FIRST_AT_ONCE) & (not world.plain)
    start = who["registered_day"].to_numpy()[rows] + np.where(later, 1 + rng.exponential(WAIT, n), 0)
    begun = np.interp(start, np.arange(len(passed)), passed)
    left = np.maximum(passed[-1] - begun, 0)
    count = rng.poisson(who["lambda_"].to_numpy()[rows] * left)
    of = np.repeat(np.arange(n), count)
    when = begun[of] + rng.random(len(of)) * left[of]
    when = when[np.lexsort((when, of))]
    rank = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    stays = rank < who["dies_after"].to_numpy()[rows][of]  # the coin of dropout is thrown after every repeat purchase
    of, when = of[stays], when[stays]
    day = np.interp(when, passed, np.arange(len(passed)))
    begins = start < calendar.DAYS
    found = np.concatenate([rows[begins], rows[of]]), np.concatenate([start[begins], day])
    return _apart(*found) if world.plain else found


def _apart(rows: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put purchases of one customer on one day onto the days that follow: a plain world loses none where days are merged.

    Examples
    --------
    >>> _apart(np.array([0, 0, 1, 0]), np.array([3.25, 3.5, 3.0, 4.0]))[1].tolist()
    [3.25, 4.5, 5.0, 3.0]
    """
    order = np.lexsort((day, rows))
    rows, day = rows[order], day[order]
    whole = np.floor(day).astype(np.int64)
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    far = 1 << 20  # days: keeps the running maximum within a customer
    free = np.maximum.accumulate(whole - rank + rows * far) - rows * far + rank
    keep = free < calendar.DAYS
    return rows[keep], (free + day - whole)[keep]


def _to_the_clock(world: World, block: int, who: pd.DataFrame, rows: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Turn days into seconds: the hour by the hourly profile, organisations in office hours of workdays."""
    if world.plain:
        return np.floor(day * calendar.SECONDS + 1e-3).astype(np.int64)  # a whole second stays what it was
    organised = np.isin(who["kind"].to_numpy()[rows], ("company", "government"))
    works = calendar.workdays()
    following = np.array([day + int(np.argmax(works[day:])) for day in range(calendar.DAYS)])
    whole = np.minimum(np.floor(day).astype(np.int64), calendar.DAYS - 1)
    whole = np.where(organised, following[whole], whole)
    second = whole * calendar.SECONDS + calendar.hours(world.rng("purchases.hours", block).random(len(rows)), organised)
    known = np.rint(who["registered_day"].to_numpy() * calendar.SECONDS).astype(np.int64)[rows]
    return np.minimum(np.maximum(second, known + 60), DAY_END - 1)


def purchases(world: World, block: int, who: pd.DataFrame) -> pd.DataFrame:
    """Give the purchases of a block's people.

    Parameters
    ----------
    who : pandas.DataFrame
        ``people(world, block)``.

    Returns
    -------
    pandas.DataFrame
        One row per purchase, by time: ``row`` (of the customer id in `who`), ``second`` (since the world's first day, 0:00), ``cause``
        "" for one she makes of her own.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> made = purchases(world, 0, people(world, 0))
    >>> bool(made.second.is_monotonic_increasing), bool((made.row < 100).all())
    (True, True)
    """
    rows, day = _times(world, block, who)
    second = _to_the_clock(world, block, who, rows, day)
    order = np.lexsort((rows, second))
    return pd.DataFrame({"row": owners(world, block, who, rows[order], second[order], "purchases.ids"), "second": second[order], "cause": ""})


def owners(world: World, block: int, who: pd.DataFrame, rows: np.ndarray, second: np.ndarray, stream: str) -> np.ndarray:
    """Give which id of a person each purchase is booked on: the second one, where she has it already, as often as the first."""
    first = who["first"].to_numpy()
    twin = np.full(len(who), -1)
    doubled = np.flatnonzero(first != np.arange(len(who)))
    twin[first[doubled]] = doubled
    since = who["registered_day"].to_numpy() * calendar.SECONDS
    moves = (world.rng(stream, block).random(len(rows)) < SECOND_ID) & (twin[rows] >= 0)
    return np.where(moves & (second >= since[twin[rows]]), twin[rows], rows)


def channels(world: World, block: int, who: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Give the number of the channel of each purchase: mostly her own, else one of the others where she is known."""
    rng, names = world.rng("purchases.channel", block), ("store", "web", "app", "wechat", "tmall")
    home = who["home_channel"].map({name: number for number, name in enumerate(names)}).to_numpy()[rows]
    known = (who["channels"].to_numpy()[rows][:, None] >> np.arange(5)) & 1
    score = rng.random((len(rows), 5)) * known
    other = np.argmax(np.where(np.arange(5) == home[:, None], -1.0, score), axis=1)
    return np.where((rng.random(len(rows)) < AWAY) & (known.sum(axis=1) > 1), other, home)
