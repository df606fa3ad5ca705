"""What orders cost: Gamma–Gamma order values, list prices, discounts, coupons, returns; money exact in cents."""

import numpy as np
import pandas as pd

from custlib.synth import baskets, calendar
from custlib.synth.clean import frame
from custlib.synth.consents import moment
from custlib.synth.people import YEARLY, P
from custlib.synth.products import STORES, assortment, home_store, store_ids
from custlib.synth.purchases import DAY_END, channels
from custlib.synth.world import World

ANONYMOUS = 0.03  # of further orders, of nobody known, in stores
INFLATION, WHOLESALE = 0.02, 0.88  # of list prices per year; price of organisations against the list
DEALS = (-1.3, 0.9, 0.8)  # log odds of a deal on a line: at average price sensitivity, per sd of it, on promotion days
DEPTHS = np.array([5, 10, 15, 20, 30])  # percent
COUPON = (-3.2, 0.8)
RETURNED, BY_SATISFACTION, DELAY = 0.035, -0.40, 9.0  # share of orders with a returned line at average satisfaction, log ratio per sd, mean days
CHANNELS = np.array(("store", "web", "app", "wechat", "tmall"), object)


def _plan(world: World, block: int, who: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Give the orders before their lines: row (−1: nobody known), second, day, channel, store, value in cents."""
    rng, n = world.rng("spend.orders", block), len(made)
    rows = made["row"].to_numpy()
    channel = channels(world, block, who, rows)
    home = home_store(who["region_code"], world.rng("spend.home", block).random(len(who)))[rows]
    store = np.where(channel == 0, np.where(rng.random(n) < 0.08, rng.integers(0, STORES, n), home), -1)
    second = made["second"].to_numpy()
    mean = who["spend_mean"].to_numpy()[rows]
    years = second / calendar.SECONDS / 365.25
    value = rng.gamma(P, 1 / P, n) * mean * (1 if world.plain else YEARLY**years)
    out = pd.DataFrame({"row": rows, "known": True, "second": second, "channel": channel, "store": store, "value": value * 100,
                        "cause": made["cause"]})
    if not world.plain:
        more = int(rng.poisson(ANONYMOUS * n))
        like = rng.integers(0, max(n, 1), more)
        walk = pd.DataFrame({
            "row": rows[like], "known": False, "second": second[like] // calendar.SECONDS * calendar.SECONDS + calendar.hours(rng.random(more)),
            "channel": 0, "store": rng.integers(0, STORES, more), "value": rng.gamma(3.0, 2000.0, more), "cause": ""})
        out = pd.concat([out, walk], ignore_index=True).sort_values(["second", "row"], kind="stable", ignore_index=True)
    out["day"] = out["second"] // calendar.SECONDS
    out["value"] = np.maximum(np.rint(out["value"]), 1).astype(np.int64)
    return out


def _split(value: np.ndarray, part: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Cut whole cents into parts that sum exactly: the last line of an order takes what is left.

    Examples
    --------
    >>> _split(np.array([100]), np.array([0.333, 0.333, 0.334]), np.array([0, 0, 0])).tolist()
    [33, 33, 34]
    """
    out = np.floor(value[order] * part + 1e-9).astype(np.int64)
    last = np.append(order[1:] != order[:-1], True)
    given = np.bincount(order, out, len(value)).astype(np.int64)
    out[last] += (value - given)[order[last]]
    return out


def _priced(world: World, block: int, who: pd.DataFrame, plan: pd.DataFrame, one: pd.DataFrame) -> pd.DataFrame:
    """Give the lines with quantity, prices, discount and net amount, in cents."""
    rng, made = world.rng("spend.lines", block), assortment(world.seed)
    order, product = one["order"].to_numpy(), one["product"].to_numpy()
    value, rows = plan["value"].to_numpy(), plan["row"].to_numpy()[order]
    cost = made["cost"][product]
    if world.plain:  # goods by weight: the line costs exactly its part of the order value
        amount = _split(value, one["part"].to_numpy(), order)
        nothing = np.zeros(len(order), np.int64)
        return one.assign(quantity=1, list=amount, unit=amount, deal=nothing, coupon=nothing, cost=cost, net=amount)
    day = plan["day"].to_numpy()[order]
    organised = np.isin(who["kind"].to_numpy()[rows], ("company", "government")) & plan["known"].to_numpy()[order]
    year = day // 365.25
    listed = np.rint(made["price"][product] * (1 + INFLATION * year) / 10).astype(np.int64) * 10
    unit = np.where(organised, np.rint(listed * WHOLESALE).astype(np.int64), listed)
    sensitive = np.where(plan["known"].to_numpy()[order], who["price_sensitivity"].to_numpy()[rows], 0.0)
    promotion = calendar.promotions()[day]
    u = rng.random((3, len(order)))
    depth = np.where(u[0] < 1 / (1 + np.exp(-(DEALS[0] + DEALS[1] * sensitive + DEALS[2] * promotion))), DEPTHS[(u[1] * 5).astype(int)], 0)
    wanted = value[order] * one["part"].to_numpy() / (unit * (1 - depth / 100))
    quantity = np.maximum(np.floor(wanted + u[2]), 1).astype(np.int64)  # up or down by chance, so that the mean stays
    gross = quantity * unit
    deal = (gross * depth + 50) // 100
    after = gross - deal
    total = np.bincount(order, after, len(plan)).astype(np.int64)
    taste = np.bincount(order, sensitive, len(plan)) / np.bincount(order, minlength=len(plan))
    v = rng.random((2, len(plan)))
    gets = (v[0] < 1 / (1 + np.exp(-(COUPON[0] + COUPON[1] * taste)))) & (total >= 5_900)
    ticket = np.where(gets, np.array([500, 1000])[(v[1] < 0.4).astype(int)], 0)
    coupon = _split(ticket, after / total[order], order)
    return one.assign(quantity=quantity, list=listed, unit=unit, deal=deal, coupon=coupon, cost=cost, net=after - coupon)


def _returns(world: World, block: int, who: pd.DataFrame, plan: pd.DataFrame, priced: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the return orders and their lines: one line of an order brought back as a whole, some days later."""
    rng, n = world.rng("spend.returns", block), len(plan)
    content = np.where(plan["known"], who["satisfaction"].to_numpy()[plan["row"]], 0.0)
    u, wait = rng.random((2, n)), rng.exponential(DELAY, n)
    chance = 0 if world.plain else RETURNED * np.exp(BY_SATISFACTION * content)
    second = plan["second"].to_numpy() + 3600 + np.floor(wait * calendar.SECONDS).astype(np.int64)
    back = np.flatnonzero((u[0] < chance) & plan["known"].to_numpy() & (second < DAY_END))
    size = np.bincount(priced["order"], minlength=n)
    begins = np.cumsum(size) - size
    which = begins[back] + np.floor(u[1][back] * size[back]).astype(np.int64)
    orders = plan.iloc[back].assign(second=second[back], returned=back)
    lines = priced.iloc[which].assign(order=np.arange(len(back)))
    for name in ("quantity", "deal", "coupon", "net"):
        lines[name] = -lines[name]
    return orders, lines


def orders(world: World, block: int, who: pd.DataFrame, made: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Give the orders and order lines of a block as clean tables, and what other tables need of them.

    Parameters
    ----------
    made : pandas.DataFrame
        Purchases: ``row``, ``second``, ``cause``, by time.

    Returns
    -------
    tuple of pandas.DataFrame
        Orders and order lines (canonical columns, money as exact decimals); and per order, in the same order: ``order_id``, ``row`` (−1:
        nobody known), ``second``, ``net`` (cents), ``returned`` (bool), ``channel`` (number), ``cause``.
    """
    plan = _plan(world, block, who, made)
    drawn = baskets.lines(world, block, who, plan)
    priced = _priced(world, block, who, plan, drawn[~drawn["lost"]].reset_index(drop=True))
    back, back_lines = _returns(world, block, who, plan, priced)
    n = len(plan)
    every = pd.concat([plan.assign(returned=-1), back], ignore_index=True)
    lines = pd.concat([priced, back_lines.assign(order=back_lines["order"] + n)], ignore_index=True)
    by_time = np.lexsort((np.arange(len(every)), every["second"]))
    place = np.empty(len(every), np.int64)
    place[by_time] = np.arange(len(every))
    ids = np.array([f"O{block:04d}{one:06d}" for one in range(len(every))], object)
    lines = lines.assign(order=place[lines["order"]]).sort_values("order", kind="stable", ignore_index=True)
    source = every["returned"].to_numpy()[by_time]
    every = every.iloc[by_time].reset_index(drop=True)
    of = lines["order"].to_numpy()
    number = 1 + np.arange(len(of)) - np.searchsorted(of, of)
    sums = {name: np.bincount(of, values, len(every)).astype(np.int64) for name, values in (
        ("gross", lines["quantity"] * lines["unit"]), ("deal", lines["deal"]), ("coupon", lines["coupon"]), ("net", lines["net"]))}
    returned = source >= 0
    gross = np.where(returned, sums["net"], sums["gross"])  # a return states what is paid back
    table = _table(world, block, who, every, ids, {**sums, "gross": gross, "deal": np.where(returned, 0, sums["deal"]),
                   "coupon": np.where(returned, 0, sums["coupon"])}, np.where(returned, ids[place[np.maximum(source, 0)]], None))
    ten = 100  # from cents to ten-thousandths
    detail = frame("order_lines", {
        "order_id": ids[of], "line_no": number, "product_id": assortment(world.seed)["id"][lines["product"]],
        "quantity": lines["quantity"].to_numpy() * 10_000, "list_price": lines["list"].to_numpy() * ten,
        "unit_price": lines["unit"].to_numpy() * ten, "discount_amount": (lines["deal"] + lines["coupon"]).to_numpy(),
        "unit_cost": lines["cost"].to_numpy() * ten, "net_amount": lines["net"].to_numpy(),
    })
    inner = pd.DataFrame({"order_id": ids, "row": np.where(every["known"], every["row"], -1), "second": every["second"], "net": sums["net"],
                          "returned": returned, "channel": every["channel"], "cause": every["cause"]})
    return table, detail, inner


def _table(world: World, block: int, who: pd.DataFrame, every: pd.DataFrame, ids: np.ndarray, money: dict[str, np.ndarray],
           source: np.ndarray) -> pd.DataFrame:
    """Give the orders table."""
    rng, n = world.rng("spend.papers", block), len(every)
    rows, known, channel = every["row"].to_numpy(), every["known"].to_numpy(), every["channel"].to_numpy()
    kind = np.where(known, who["kind"].to_numpy()[rows], "")
    u, returned = rng.random((3, n)), source != None  # noqa: E711
    pay = np.array(("wechat_pay", "alipay", "unionpay", "cash", "transfer"), object)
    organised = np.isin(kind, ("company", "government"))
    payment = np.where(organised & (u[0] < 0.8), pay[4], np.where((channel == 0) & (u[0] < 0.15), pay[3], pay[(u[1] * 3).astype(int)]))
    invoice = np.select([kind == "company", kind == "government"], [np.where(u[2] < 0.6, "special_vat", "company"), "company"],
                        np.where(u[2] < 0.15, "personal", "none")).astype(object)
    freight = np.where((channel > 0) & ~returned & (money["net"] < 5_900) & (not world.plain), 600, 0)
    away = (channel > 0) & known
    country, region = who["country"].to_numpy()[rows], who["region_code"].to_numpy()[rows]
    return frame("orders", {
        "order_id": ids, "customer_id": np.where(known, who["customer_id"].to_numpy()[rows], None), "order_ts": moment(every["second"]),
        "channel": CHANNELS[channel], "store_id": np.where(every["store"] >= 0, store_ids()[np.maximum(every["store"], 0)], None),
        "currency": np.full(n, "CNY", object), "gross_amount": money["gross"], "discount_amount": money["deal"], "coupon_amount": money["coupon"],
        "shipping": freight, "tax": np.zeros(n, np.int64), "net_amount": money["net"], "payment": payment.astype(object),
        "ship_country": np.where(away, country, None), "ship_region": np.where(away, region, None), "invoice_type": invoice,
        "status": np.where(returned, "已退货", "已完成").astype(object), "returned_order_id": source,
    })


def facts(world: World) -> list[dict]:
    """Give what is planted in the money."""
    if world.plain:
        return []
    return [
        {"name": "returned_order_share", "value": RETURNED, "table": "orders",
         "how": "return orders over orders, of customers of average satisfaction"},
        {"name": "returned_by_satisfaction", "value": BY_SATISFACTION, "table": "orders", "how": "log ratio of that share per sd of satisfaction"},
        {"name": "deal_log_odds_by_sensitivity", "value": DEALS[1], "table": "order_lines",
         "how": "log odds that a line has a deal, per sd of price sensitivity"},
        {"name": "wholesale_price", "value": WHOLESALE, "table": "order_lines", "how": "unit price over list price in lines of organisations"},
        {"name": "money_share_a_b_c", "value": [0.70, 0.20, 0.10], "table": "orders",
         "how": "share of net money of the first 20 %, the next 30 % and the last 50 % of the customers who bought (within 0.05)"},
    ]
