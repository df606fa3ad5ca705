"""The people of the world: who they are, what they are like, and the latent rates by which they buy."""

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.wording import column, weighted, words
from custlib.synth.world import World, customer_ids

DUPLICATES = 0.06  # of the customer ids belong to somebody who has another one in the same block
PROSPECTS = 0.08  # of the ids have registered and never buy
R, ALPHA, A, B = 0.9, 50.0, 0.8, 5.0  # BG/NBD: rates per day by Gamma(R, ALPHA), dropout by Beta(A, B)
P, Q, GAMMA = 5.0, 3.5, 55.0  # Gamma–Gamma: order values in yuan by Gamma(P, v), v by Gamma(Q, GAMMA)
KINDS = ("person", "household", "company", "government")
ORGANISED = {2022: (0.045, 0.015), 2023: (0.070, 0.020), 2024: (0.110, 0.025)}  # companies, government offices among the year's new ids
HOUSEHOLDS = 0.14
YOUNG = (18, 35)
CHANNELS = ("store", "web", "app", "wechat", "tmall")
HOME = np.array([[30, 10, 22, 22, 16], [42, 8, 14, 24, 12], [6, 62, 10, 10, 12], [20, 60, 0, 10, 10]], float)
# Log rate ratios of buying: what makes a customer buy more often (a plain world has none of them). The traits a and n have none.
RATE = {"young": 0.15, "household": 0.25, "company": -0.10, "government": -0.40, "tier_1": 0.15, "satisfaction": 0.15, "o": 0.12, "c": -0.10,
        "e": 0.10}
SPEND = {"household": 1.15, "company": 7.0, "government": 5.0}  # of the order value
YEARLY = 0.97  # the order value within every kind, from one year to the next, while the mix of kinds moves the whole upwards
COMMUNITIES = 8  # of a block
TRAITS = np.array([[1, 0.15, 0.30], [0.15, 1, 0.20], [0.30, 0.20, 1]])  # of o, c, e; a and n go with each other (−0.3) and with nothing else
TIERS = (1.50, 6.50)  # expected yuan per day while active: bronze below the first, gold above the second
OCCUPATIONS = ("office", "technical", "student", "teacher", "health", "service", "self_employed", "retired", "manual", "other")
WORK = {"young": (24, 14, 20, 5, 5, 12, 8, 0, 8, 4), "middle": (26, 12, 0, 9, 8, 13, 14, 2, 12, 4), "old": (4, 2, 0, 3, 2, 4, 7, 66, 6, 6)}
SCHOOLING = ("junior", "senior", "college", "bachelor", "master")
INCOMES = ("low", "lower_mid", "mid", "upper_mid", "high")
SOURCES = ("store", "web", "app", "wechat", "tmall", "referral", "call")


def registered(world: World, draws: np.ndarray) -> np.ndarray:
    """Give the day of registration, with its part of a day, for uniform draws: more in the first two years, and by the calendar's weights.

    Examples
    --------
    >>> registered(World(plain=True), np.array([0.0, 0.5, 1.0])).round(1).tolist()
    [0.0, 384.5, 1064.0]
    """
    last = calendar.DAYS - 32  # nobody registers in the last month: each can be watched for a while
    falling = np.linspace(1.6, 0.4, last)
    mass = np.concatenate([[0], np.cumsum(falling * calendar.weights(world)[:last])])
    return np.interp(draws, mass / mass[-1], np.arange(last + 1))


