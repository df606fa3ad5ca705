"""Estimators by which tests find again what is planted in the simulated world: from its clean tables, with standard errors."""

import numpy as np
import pandas as pd
from scipy import optimize, special

from custlib.synth import calendar

Z = 1.96


def hessian(f, x: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Give the matrix of second derivatives by central differences."""
    n, e = len(x), np.eye(len(x)) * step
    return np.array([[(f(x + e[i] + e[j]) - f(x + e[i] - e[j]) - f(x - e[i] + e[j]) + f(x - e[i] - e[j])) / (4 * step**2)
                      for j in range(n)] for i in range(n)])


def fitted(loss, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimise a negative log likelihood and give parameters and standard errors."""
    found = optimize.minimize(loss, start, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8})
    return found.x, np.sqrt(np.diag(np.linalg.inv(hessian(loss, found.x))))


def frequencies(ids: np.ndarray, day: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give repeat days, day of the last one and days watched, both since the first, per customer; purchases of a day count once."""
    days = pd.DataFrame({"id": ids, "day": day}).drop_duplicates()
    by = days.groupby("id")["day"].agg(["count", "min", "max"])
    return (by["count"] - 1).to_numpy(float), (by["max"] - by["min"]).to_numpy(float), (end - by["min"]).to_numpy(float)


def bgnbd(x: np.ndarray, tx: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit BG/NBD by maximum likelihood: log r, log alpha, log a, log b with standard errors."""

    def loss(log: np.ndarray) -> float:
        r, alpha, a, b = np.exp(log)
        first = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        alive = special.betaln(a, b + x) - special.betaln(a, b) - (r + x) * np.log(alpha + t)
        gone = np.where(x > 0, special.betaln(a + 1, b + np.maximum(x, 1) - 1) - special.betaln(a, b) - (r + x) * np.log(alpha + tx), -np.inf)
        return -float(np.sum(first + np.logaddexp(alive, gone)))

    return fitted(loss, np.log([0.8, 40.0, 1.0, 4.0]))


def gamma_gamma(count: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit Gamma–Gamma by maximum likelihood on the mean of `count` values: log p, log q, log gamma with standard errors."""

    def loss(log: np.ndarray) -> float:
        p, q, v = np.exp(log)
        px = p * count
        return -float(np.sum(special.gammaln(px + q) - special.gammaln(px) - special.gammaln(q) + q * np.log(v)
                             + (px - 1) * np.log(mean) + px * np.log(count) - (px + q) * np.log(v + count * mean)))

    return fitted(loss, np.log([4.0, 4.0, 80.0]))


def lomax(gap: np.ndarray, seen: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the time to the first repeat, exponential given a gamma rate with log-linear covariates: log r, log alpha, then the effects."""

    def loss(theta: np.ndarray) -> float:
        r, alpha, ratio = np.exp(theta[0]), np.exp(theta[1]), design @ theta[2:]
        logs = np.log(alpha + gap * np.exp(ratio))
        return -float(np.sum(r * (theta[1] - logs) + seen * (theta[0] + ratio - logs)))

    return fitted(loss, np.concatenate([np.log([0.9, 50.0]), np.zeros(design.shape[1])]))


def glm(y: np.ndarray, design: np.ndarray, family: str, groups: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Fit a Poisson (log) or binary (logit) model by Newton steps; standard errors robust, to clusters where `groups` are given."""
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(max(y.mean(), 1e-9)) if family == "poisson" else special.logit(np.clip(y.mean(), 1e-6, 1 - 1e-6))
    for _ in range(50):
        eta = design @ beta
        mean = np.exp(eta) if family == "poisson" else special.expit(eta)
        weight = mean if family == "poisson" else mean * (1 - mean)
        bread = np.linalg.inv(design.T @ (design * weight[:, None]))
        move = bread @ (design.T @ (y - mean))
        beta = beta + move
        if np.abs(move).max() < 1e-10:
            break
    score = design * (y - mean)[:, None]
    if groups is not None:
        codes, names = pd.factorize(groups)
        score = np.column_stack([np.bincount(codes, one, len(names)) for one in score.T]) * np.sqrt(len(names) / (len(names) - 1))
    return beta, np.sqrt(np.diag(bread @ (score.T @ score) @ bread))


def share(yes: np.ndarray, groups: np.ndarray | None = None) -> tuple[float, float]:
    """Give a share with its standard error, of clusters where `groups` are given."""
    yes = np.asarray(yes, float)
    level = yes.mean()
    if groups is None:
        return level, np.sqrt(max(level * (1 - level), 1e-9) / len(yes))
    codes, names = pd.factorize(groups)
    off = np.bincount(codes, yes - level, len(names)) * np.sqrt(len(names) / (len(names) - 1))
    return level, np.sqrt((off**2).sum()) / len(yes)


def difference(treated: np.ndarray, control: np.ndarray) -> tuple[float, float]:
    """Give a difference of means with its standard error."""
    return treated.mean() - control.mean(), np.sqrt(treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control))


def calendar_effects(day: np.ndarray, left_out: np.ndarray) -> dict[str, tuple[float, float]]:
    """Give log effects of busy weeks, promotion days and Friday to Sunday on daily counts, trend and season smoothed away."""
    n = calendar.DAYS
    t = np.linspace(-1, 1, n)
    year = 2 * np.pi * np.arange(n) / 365.25
    weekend, busy, promotion = calendar.weekday() >= 4, calendar.busy(), calendar.promotions()
    smooth = np.polynomial.legendre.legvander(t, 6)
    design = np.column_stack([smooth[:, :1], busy, promotion, weekend, smooth[:, 1:], np.cos(year), np.sin(year)]).astype(float)
    keep = ~left_out
    beta, se = glm(np.bincount(day, minlength=n)[:n][keep].astype(float), design[keep], "poisson")
    return {name: (beta[k], se[k]) for k, name in enumerate(("level", "busy", "promotion", "weekend"))}


def gathered(world) -> dict[str, pd.DataFrame]:
    """Give the behaviour tables of a whole small world in memory, with the latent people, `block` marking where an order belongs."""
    from custlib.synth import generate, inventory, people, products

    parts: dict[str, list[pd.DataFrame]] = {}
    for block in world.blocks:
        who = people.people(world, block)
        for name, one in {"people": who, **generate.behaviour(world, block, who)}.items():
            parts.setdefault(name, []).append(one.assign(row=np.where(one["row"] >= 0, one["row"] + block * 1000, -1)) if name == "inner" else one)
    out = {name: pd.concat(one, ignore_index=True) for name, one in parts.items()}
    return {**out, "products": products.products(world), "inventory": inventory.inventory(world)}


def first_gaps(tables: dict[str, pd.DataFrame]) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Give per true person the days from first to second purchase (or to the end), whether it came, and the person's row of people."""
    who, inner = tables["people"], tables["inner"]
    own = inner[(inner["row"] >= 0) & ~inner["returned"] & (inner["cause"] == "")]
    times = pd.DataFrame({"person": who["person"].to_numpy()[own["row"]], "day": own["second"] / calendar.SECONDS}).sort_values(["person", "day"])
    rank = times.groupby("person").cumcount()
    first = times[rank == 0].set_index("person")["day"]
    second = times[rank == 1].set_index("person")["day"].reindex(first.index)
    gap = np.where(second.isna(), calendar.DAYS, second) - first
    return np.maximum(gap.to_numpy(), 1e-3), second.notna().to_numpy(float), who.iloc[first.index].reset_index(drop=True)


def lines_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the lines of orders that are no returns with the row of the customer, the day, and the product's category."""
    inner = tables["inner"][~tables["inner"]["returned"]].set_index("order_id")[["row", "second"]]
    coupons = tables["orders"].set_index("order_id")["coupon_amount"].astype(float)
    lines = tables["order_lines"].join(inner, on="order_id", how="inner").join(coupons, on="order_id")
    lines = lines.join(tables["products"].set_index("product_id")[["category_l1", "category_l2"]], on="product_id")
    return lines.assign(day=lines["second"] // calendar.SECONDS)


def recovered(tables: dict[str, pd.DataFrame]) -> dict[str, tuple[float, float]]:
    """Give estimate and standard error of planted facts, by their names in the truth file, from one world."""
    from custlib.synth import campaigns, people, service

    who, inner = tables["people"], tables["inner"]
    out: dict[str, tuple[float, float]] = {}
    # the rate of buying
    gap, seen, one = first_gaps(tables)
    names = {"young": one["young"], "tier_1": one["city_tier"] == 1, **{kind: one["kind"] == kind for kind in people.KINDS[1:]},
             **{name: one[name] for name in ("satisfaction", "o", "c", "e", "a", "n", "coin")}, "gender": one["gender"] == "f"}
    theta, se = lomax(gap, seen, np.column_stack([np.asarray(value, float) for value in names.values()]))
    out |= {f"log_rate_{name}": (theta[k + 2], se[k + 2]) for k, name in enumerate(names)}
    # the calendar, of consumers, without the days of the campaigns that move sales
    bought = inner[(inner["row"] >= 0) & ~inner["returned"]]
    consumer = np.isin(who["kind"].to_numpy()[bought["row"]], ("person", "household"))
    days = (bought["second"] // calendar.SECONDS).to_numpy()
    away = np.zeros(calendar.DAYS, bool)
    away[campaigns.OFFER[0] : campaigns.OFFER[1] + 1] = True
    away[campaigns.RCT_START : campaigns.RCT_START + campaigns.RCT_DAYS] = True
    effects = calendar_effects(days[consumer], away)
    out |= {"log holiday_effect": effects["busy"], "log promotion_effect": effects["promotion"], "log weekend_over_week": effects["weekend"]}
    # baskets
    lines = lines_of(tables)
    known = lines[lines["row"] >= 0]
    rows = known["row"].to_numpy()
    kind, young = who["kind"].to_numpy()[rows], who["young"].to_numpy()[rows]
    person, community = np.isin(kind, ("person", "household")), who["community"].to_numpy()[rows]
    eco, years = (known["category_l1"] == "环保系列").to_numpy(float), known["day"].to_numpy() / 365.25
    for name, mine in (("young", person & young), ("others", person & ~young)):
        beta, se = glm(eco[mine], np.column_stack([np.ones(mine.sum()), years[mine]]), "logit", community[mine])
        out[f"eco_trend_{name}"] = (beta[1], se[1])
        mine = mine & (known["day"].to_numpy() >= calendar.place("2023-03-01"))
        out[f"fashion_share_{name}"] = share((known["category_l1"] == "潮玩系列").to_numpy()[mine], community[mine])
    house, office = kind == "household", np.isin(kind, ("company", "government"))
    out["family_share_households"] = share((known["category_l1"] == "家庭装").to_numpy()[house], rows[house])
    out["bulk_share_organisations"] = share((known["category_l1"] == "团购礼盒").to_numpy()[office], rows[office])
    clear = (known["coupon_amount"] == 0).to_numpy()
    deal, taste = (known["discount_amount"].astype(float) > 0).to_numpy(float), who["price_sensitivity"].to_numpy()[rows]
    promotion = calendar.promotions()[known["day"].to_numpy()]
    beta, se = glm(deal[clear], np.column_stack([np.ones(clear.sum()), taste[clear], promotion[clear]]).astype(float), "logit", rows[clear])
    out["deal_log_odds_by_sensitivity"] = (beta[1], se[1])
    # what satisfaction does: returns and complaints, of orders early enough to have been returned or complained of
    known = bought[bought["second"] < (calendar.DAYS - 60) * calendar.SECONDS]
    back = tables["orders"]["returned_order_id"].dropna()
    cases = tables["service_cases"]
    content, groups = who["satisfaction"].to_numpy()[known["row"]], known["row"].to_numpy()
    for ids, level, slope in ((back, "returned_order_share", "returned_by_satisfaction"),
                              (cases.loc[cases["type"] == "complaint", "order_id"], "complaints_per_order", "complaints_by_satisfaction")):
        beta, se = glm(known["order_id"].isin(ids).to_numpy(float), np.column_stack([np.ones(len(known)), content]), "poisson", groups)
        out |= {f"log {level}": (beta[0], se[0]), slope: (beta[1], se[1])}
    moaned = cases[cases["type"] == "complaint"]
    late = (moaned["opened_at"] >= np.datetime64(calendar.EPOCH + np.timedelta64(service.LATER, "D"))).to_numpy()
    out["packaging_share_before"], out["packaging_share_after"] = (share((moaned["topic"] == "packaging")[mask]) for mask in (~late, late))
    # campaigns
    every = tables["assignments"].merge(who[["customer_id", "position", "price_sensitivity"]], on="customer_id")
    rct = every[every["campaign_id"] == "CAM1"]
    count = campaigns.counted(bought["row"].to_numpy(), bought["second"].to_numpy(), len(who), campaigns.RCT_START,
                              campaigns.RCT_START + campaigns.RCT_DAYS)[rct["position"]]
    treated, sensitive = (rct["arm"] == "treatment").to_numpy(), (rct["price_sensitivity"] > campaigns.RCT_ABOVE).to_numpy()
    out["rct_effect_sensitive"] = difference(count[treated & sensitive], count[~treated & sensitive])
    out["rct_effect_others"] = difference(count[treated & ~sensitive], count[~treated & ~sensitive])
    offer, weeks = who["region_code"].isin(campaigns.offer_cities()).to_numpy(), []
    private = np.isin(who["kind"], ("person", "household"))
    for year in (2022, 2023, 2024):
        first = calendar.place(f"{year}-09-29")
        weeks.append(campaigns.counted(bought["row"].to_numpy(), bought["second"].to_numpy(), len(who), first, first + 8)[private])
    city, m = offer[private], int(private.sum())
    design = [np.column_stack([np.ones(m), city, np.full(m, k == 1), np.full(m, k == 2), city & (k == 1)]) for k in range(3)]
    beta, se = glm(np.concatenate(weeks).astype(float), np.concatenate(design).astype(float), "poisson", np.tile(np.arange(m), 3))
    out["log offer_effect"] = (beta[4], se[4])
    told = tables["responses"].groupby(["campaign_id", "customer_id"])["type"].agg(set)
    out["opened_per_delivered"] = share(np.array(["opened" in one for one in told if "delivered" in one]))
    out["unsubscribed_per_delivered"] = share(np.array(["unsubscribed" in one for one in told if "delivered" in one]))
    # people and permissions
    first = who[~who["twin"]]
    year = (first["registered_day"] // 365.25).astype(int)
    for k, name in enumerate((2022, 2023, 2024)):
        out[f"organisations_among_new_{name}"] = share(np.isin(first["kind"], ("company", "government"))[year == k])
    out["prospects"] = share(first["prospect"])
    for purpose in ("analytics", "marketing", "psychographics", "research"):
        agreed = tables["consents"].loc[tables["consents"]["purpose"] == purpose, "customer_id"]
        out[f"agreed_{purpose}"] = share(who["customer_id"].isin(agreed))
    private = who[np.isin(who["kind"], ("person", "household"))]
    number = bought.groupby("row").size().reindex(private["position"]).fillna(0).to_numpy(float)
    member = private["customer_id"].isin(tables["points"]["customer_id"]).to_numpy(float)
    beta, se = glm(number, np.column_stack([np.ones(len(private)), member]), "poisson")
    out["membership_effect"] = (beta[1], se[1])
    leads = tables["leads"].dropna(subset=["intent_score"])
    won = leads["stage"] == "won"
    for name, mask in (("won", won), ("others", ~won)):
        scores = leads.loc[mask, "intent_score"].to_numpy()
        out[f"intent_score_{name}"] = (scores.mean(), scores.std(ddof=1) / np.sqrt(len(scores)))
    stock = tables["inventory"]
    stock = stock[pd.to_datetime(stock["date"]) >= pd.Timestamp("2022-02-07")]
    out["stockout_share_of_weeks"] = share(stock["stockout"], (stock["product_id"] + stock["store_id"]).to_numpy())
    # money of a kind over the years, while the mix moves the whole
    known = tables["inner"].loc[(tables["inner"]["row"] >= 0) & ~tables["inner"]["returned"]]
    kinds = who["kind"].to_numpy()[known["row"]]
    design = np.column_stack([*(kinds == one for one in people.KINDS), known["second"] / calendar.SECONDS / 365.25]).astype(float)
    net = known["net"].to_numpy() / known["net"].mean()
    design[:, 0] = 1  # persons are the level, the other kinds stand against it
    beta, se = glm(net, design, "poisson", known["row"].to_numpy())
    out["log order_value_by_year_within_kind"] = (beta[-1], se[-1])
    return out


def before_after(rows: np.ndarray, second: np.ndarray, who: pd.DataFrame, day: int, mask: np.ndarray) -> float:
    """Give the relative change of orders from the days before a day to the days after it, of the customers of `mask`."""
    from custlib.synth import campaigns

    before = campaigns.counted(rows, second, len(who), day - campaigns.AIM_WINDOW, day)[mask].sum()
    after = campaigns.counted(rows, second, len(who), day, day + campaigns.AIM_WINDOW)[mask].sum()
    return after / before - 1
