"""The social side: who follows whom, who brought whom, and what they post; neighbours are alike, and nobody catches buying from them."""

import numpy as np
import pandas as pd

from custlib.synth.blocks import block_of
from custlib.synth.texts import TOPICS, sentences
from custlib.synth.wording import joined, picked, words
from custlib.synth.world import LAST_DAY, World

SOCIABLE = 0.25  # accounts are kept by those whose sociability is above this
TIES = 6.0  # that such an account starts, on average
WITHIN, ACROSS = 0.72, 0.23  # of ties: to the own community, to another one of the block; the rest goes to a few famous accounts
HUBS = 24
FRIENDS = 0.12  # of ties between customers are said to be friendships
NAMED = 0.85  # of accounts: known which customer it is
BRAND = 0.35  # of posts speak of the brand
POSTS, MOST_POSTS = 2.2, 25
ECO, FASHION = 0.25, 0.16  # correlation of two members of one community, in eco_value and in fashion


def accounts(world: World, position: np.ndarray) -> np.ndarray:
    """Give the account of customers by their position in the world: no customer id can be read from it.

    Examples
    --------
    >>> accounts(World(seed=1), np.array([0, 1])).tolist()
    ['u0002t', 'utgx3c']
    """
    mixed = (position.astype(np.int64) * 49_498_147 + 100 + world.seed) % 36**5  # 36^5 is prime to the factor: one to one below 60 million
    return np.array([f"u{np.base_repr(one, 36).lower():0>5}" for one in mixed.tolist()], dtype=object)


def sociable(people: pd.DataFrame) -> np.ndarray:
    """Tell who keeps an account: sociable people and households, by their first customer id.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> 0 < sociable(people(world, 0)).sum() < 100
    np.True_
    """
    return (people["sociability"].to_numpy() > SOCIABLE) & people["kind"].isin(["person", "household"]).to_numpy() & ~people["twin"].to_numpy()