def _who(world: World, block: int, n: int, day: np.ndarray) -> dict[str, np.ndarray]:
    """Draw kind, gender, age, place, household, work and schooling."""
    rng = world.rng("people.who", block)
    shares = np.array([ORGANISED[year] for year in (2022, 2023, 2024)])[np.minimum(day // 365.25, 2).astype(int)]
    u = rng.random(n)
    kind = np.select([u < shares[:, 0], u < shares.sum(axis=1), u < shares.sum(axis=1) + HOUSEHOLDS], [2, 3, 1], 0)
    organised = kind >= 2
    gender = np.where(organised, "unknown", np.where(rng.random(n) < 0.04, "unknown", np.where(rng.random(n) < 0.5, "f", "m"))).astype(object)
    age = np.where(rng.random(n) < 0.5, rng.triangular(18, 26, 46, n), rng.triangular(26, 40, 82, n)).astype(int)
    young = (age >= YOUNG[0]) & (age <= YOUNG[1])
    cities, countries = words("regions")["cities"], words("regions")["countries"]
    size = np.array([0, 8.0, 3.0, 1.6, 1.0])[column(cities, "tier").astype(int)]
    city = weighted(size, rng.random(n))
    abroad = (rng.random(n) < 0.03) & ~organised
    country = np.where(abroad, column(countries, "code")[(rng.random(n) * len(countries)).astype(int)], "CN").astype(object)
    band = np.select([age <= 35, age < 60], ["young", "middle"], "old")
    u, occupation, schooling = rng.random(n), np.empty(n, object), rng.normal(2.2 + 0.4 * young, 1.0)
    for name, mix in WORK.items():
        occupation[band == name] = np.array(OCCUPATIONS, object)[weighted(np.array(mix), u[band == name])]
    schooling = np.clip(np.rint(schooling), 0, 4).astype(int)
    income = np.clip(np.rint(rng.normal(1.1 + 0.35 * schooling - 0.5 * (band == "old"), 0.9)), 0, 4).astype(int)
    size_of = np.where(kind == 1, rng.integers(3, 7, n), np.where(organised, 0, 1 + rng.binomial(3, 0.25, n)))
    return {
        "kind": np.array(KINDS, object)[kind], "gender": gender, "age": age, "young": young & ~organised, "country": country,
        "region_code": np.where(abroad, None, column(cities, "code")[city]).astype(object),
        "city_tier": np.where(abroad, 0, column(cities, "tier").astype(int)[city]), "household_size": size_of,
        "occupation": np.where(organised, None, occupation).astype(object),
        "education": np.where(organised, None, np.array(SCHOOLING, object)[schooling]).astype(object),
        "income": income, "income_band": np.where(organised, None, np.array(INCOMES, object)[income]).astype(object),
    }


def _like(world: World, block: int, n: int, who: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Draw what a customer is like: traits, values, attitudes, and the social community she belongs to."""
    rng = world.rng("people.like", block)
    traits = rng.standard_normal((n, 3)) @ np.linalg.cholesky(TRAITS).T
    a, other = rng.standard_normal((2, n))
    community = rng.integers(0, COMMUNITIES, n)
    values = rng.standard_normal((2, COMMUNITIES))  # neighbours think alike, which is why contagion seems to be there
    satisfaction = rng.standard_normal(n)
    return {
        "satisfaction": satisfaction,
        "loyalty_attitude": 0.6 * satisfaction + 0.8 * rng.standard_normal(n),
        "price_sensitivity": -0.3 * (who["income"] - 1.9) / 0.95 + np.sqrt(1 - 0.09) * rng.standard_normal(n),
        "o": traits[:, 0], "c": traits[:, 1], "e": traits[:, 2], "a": a, "n": -0.3 * a + np.sqrt(0.91) * other,
        "eco_value": 0.5 * values[0, community] + np.sqrt(0.75) * rng.standard_normal(n),
        "fashion": 0.4 * values[1, community] + np.sqrt(0.84) * rng.standard_normal(n),
        "community": block * COMMUNITIES + community,
        "sociability": 0.6 * traits[:, 2] + 0.8 * rng.standard_normal(n),
        "coin": rng.random(n) < 0.5,
    }


def _buys(world: World, block: int, n: int, who: dict[str, np.ndarray], like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Draw the latent rates of buying and spending."""
    rng = world.rng("people.buys", block)
    rate = rng.gamma(R, 1 / ALPHA, n)
    p = rng.beta(A, B, n)
    dies_after = np.ceil(np.log1p(-rng.random(n)) / np.log1p(-np.clip(p, 1e-12, 1 - 1e-12)))  # repeat purchases after which she is gone
    spend = P / rng.gamma(Q, 1 / GAMMA, n)
    ratio, times = np.zeros(n), np.ones(n)
    if not world.plain:
        ratio += RATE["young"] * who["young"] + RATE["tier_1"] * (who["city_tier"] == 1)
        ratio += sum(RATE[kind] * (who["kind"] == kind) for kind in KINDS[1:])
        ratio += sum(RATE[one] * like[one] for one in ("satisfaction", "o", "c", "e"))
        for kind, factor in SPEND.items():
            times[who["kind"] == kind] = factor
    return {
        "base_rate": rate, "lambda_": rate * np.exp(ratio), "p_": p, "dies_after": np.clip(dies_after, 1, 1e9).astype(np.int64),
        "spend_mean": spend * times, "prospect": (rng.random(n) < PROSPECTS) & (not world.plain),
    }


def _twins(world: World, block: int, n: int, kinds: np.ndarray) -> np.ndarray:
    """Give for each id the row of the same person's first id: herself, or for a duplicate the one she already has."""
    first = np.arange(n)
    if not world.plain:
        order = world.rng("people.twins", block).permutation(n)
        share = n * DUPLICATES
        pairs = int(share) + int(world.rng("people.twins.rest", block).random() < share % 1)
        single = order[pairs:]
        single = single[np.isin(kinds[single], KINDS[:2])][:pairs]
        first[order[: len(single)]] = single
    return first


def _channels(world: World, block: int, kind: np.ndarray, young: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Draw the home channel, and the bit set of channels that hold a record of her."""
    n, rng = len(kind), world.rng("people.channels", block)
    u, home = rng.random(n), np.zeros(n, int)
    for number, name in enumerate(KINDS):
        home[kind == name] = weighted(HOME[number], u[kind == name])
    home = np.where((first != np.arange(n)) & (home == home[first]), (home + 1 + rng.integers(0, 4, n)) % 5, home)  # a duplicate comes from elsewhere
    more = rng.random((n, 5)) < np.where(young, 0.30, 0.18)[:, None]
    more[np.arange(n), home] = True
    source = np.where(rng.random(n) < 0.12, 5, np.where(np.isin(kind, KINDS[2:]) & (rng.random(n) < 0.3), 6, home))
    return {
        "home_channel": np.array(CHANNELS, object)[home], "channels": (more * (1 << np.arange(5))).sum(axis=1),
        "acq_channel": np.array(SOURCES, object)[source],
    }


def people(world: World, block: int) -> pd.DataFrame:
    """Give the people of a block with everything latent about them.

    Returns
    -------
    pandas.DataFrame
        One row per customer id, index 0 to n − 1. ``customer_id``; ``position`` (in the world, from 0); ``person`` (true identity; two
        ids share one where ``twin``), ``first`` (row of the person's first id, which holds the purchase process), ``twin``; ``kind``
        person, household, company, government; ``gender`` f, m, unknown (a fair coin: no effect on anything); ``age`` (at the last day;
        blank for organisations), ``young`` (18 to 35); ``country``, ``region_code`` (blank abroad), ``city_tier`` (0 abroad);
        ``household_size`` (0 for organisations), ``occupation``, ``education``, ``income_band`` (blank for organisations), ``income`` 0–4;
        ``home_channel``, ``channels`` (bit set by CHANNELS), ``acq_channel``, ``acq_campaign_id``; ``registered_at`` (seconds exact),
        ``registered_day`` (days from the first day, with its part of a day); N(0, 1) latents ``satisfaction``, ``loyalty_attitude``,
        ``price_sensitivity``, ``o c e a n``, ``eco_value``, ``fashion``, ``sociability``; ``community``; ``coin``;
        ``base_rate`` (purchases per day before covariates), ``lambda_`` (after), ``p_``, ``dies_after`` (repeat purchases),
        ``spend_mean`` (yuan per order), ``prospect`` (registered, never buys); ``tier`` gold, silver, bronze at the last day.

    Examples
    --------
    >>> frame = people(World(customers=2_500), 2)
    >>> len(frame), frame.customer_id[0], int(frame.twin.sum())
    (500, 'C0002001', 30)
    """
    members = world.members(block)
    n = len(members)
    day = registered(world, world.rng("people.registered", block).random(n))
    who = _who(world, block, n, day)
    first = _twins(world, block, n, who["kind"])
    like = _like(world, block, n, who)
    parts = {**who, **like, **_buys(world, block, n, who, like)}
    parts = {name: values[first] for name, values in parts.items()}
    twin = first != np.arange(n)
    later = world.rng("people.later", block).random(n)  # the second id comes some time after the first
    last = calendar.DAYS - 2
    day = np.where(twin, day[first] + 1 + later * (last - 1 - day[first]), day)
    organised = np.isin(parts["kind"], KINDS[2:])
    second = np.floor(day).astype(np.int64) * calendar.SECONDS + calendar.hours(world.rng("people.hour", block).random(n), organised)
    ways = _channels(world, block, parts["kind"], parts["young"], first)
    per_day = parts["lambda_"] * parts["spend_mean"]
    source = np.full(n, None, object)
    source[(world.rng("people.campaign", block).random(n) < 0.3) & (ways["acq_channel"] == "wechat") & (day > 300)] = "CAM0"
    frame = {
        "customer_id": customer_ids(members), "position": members, "person": members[first], "first": first, "twin": twin, **parts,
        **ways, "acq_campaign_id": source,
        "registered_at": (calendar.EPOCH + second.astype("timedelta64[s]")).astype("datetime64[us]"),
        "registered_day": second / calendar.SECONDS,
        "tier": np.select([per_day >= TIERS[1], per_day >= TIERS[0]], ["gold", "silver"], "bronze").astype(object),
    }
    out = pd.DataFrame(frame)
    return out.assign(age=out["age"].astype("Int64").mask(organised))


def facts(world: World) -> list[dict]:
    """Give what is planted in the people: shares, latent distributions, the effects on the rate of buying, and the nulls."""
    model = "maximum likelihood on days of purchase per customer, merged by day, to 2025-01-01"
    money = "maximum likelihood on mean order value and number of orders"
    out = [
        {"name": f"bgnbd_{name}", "value": value, "table": "orders", "how": model}
        for name, value in (("r", R), ("alpha", ALPHA), ("a", A), ("b", B))
    ] + [{"name": f"gamma_gamma_{name}", "value": value, "table": "orders", "how": money} for name, value in (("p", P), ("q", Q), ("gamma", GAMMA))]
    if world.plain:
        return out
    for year, (company, government) in ORGANISED.items():
        out.append({"name": f"organisations_among_new_{year}", "value": round(company + government, 4), "table": "customers",
                    "how": "share of company and government kinds among the ids registered in the year, duplicates left out"})
    out += [{"name": f"log_rate_{name}", "value": value, "table": "orders", "how": "log rate ratio of buying, all else equal, while alive"}
            for name, value in RATE.items()]
    out += [{"name": f"log_rate_{name}", "value": 0.0, "table": "orders", "how": "planted null: must not be found different"}
            for name in ("a", "n", "gender", "coin")]
    return [
        *out,
        {"name": "duplicate_ids", "value": DUPLICATES, "table": "customers", "how": "ids whose true identity has an earlier id, among all ids"},
        {"name": "prospects", "value": PROSPECTS, "table": "customers", "how": "ids of people who registered and never buy"},
        {"name": "order_value_by_year_within_kind", "value": YEARLY, "table": "orders",
         "how": "ratio of mean net order value from year to year within a kind; the whole rises with the mix of kinds (Simpson)"},
    ]
