"""Reviews of what was bought: stars from how content the customer is, a text that says why."""

import numpy as np
import pandas as pd

from custlib.synth.blocks import block_of
from custlib.synth.texts import review_texts
from custlib.synth.wording import joined
from custlib.synth.world import LAST_DAY, World

REVIEWED = 0.06  # of the lines bought
MEAN, SLOPE, NOISE = 4.0, 0.55, 0.75  # stars = MEAN + SLOPE × satisfaction + NOISE × a normal error, rounded and kept from 1 to 5
UNNAMED, UNRATED = 0.06, 0.03  # of reviews: without a customer id, without stars


def reviews(world: World, people: pd.DataFrame, orders: pd.DataFrame, lines: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Give the canonical table ``reviews`` of a block: of its order lines, those that somebody wrote about two to twelve days later."""
    block = block_of(people)
    place = pd.Series(np.arange(len(people)), index=people["customer_id"].to_numpy())
    head = orders.loc[orders["customer_id"].notna(), ["order_id", "customer_id", "order_ts"]]
    head = head.assign(who=place.reindex(head["customer_id"]).to_numpy()).dropna(subset=["who"])
    held = lines[["order_id", "line_no", "product_id", "quantity"]].merge(head, on="order_id", how="inner")
    held = held.loc[held["quantity"].astype(float) > 0].reset_index(drop=True)
    draws = world.rng("reviews", block).random((14, len(held)))
    last = pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=23, minutes=59, seconds=59)
    ts = (pd.to_datetime(held["order_ts"]) + pd.to_timedelta(np.floor((2 + 10 * draws[1]) * 86_400), unit="s")).astype("datetime64[us]")
    rows = np.flatnonzero((draws[0] < REVIEWED) & (ts <= last).to_numpy())
    held, ts, draws = held.iloc[rows].reset_index(drop=True), ts.iloc[rows].reset_index(drop=True), draws[:, rows]
    who = people.iloc[held["who"].to_numpy(dtype=int)]
    # a normal error from two uniforms, so that a line's draws are its own
    error = np.sqrt(-2 * np.log1p(-draws[2])) * np.cos(2 * np.pi * draws[3])
    stars = np.clip(np.round(MEAN + SLOPE * who["satisfaction"].to_numpy() + NOISE * error), 1, 5).astype(int)
    lang = np.where((who["country"].to_numpy() == "CN") & (draws[4] > 0.02), "zh", "en").astype(object)
    name = products.set_index("product_id")["name"].reindex(held["product_id"]).to_numpy(dtype=object)
    number = np.array([str(one) for one in held["line_no"].tolist()], dtype=object)
    return pd.DataFrame({
        "review_id": joined("RV", held["order_id"].to_numpy(dtype=object), "-", number) if len(held) else np.array([], dtype=object),
        "customer_id": np.where(draws[5] < UNNAMED, None, held["customer_id"].to_numpy(dtype=object)),
        "product_id": held["product_id"].to_numpy(dtype=object), "ts": ts,
        "rating": pd.array(np.where(draws[6] < UNRATED, np.nan, stars), dtype="float64"),
        "text": review_texts(stars, lang, name, draws[7:13]) if len(held) else np.array([], dtype=object), "lang": lang})


def facts(world: World) -> list[dict]:
    """Give what is planted in the reviews."""
    return [{"name": "review_share", "value": REVIEWED, "table": "reviews", "how": "reviews per order line bought, before the last twelve days"},
            {"name": "review_stars_per_satisfaction", "value": SLOPE, "table": "reviews",
             "how": "slope of the stars, before rounding and the limits 1 and 5, on the latent satisfaction: the observed slope is flatter"}]
