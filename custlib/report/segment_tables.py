"""The segment table alone: customers, labels and thresholds from a data set, without notebooks, figures or resampling."""

import os
from datetime import date
from pathlib import Path

from custlib import tables
from custlib.engine import DuckEngine
from custlib.i18n import Problem
from custlib.report.declared import has_orders, own
from custlib.report.parameters import check, pairs
from custlib.tables.store import Say, quiet, write_json


def write_segment_tables(dataset: str | Path, out: Path, *, as_of: str | None, set_: list[str] = (), memory: str = "1GB",
                         say: Say = quiet) -> Path:
    """Write ``customers.parquet``, ``labels.parquet`` and ``edges.json`` into `out`; the same rows as a report's tables.

    Raises
    ------
    Problem
        Bad use or a bad file; nothing is written then.
    """
    given = check({**pairs(set_), **({"as_of": as_of} if as_of else {})})
    data = tables.load(dataset)
    if data.segments:
        own(data)  # a broken map is refused before anything is read
    built = tables.build(data, say=say, memory=memory)
    # late imports: the build needs no pandas, and the two peaks of memory then do not meet
    from custlib import value
    from custlib.report.settle import settle

    if not has_orders(built):
        raise Problem("customers_need_orders", name=data.name)
    chosen = settle(data, built, given)
    customers, found = segment(data, built, chosen, memory=memory)
    labels = value.labels(customers, found, as_of=date.fromisoformat(chosen["as_of"]))
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in (("customers", customers), ("labels", labels)):
        part = out / f".{name}.{os.getpid()}.parquet"
        frame.to_parquet(part, index=False)
        os.replace(part, out / f"{name}.parquet")
    write_json(out / "edges.json", thresholds(data, chosen, found))
    return out


def segment(data: tables.Dataset, built: tables.Built, chosen: dict, *, memory: str = "1GB"):
    """Give the customer table and every threshold, as notebook 04 finds them."""
    from custlib import value

    with DuckEngine(built.folder, date.fromisoformat(chosen["as_of"]), returns=data.returns, zero=data.zero,
                    window_days=chosen["window_days"] or None, memory=memory) as engine:
        customers = engine.customers()
        edges = {column: engine.edges(column, chosen["bins"], reverse=column == "recency_days")
                 for column in ("recency_days", "orders", "net_amount")}
    found = value.cuts(customers, edges, cut=chosen["cut"], business=value.business(chosen["business_cuts"]),
                       shares=tuple(chosen["abc"]), tier_rule=chosen["tier_rule"], plan=value.load_map(chosen["segment_map"]),
                       schemes=own(data).schemes)
    return customers, found


def thresholds(data: tables.Dataset, chosen: dict, found) -> dict:
    """Give what ``edges.json`` holds: the policies a run was made under and every threshold it used."""
    return {"as_of": chosen["as_of"], "dataset": data.name, "window_days": chosen["window_days"] or None, "returns": data.returns,
            "zero": data.zero, "currency": data.currency, **found.as_dict()}
