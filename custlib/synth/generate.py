"""The whole world as clean tables, block by block."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from custlib.synth import calendar, campaigns, consents, events, inventory, leads, points, products, purchases, service, spend
from custlib.synth.clean import frame, save
from custlib.synth.people import people
from custlib.synth.world import World

_assortment = lru_cache(maxsize=1)(products.products)  # every block's reviews read it


def world_tables(world: World) -> dict[str, pd.DataFrame]:
    """Give the tables that no customer is in, by name.

    Examples
    --------
    >>> list(world_tables(World(customers=100)))
    ['products', 'stores', 'calendar', 'campaigns', 'inventory', 'surveys', 'survey_items']
    """
    from custlib.synth import surveys

    return {
        "products": products.products(world), "stores": products.stores(world), "calendar": frame("calendar", calendar.table()),
        "campaigns": campaigns.campaigns(world), "inventory": inventory.inventory(world), "surveys": surveys.surveys(world),
        "survey_items": surveys.items(world),
    }


def behaviour(world: World, block: int, who: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give what the people of a block do: orders, lines, campaigns, points, consents, events, cases, leads, contacts; and ``inner``.

    ``inner`` has a row per order with what is latent of it (``row`` of `who`, ``second``, ``net`` in cents, ``cause``).
    """
    made, arms = campaigns.extra(world, block, who, purchases.purchases(world, block, who))
    orders, lines, inner = spend.orders(world, block, who, made)
    bought = inner[(inner["row"] >= 0) & ~inner["returned"]]
    answers = campaigns.responses(world, block, who, arms, bought)
    rows = pd.Series(np.arange(len(who)), who["customer_id"])
    told = answers.assign(row=rows.reindex(answers["customer_id"]).to_numpy(),
                          second=(answers["ts"].to_numpy() - calendar.EPOCH).astype("timedelta64[s]").astype(np.int64))
    left = told[told["type"] == "unsubscribed"].drop_duplicates("row").set_index("row")["second"]
    return {
        "orders": orders, "order_lines": lines, "assignments": campaigns.assignments(who, arms), "responses": answers,
        "consents": consents.consents(world, block, who, left), "points": points.points(world, block, who, inner),
        "events": events.events(world, block, who, inner, told.loc[told["type"] == "clicked", ["row", "second"]], left),
        "service_cases": service.service_cases(world, block, who, inner), "leads": leads.leads(world, block, who, inner),
        "contacts": leads.contacts(world, block, who), "inner": inner,
    }


def block_tables(world: World, block: int) -> dict[str, pd.DataFrame]:
    """Give the tables of a block of customers, by name, with canonical columns; ``people`` and ``inner`` hold what is latent."""
    from custlib.synth import identities, reviews, social, surveys

    who = people(world, block)
    did, held = behaviour(world, block, who), identities.records(world, who)
    return {
        "people": who, "customers": identities.customers(world, who, held), "identities": held.drop(columns="position"), **did,
        "survey_responses": surveys.responses(world, who), "observations": surveys.observations(world, who),
        "reviews": reviews.reviews(world, who, did["orders"], did["order_lines"], _assortment(world)),
        "social_posts": social.posts(world, who), "social_edges": social.edges(world, who),
    }


def clean_tables(world: World, blocks: Iterable[int] | None = None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give every clean table in pieces: those of the world first and whole, then those of each block of customers."""
    yield from world_tables(world).items()
    for block in world.blocks if blocks is None else blocks:
        for name, one in block_tables(world, block).items():
            if name not in ("people", "inner"):
                yield name, one


def write(world: World, folder: Path) -> dict[str, int]:
    """Write every clean table as one Parquet file, in bounded memory, and give the rows per table."""
    return save(clean_tables(world), folder)