def ties(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give the ties that the accounts of a block start, as rows of `people`: src, dst (−1 and below: a famous account), type, since.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> sorted(set(ties(world, people(world, 0))["type"]))
    ['follow', 'friend', 'referral']
    """
    block = block_of(people)
    rng = world.rng("ties", block)
    members = np.flatnonzero(sociable(people))
    if len(members) < 2:
        return pd.DataFrame({"src": [], "dst": [], "type": [], "since": []})
    community = people["community"].to_numpy()[members]
    many = np.minimum(rng.poisson(TIES * np.exp(0.5 * rng.standard_normal(len(members)) - 0.125)), 40)
    source = np.repeat(np.arange(len(members)), many)
    draws = rng.random((4, len(source)))
    order = np.argsort(community, kind="stable")  # members sorted by community: a community is a stretch of it
    ordered = community[order]
    low, high = np.searchsorted(ordered, community[source]), np.searchsorted(ordered, community[source], side="right")
    inside = order[low + (draws[1] * (high - low)).astype(int)]
    rest = np.maximum(len(members) - (high - low), 1)
    step = (draws[1] * rest).astype(int)
    outside = order[np.minimum(np.where(step < low, step, step + high - low), len(members) - 1)]
    target = np.where(draws[0] < WITHIN, inside, outside)
    dst = np.where(draws[0] < WITHIN + ACROSS, members[target], -1 - (HUBS * draws[1] ** 2).astype(int))
    found = pd.DataFrame({"src": members[source], "dst": dst, "type": np.where((draws[2] < FRIENDS) & (dst >= 0), "friend", "follow")})
    found["since"] = _between(people, found["src"].to_numpy(), found["dst"].to_numpy(), draws[3])
    found = found.loc[found["src"] != found["dst"]].drop_duplicates(["src", "dst"])
    brought = _referrals(world, people, block, members)
    return pd.concat([found, brought], ignore_index=True)


def edges(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give the canonical table ``social_edges`` of a block.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> edges(world, people(world, 0)).columns.tolist()
    ['src_id', 'dst_id', 'type', 'since', 'weight', 'until']
    """
    found = ties(world, people)
    draws = world.rng("tie strength", block_of(people)).random((3, len(found)))
    name = accounts(world, people["position"].to_numpy())
    src, dst = found["src"].to_numpy(dtype=int), found["dst"].to_numpy(dtype=int)
    hub = np.array([f"star{-one:03d}" for one in np.minimum(dst, -1).tolist()], dtype=object)
    since = found["since"].astype("datetime64[us]")
    span = (_last() - since).dt.total_seconds().to_numpy()
    ended = (draws[0] < 0.06) & (found["type"] == "follow").to_numpy() & (span > 86_400)
    until = (since + pd.to_timedelta(np.floor(draws[1] * span), unit="s")).astype("datetime64[us]").where(pd.Series(ended, dtype=bool))
    return pd.DataFrame({"src_id": name[src], "dst_id": np.where(dst < 0, hub, name[np.maximum(dst, 0)]),
                         "type": found["type"].to_numpy(dtype=object), "since": since,
                         "weight": np.round(0.2 + 1.8 * draws[2] ** 2, 3), "until": until})


def posts(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give the canonical table ``social_posts`` of a block: more followers, more readers, more likes.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> posts(world, people(world, 0))["post_id"].is_unique
    True
    """
    block = block_of(people)
    rng = world.rng("posts", block)
    members = np.flatnonzero(sociable(people))
    count = np.minimum(1 + rng.poisson(POSTS * np.exp(0.4 * people["sociability"].to_numpy()[members] - 0.3)), MOST_POSTS)
    who = np.repeat(members, count)
    number = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count) + 1
    draws = rng.random((8, len(who)))
    found = ties(world, people)
    followers = np.bincount(found.loc[found["dst"] >= 0, "dst"].to_numpy(dtype=int), minlength=len(people))[who]
    seen = rng.poisson((60 + 25 * followers) * np.exp(0.7 * rng.standard_normal(len(who)) - 0.245))
    liked = rng.binomial(seen, 0.05 + 0.03 * draws[0])
    brand = draws[1] < BRAND
    content = people["satisfaction"].to_numpy()[who]
    praise = draws[2] < 1 / (1 + np.exp(-(0.6 + 1.2 * content)))
    lang = np.where(people["country"].to_numpy()[who] == "CN", "zh", "en").astype(object)
    name = accounts(world, people["position"].to_numpy())
    known = np.zeros(len(people), dtype=bool)
    known[members] = rng.random(len(members)) < NAMED
    return pd.DataFrame({
        "post_id": joined(name[who], "-", np.array([f"{one:02d}" for one in number.tolist()], dtype=object)) if len(who) else np.array([], object),
        "author_id": name[who], "customer_id": np.where(known[who], people["customer_id"].to_numpy(dtype=object)[who], None),
        "ts": _between(people, who, who, draws[3]),
        "platform": picked(words("texts")["posts"]["platforms"], draws[4]),
        "text": _post_texts(brand, praise, lang, draws[5:8]) if len(who) else np.array([], object),
        "likes": liked, "comments": rng.binomial(seen, 0.012), "shares": rng.binomial(seen, 0.004 + 0.006 * brand),
        "impressions": pd.array(seen, dtype="Int64"), "mentions_brand": brand}).assign(
            impressions=lambda frame: frame["impressions"].mask(frame["platform"] == "moments"))  # which shows its readers to nobody


def facts(world: World) -> list[dict]:
    """Give what is planted in the social tables."""
    share = WITHIN / (WITHIN + ACROSS)
    return [
        {"name": "homophily_eco", "value": round(ECO * share, 4), "table": "social_edges",
         "how": "correlation of the latent eco_value over follow and friend ties between customers"},
        {"name": "homophily_fashion", "value": round(FASHION * share, 4), "table": "social_edges",
         "how": "correlation of the latent fashion over follow and friend ties between customers"},
        {"name": "contagion", "value": 0.0, "table": "social_edges",
         "how": "no purchase depends on anybody else's: given the community, buying before and after a tie is unrelated"},
        {"name": "brand_share_of_posts", "value": BRAND, "table": "social_posts", "how": "share of posts that mention the brand"},
    ]


def _referrals(world: World, people: pd.DataFrame, block: int, members: np.ndarray) -> pd.DataFrame:
    """Give who brought those that came by a friend: an account holder of the same community who was there before."""
    start, community = people["registered_at"].to_numpy(), people["community"].to_numpy()
    new = np.flatnonzero((people["acq_channel"] == "referral").to_numpy() & ~people["twin"].to_numpy())
    fits = (community[members][None, :] == community[new][:, None]) & (start[members][None, :] < start[new][:, None])
    many = fits.sum(axis=1)
    chosen = (world.rng("referrals", block).random(len(new)) * many).astype(int)
    place = np.argmax((np.cumsum(fits, axis=1) == (chosen + 1)[:, None]) & fits, axis=1)
    kept = many > 0
    return pd.DataFrame({"src": members[place[kept]], "dst": new[kept], "type": "referral", "since": start[new[kept]]})


def _post_texts(brand: np.ndarray, praise: np.ndarray, lang: np.ndarray, draws: np.ndarray) -> np.ndarray:
    lists = words("texts")["posts"]
    say = sentences((draws[0] * len(TOPICS)).astype(int), praise, lang, draws[1])
    found = np.empty(len(brand), dtype=object)
    for code, snack in (("zh", "零食"), ("en", "snacks")):
        here = lang == code
        for key, rows_of in ((f"brand_praise_{code}", brand & praise), (f"brand_complaint_{code}", brand & ~praise), (f"other_{code}", ~brand)):
            rows = np.flatnonzero(rows_of & here)
            frames = picked(lists[key], draws[2, rows])
            found[rows] = [frame.replace("{t}", one.replace("{p}", snack)) for frame, one in zip(frames, say[rows], strict=True)]
    return found


def _between(people: pd.DataFrame, one: np.ndarray, other: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Give a moment for each pair, after both have registered and before the world ends."""
    start = people["registered_at"].to_numpy().astype("datetime64[s]")
    begin = np.maximum(start[one], start[np.maximum(other, 0)])
    span = (np.datetime64(_last(), "s") - begin).astype(np.int64)
    return (begin + np.floor(uniform * np.maximum(span, 0)).astype(np.int64).astype("timedelta64[s]")).astype("datetime64[us]")


def _last() -> pd.Timestamp:
    return pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=23, minutes=59, seconds=59)
